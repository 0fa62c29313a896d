"""What differs between two states of one entry: field by field, message by message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from rolethread_store.model import Entry, Message
from rolethread_store.query.wording import Piece, compared_texts

__all__ = ["FieldChange", "MessageChange", "MessageFate", "compared_entries", "compared_messages"]

_MESSAGE_FIELDS = ("role", "content", "name", "character", "weight", "alternatives")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field with its two values, as plain JSON values.

    Attributes:
        field: Its name; ``extra.NAME`` for a field the store has no column for.
        before: The old value, ``None`` when it was not there.
        after: The new value, ``None`` when it is not there any more.
    """

    field: str
    before: object
    after: object

    def pieces(self) -> tuple[Piece, ...]:
        """Return the word-level difference of two texts; nothing for other values."""
        if isinstance(self.before, str) and isinstance(self.after, str):
            return compared_texts(self.before, self.after)
        return ()


class MessageFate(StrEnum):
    """What became of a message."""

    EDITED = "edited"
    INSERTED = "inserted"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class MessageChange:
    """One message that is not as it was.

    Attributes:
        fate: What became of it.
        before: Its number in the old state, from 0; ``None`` when inserted.
        after: Its number in the new state; ``None`` when removed.
        message: The whole message when it was inserted or removed.
        fields: What changed in an edited one.
    """

    fate: MessageFate
    before: int | None
    after: int | None
    message: Message | None = None
    fields: tuple[FieldChange, ...] = ()


def compared_entries(before: Entry, after: Entry) -> tuple[FieldChange, ...]:
    """Return what changed besides messages and position: tags, format, other fields."""
    changes = []
    if before.tags != after.tags:
        changes.append(FieldChange("tags", _plain(before.tags), _plain(after.tags)))
    if before.origin.format != after.origin.format:
        changes.append(FieldChange("format", before.origin.format, after.origin.format))
    return (*changes, *_compared_extra(before.extra, after.extra))


def compared_messages(
    before: Sequence[Message], after: Sequence[Message]
) -> tuple[MessageChange, ...]:
    """Return the messages that were edited, inserted or removed, in order.

    Messages are matched by role and content first; of what is left between two matches,
    those of one role are the same message, edited.
    """
    if before == after:
        return ()
    keys = [[(one.role, one.content) for one in side] for side in (before, after)]
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    changes: list[MessageChange] = []
    pairs: Iterable[tuple[int, int]]
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and i2 - i1 == j2 - j1):
            pairs = zip(range(i1, i2), range(j1, j2), strict=True)
        else:
            pairs = _paired_by_role(before, after, (i1, i2, j1, j2), changes)
        for i, j in pairs:
            if fields := _compared_message(before[i], after[j]):
                changes.append(MessageChange(MessageFate.EDITED, i, j, fields=fields))
    return tuple(changes)


def _paired_by_role(
    before: Sequence[Message],
    after: Sequence[Message],
    span: tuple[int, int, int, int],
    changes: list[MessageChange],
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of one role within a span; note the other messages as changes."""
    i1, i2, j1, j2 = span
    roles = [one.role for one in before[i1:i2]], [one.role for one in after[j1:j2]]
    matcher = SequenceMatcher(None, *roles, autojunk=False)
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(range(i1 + a1, i1 + a2), range(j1 + b1, j1 + b2), strict=True)
            continue
        changes.extend(
            MessageChange(MessageFate.REMOVED, i, None, message=before[i])
            for i in range(i1 + a1, i1 + a2)
        )
        changes.extend(
            MessageChange(MessageFate.INSERTED, None, j, message=after[j])
            for j in range(j1 + b1, j1 + b2)
        )


def _compared_message(before: Message, after: Message) -> tuple[FieldChange, ...]:
    if before == after:
        return ()
    changes = [
        FieldChange(name, _plain(old), _plain(new))
        for name in _MESSAGE_FIELDS
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    return (*changes, *_compared_extra(before.extra, after.extra))


def _compared_extra(before: str | None, after: str | None) -> tuple[FieldChange, ...]:
    """Return the members that differ of two JSON objects in text."""
    if before == after:
        return ()
    old, new = _members(before), _members(after)
    names = dict.fromkeys((*old, *new))
    changes = tuple(
        FieldChange(f"extra.{name}", old.get(name), new.get(name))
        for name in names
        if (name in old) != (name in new) or _text(old[name]) != _text(new[name])
    )
    # Two spellings of one object, such as another order of its members.
    return changes or (FieldChange("extra", before, after),)


def _members(extra: str | None) -> dict[str, object]:
    value = {} if extra is None else json.loads(extra)
    return value if isinstance(value, dict) else {"": value}


def _text(value: object) -> str:
    """Return a value as text that tells ``1`` from ``1.0`` and from ``true``."""
    return json.dumps(value, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.model_dump() if hasattr(value, "model_dump") else value
