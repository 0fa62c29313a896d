"""Pending changes of one entry, reduced to what they set, without the row below.

Most pending changes edit a text, move an entry or change its tags. What they come to can
be written down without reading the entry: laid over the row when a query reads it, it must
give exactly what :func:`rolethread_store.changelog.applying.applied` gives, change by
change. An entry that was added is known whole, and a deleted one needs no row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rolethread_store.changelog.applying import applied, changed_tags, with_content
from rolethread_store.changelog.fold import PendingChange
from rolethread_store.model import (
    EntriesDeleted,
    Entry,
    EntryAdded,
    EntryMoved,
    EntryRewritten,
    Message,
    MessageEdited,
    TagsChanged,
)

__all__ = ["EntryPatch", "TagPatch", "depends_on_tags", "reduced"]

TagPatch = tuple[int, tuple[str, ...]]
"""Tags that a batch gave an entry, behind the sequence number of the set that brought it."""


@dataclass(slots=True)
class EntryPatch:
    """What pending changes set over the row below.

    Attributes:
        updated_at: When the last of them happened; ``None`` before the first.
        position: New place, ``None`` without a move.
        rewritten: Whether messages, extra fields and format were given anew.
        messages: The new messages of a rewritten entry, later edits included.
        extra: Extra fields of a rewritten entry.
        format: Shape of a rewritten entry; ``None`` leaves the row's.
        texts: New texts by message, for an entry that was not rewritten.
        retagged: Whether the tags are known whatever the row has.
        tags: The tags then.
        removed: Tags to take out of the row's, when they are not known.
        added: Tags to append after that, those still there excepted.
        tags_changed: Whether the row's tags are changed by ``removed`` and ``added``.
    """

    updated_at: datetime | None = None
    position: int | None = None
    rewritten: bool = False
    messages: tuple[Message, ...] = ()
    extra: str | None = None
    format: str | None = None
    texts: dict[int, str] = field(default_factory=dict)
    retagged: bool = False
    tags: tuple[str, ...] | None = None
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    tags_changed: bool = False

    def take(self, item: PendingChange) -> None:
        """Let one more change have its effect."""
        self.updated_at = item.at
        match item.change:
            case MessageEdited() if self.rewritten:
                self.messages = with_content(self.messages, item.change)
            case MessageEdited():
                self.texts[item.change.message] = item.change.content
            case EntryMoved():
                self.position = item.change.position
            case EntryRewritten():
                self._rewrite(item.change)
            case TagsChanged() if self.retagged:
                self.tags = changed_tags(self.tags, item.change.add, item.change.remove)
            case TagsChanged():
                self._change_tags(item.change)
            case _:
                pass

    def set_tags(self, tags: tuple[str, ...] | None) -> None:
        """Forget the row's tags for these."""
        self.retagged, self.tags = True, tags
        self.tags_changed, self.removed, self.added = False, (), ()

    def _rewrite(self, change: EntryRewritten) -> None:
        self.rewritten, self.messages, self.extra = True, change.messages, change.extra
        self.format = change.format or self.format
        self.texts = {}
        self.set_tags(change.tags)

    def _change_tags(self, change: TagsChanged) -> None:
        # Taking R out and appending A, then R' and A', is taking R and R' out and appending
        # A without R', then A'. What is appended is never there twice, so order stays.
        kept = tuple(tag for tag in self.added if tag not in change.remove)
        self.added = tuple(dict.fromkeys((*kept, *change.add)))
        self.removed = tuple(dict.fromkeys((*self.removed, *change.remove)))
        self.tags_changed = True


def reduced(pending: Sequence[PendingChange], tags: TagPatch | None) -> Entry | EntryPatch | None:
    """Return what an entry's pending changes come to, with a tag batch at its place in time.

    Returns:
        A patch over the row below, the whole entry when it was added, ``None`` when it is
        deleted.
    """
    state: Entry | EntryPatch | None = EntryPatch()
    for item in pending:
        if tags is not None and item.seq > tags[0]:
            state, tags = _tagged(state, tags), None
        if isinstance(state, EntryPatch) and not isinstance(
            item.change, EntryAdded | EntriesDeleted
        ):
            state.take(item)
        else:
            below = None if isinstance(state, EntryPatch) else state
            state = applied(below, item.change, item.at)
    return state if tags is None else _tagged(state, tags)


def depends_on_tags(pending: Sequence[PendingChange]) -> bool:
    """Return whether a tag batch among the changes bears on what they come to."""
    return any(
        isinstance(item.change, TagsChanged | EntryRewritten | EntryAdded) for item in pending
    )


def _tagged(state: Entry | EntryPatch | None, tags: TagPatch) -> Entry | EntryPatch | None:
    if isinstance(state, EntryPatch):
        state.set_tags(tags[1])
        return state
    return None if state is None else state.model_copy(update={"tags": tags[1]})
