"""Messages of foreign lists as turns, and turns as plain messages again."""

from __future__ import annotations

from collections.abc import Sequence

from rolethread_store.formats.adapters.draft import Json, JsonObject, RecordOdd, Turn
from rolethread_store.formats.adapters.fields import given, rest
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import Dialect
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["messages_of", "number_of", "role_of", "said", "turn_of", "turns_of"]

_ROLE_KEYS = {"role": CHATML, "from": SHAREGPT}
_TEXT_KEYS = ("content", "value", "text")
_WEIGHT_KEYS = ("weight", "loss_weight")
_PART_TEXT = ("text", "value")


def role_of(label: str, dialect: Dialect = CHATML) -> str:
    """Return the canonical role of a label, which is a role itself if it is no other's word."""
    return dialect.aliases.get(label.lower(), label)


def number_of(value: Json) -> float | None:
    """Return a JSON number that a training weight can be, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None


def turn_of(message: Json, place: str) -> Turn:
    """Read one message: ``role``/``content``, ``from``/``value`` or ``role``/``text``.

    Content that is one part of text, with or without a part of reasoning, is that text;
    other structured content stays as it is.

    Args:
        message: The message as JSON.
        place: Where it stands, for the reason.

    Raises:
        RecordOdd: it is no object, or does not say who speaks.
    """
    if not isinstance(message, dict):
        raise RecordOdd(f"{place} is not an object")
    role_key = next((key for key in _ROLE_KEYS if isinstance(message.get(key), str)), None)
    if role_key is None or not message[role_key].strip():
        raise RecordOdd(f"{place} does not say who speaks")
    text_key = next((key for key in _TEXT_KEYS if key in message), "content")
    weight_key = next((key for key in _WEIGHT_KEYS if number_of(message.get(key)) is not None), "")
    content, found = _content(message.get(text_key))
    name = message.get("name") if isinstance(message.get("name"), str) else None
    read = {role_key, text_key, weight_key, *(("name",) if name is not None else ())}
    return Turn(
        role=role_of(message[role_key], _ROLE_KEYS[role_key]),
        content=content,
        name=name,
        weight=number_of(message.get(weight_key)),
        extra={**rest(message, read), **found} or None,
    )


def _content(value: Json) -> tuple[str | None, JsonObject]:
    """Return the text, and what goes into ``extra`` of the turn."""
    if value is None or isinstance(value, str):
        return value, {}
    parts = value if isinstance(value, list) else [None]
    texts = [found for part in parts if (found := _part(part, "text")) is not None]
    thoughts = [found for part in parts if (found := _part(part, "reasoning")) is not None]
    if len(texts) == 1 and len(thoughts) <= 1 and len(texts) + len(thoughts) == len(parts):
        return texts[0], given(reasoning_content=thoughts[0] if thoughts else None)
    return None, {"content": value}


def _part(part: Json, kind: str) -> str | None:
    """Return the text of a part of this kind that holds nothing else."""
    if not isinstance(part, dict) or len(part) != 2 or part.get("type") != kind:
        return None
    value = next((part[key] for key in _PART_TEXT if key in part), None)
    return value if isinstance(value, str) else None


def turns_of(value: Json, place: str) -> tuple[Turn, ...]:
    """Read a list of messages, or a single message.

    Raises:
        RecordOdd: it is neither, it is empty, or one of its messages cannot be read.
    """
    if isinstance(value, dict):
        return (turn_of(value, f'"{place}"'),)
    if not isinstance(value, list):
        raise RecordOdd(f'"{place}" is neither text nor a list of messages')
    if not value:
        raise RecordOdd(f'"{place}" is empty')
    return tuple(turn_of(one, f'"{place}" message {index}') for index, one in enumerate(value))


def said(value: Json, role: str, place: str) -> tuple[Turn, ...]:
    """Read what may be text, which is one turn of ``role``, or messages.

    Raises:
        RecordOdd: it is neither.
    """
    if isinstance(value, str):
        return (Turn(role, value),)
    return turns_of(value, place)


def messages_of(turns: Sequence[Turn]) -> list[JsonObject]:
    """Return turns as a list of ``{role, content}`` with whatever else they have."""
    return [
        {
            "role": turn.role,
            "content": turn.content,
            **given(name=turn.name, weight=turn.weight),
            **(turn.extra or {}),
        }
        for turn in turns
    ]
