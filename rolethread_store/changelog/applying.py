"""What one change does to one entry: a pure function."""

from __future__ import annotations

from datetime import datetime

from rolethread_store.changelog.leftovers import without_content
from rolethread_store.model import (
    EntriesDeleted,
    Entry,
    EntryAdded,
    EntryChange,
    EntryMoved,
    EntryRewritten,
    Message,
    MessageEdited,
    TagsChanged,
)

__all__ = ["applied", "changed_tags", "with_content"]


def applied(entry: Entry | None, change: EntryChange, at: datetime) -> Entry | None:
    """Return the entry after the change; ``None`` stands for an entry that is not there.

    A change to an entry that is not there has no effect: the log may hold a change that a
    later undo left without its subject.
    """
    if isinstance(change, EntryAdded):
        return change.entry
    if entry is None or isinstance(change, EntriesDeleted):
        return None
    return entry.model_copy(update={**_fields(entry, change), "updated_at": at})


def _fields(entry: Entry, change: EntryChange) -> dict[str, object]:
    match change:
        case MessageEdited():
            return {"messages": with_content(entry.messages, change)}
        case EntryRewritten():
            shape = change.format or entry.origin.format
            origin = entry.origin.model_copy(update={"format": shape})
            return {
                "messages": change.messages,
                "tags": change.tags,
                "extra": change.extra,
                "origin": origin,
            }
        case EntryMoved():
            return {"position": change.position}
        case TagsChanged():
            return {"tags": changed_tags(entry.tags, change.add, change.remove)}
        case _:
            return {}


def with_content(messages: tuple[Message, ...], change: MessageEdited) -> tuple[Message, ...]:
    """Return messages with the new text of one; an index behind the last has no effect."""
    if change.message >= len(messages):
        return messages
    message = messages[change.message]
    extra = without_content(message.extra) if message.content is None else message.extra
    edited = message.model_copy(update={"content": change.content, "extra": extra})
    return (*messages[: change.message], edited, *messages[change.message + 1 :])


def changed_tags(
    tags: tuple[str, ...] | None, add: tuple[str, ...], remove: tuple[str, ...]
) -> tuple[str, ...]:
    """Return tags without the removed ones, then the added ones that were not there."""
    kept = tuple(tag for tag in tags or () if tag not in remove)
    return kept + tuple(tag for tag in dict.fromkeys(add) if tag not in kept)
