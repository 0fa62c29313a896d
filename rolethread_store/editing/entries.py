"""Changes to single entries; pure: they check what they are given and return changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.errors import InvalidInput
from rolethread_store.model import EntriesDeleted, MessageEdited, unchecked

__all__ = [
    "ContentInvalid",
    "MessageOutOfRange",
    "deletion",
    "message_edit",
]


class MessageOutOfRange(InvalidInput):
    """The entry has no message with that number."""

    code: ClassVar[str] = "editing.message-out-of-range"


class ContentInvalid(InvalidInput):
    """A text that cannot be stored."""

    code: ClassVar[str] = "editing.content-invalid"


def message_edit(
    dataset_id: UUID, entry_id: UUID, message: int, content: str, *, message_count: int
) -> MessageEdited:
    """Return the change that gives a message another text.

    Raises:
        MessageOutOfRange: the entry has no such message.
        ContentInvalid: the text holds half of a surrogate pair.
    """
    if not 0 <= message < message_count:
        span = f"0 to {message_count - 1}" if message_count else "none"
        raise MessageOutOfRange(
            f"entry {entry_id} has no message {message}", hint=f"its messages: {span}"
        )
    text = _text(content)
    if type(message) is not int or type(text) is not str:
        return MessageEdited(
            dataset_id=dataset_id, entry_id=entry_id, message=message, content=text
        )
    return unchecked(
        MessageEdited,
        {
            "dataset_id": dataset_id,
            "kind": "message-edited",
            "entry_id": entry_id,
            "message": message,
            "content": text,
        },
    )


def deletion(dataset_id: UUID, entry_ids: Sequence[UUID]) -> EntriesDeleted:
    """Return the change that takes entries out of their dataset."""
    return EntriesDeleted(dataset_id=dataset_id, entry_ids=tuple(dict.fromkeys(entry_ids)))


def _text(content: str) -> str:
    try:
        content.encode()
    except UnicodeEncodeError:
        raise ContentInvalid("the text holds half of a surrogate pair") from None
    return content
