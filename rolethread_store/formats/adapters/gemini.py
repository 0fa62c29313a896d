"""Vertex AI's Gemini tuning: ``{systemInstruction, contents: [{role, parts}]}``.

Parts of text are joined, as the model sees them; a thought is the turn's reasoning; a
``functionCall`` is a tool call and a ``functionResponse`` a tool's turn. A turn with any
other part keeps all its parts under ``content`` of its ``extra``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, given, has_objects, objects, rest
from rolethread_store.formats.adapters.turning import role_of

__all__ = ["ADAPTER"]

_SYSTEM_KEYS = ("systemInstruction", "system_instruction")
_CALL_KEYS = ("functionCall", "function_call")
_RESPONSE_KEYS = ("functionResponse", "function_response")


def _recognise(record: JsonObject) -> str | None:
    return '"contents" of "parts"' if has_objects(record, "contents", "parts") else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns: list[Turn] = []
    for key in _SYSTEM_KEYS:
        value = record.get(key)
        if isinstance(value, str):
            turns.append(Turn("system", value))
        elif value is not None:
            turns += _turns(value, "system", f'"{key}"')
    for index, one in enumerate(objects(record, "contents")):
        turns += _turns(one, "user", f"content {index}")
    return Reading((draft_of(record, turns, ("contents", *_SYSTEM_KEYS)),))


def _turns(content: Json, default: str, place: str) -> Iterator[Turn]:
    """Yield the tools' turns among the parts, then the turn of all others."""
    if not isinstance(content, dict):
        raise RecordOdd(f"{place} is not an object")
    parts = objects(content, "parts")
    label = content.get("role") or default
    if not isinstance(label, str):
        raise RecordOdd(f"{place} does not say who speaks")
    role = "system" if default == "system" else role_of(label)
    beside = rest(content, ("role", "parts"))
    answers = [(part, found) for part in parts if (found := _one_of(part, _RESPONSE_KEYS))]
    for _part, answer in answers:
        yield _tool_turn(answer)
    answered = [part for part, _answer in answers]
    others = [part for part in parts if not any(part is one for one in answered)]
    if others:
        yield _turn(role, others, beside)


def _one_of(part: JsonObject, keys: tuple[str, ...]) -> JsonObject | None:
    found = (part[key] for key in keys if isinstance(part.get(key), dict))
    return next(found, None)


def _tool_turn(answer: JsonObject) -> Turn:
    name, call_id = answer.get("name"), answer.get("id")
    return Turn(
        "tool",
        json.dumps(answer.get("response"), ensure_ascii=False),
        name=name if isinstance(name, str) else None,
        extra=given(tool_call_id=call_id) or None,
    )


def _turn(role: str, parts: list[JsonObject], beside: JsonObject) -> Turn:
    calls = [_call(found) for part in parts if (found := _one_of(part, _CALL_KEYS))]
    words = [part for part in parts if isinstance(part.get("text"), str)]
    if len(calls) + len(words) < len(parts):
        return Turn(role, None, extra={**beside, "content": parts})
    thoughts = "".join(part["text"] for part in words if part.get("thought") is True)
    spoken = [part["text"] for part in words if part.get("thought") is not True]
    extra = {**beside, **given(reasoning_content=thoughts, tool_calls=calls or None)}
    return Turn(role, "".join(spoken) if spoken else None, extra=extra or None)


def _call(call: JsonObject) -> JsonObject:
    arguments = json.dumps(call.get("args") or {}, ensure_ascii=False)
    function = {"name": call.get("name"), "arguments": arguments}
    return {**given(id=call.get("id")), "type": "function", "function": function}


ADAPTER = Adapter("gemini", "Vertex AI Gemini contents", _recognise, _read)
