"""Which dataset an entry is in, and how many messages it has, in microseconds.

An edit must know that its entry and message exist before it commits. Asking the engine
costs tens of milliseconds at a million entries (a row group must be decoded), while the
commit itself takes a fraction of one. So the ids and message counts of segments are kept
in memory, see :mod:`rolethread_store.dataset.indexing`.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from rolethread_store.changelog import MAIN, DatasetFold, PendingChange
from rolethread_store.dataset.indexing import ABSENT, SegmentIndexes
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.reader import Reader
from rolethread_store.model import BatchKind

__all__ = ["Located", "Locator"]


class Located(NamedTuple):
    """Where an entry is.

    Attributes:
        fold: Its dataset.
        message_count: How many messages it has now.
    """

    fold: DatasetFold
    message_count: int


class Locator:
    """Finds entries by id."""

    def __init__(self, journal: Journal, reader: Reader) -> None:
        self._journal = journal
        self._indexes = SegmentIndexes(journal, reader)
        self._last: DatasetFold | None = None

    def find(self, entry_id: UUID, within: DatasetFold | None = None) -> Located | None:
        """Return where an entry is, ``None`` when no dataset, or not that one, has it."""
        last = self._last
        if last is not None and (within is last or (within is None and self._is_main(last))):
            # Edits follow each other in one dataset, and listing all costs as much as a search.
            count = self.count_in(last, entry_id)
            if count != ABSENT:
                return Located(last, count)
        for fold in self._journal.existing() if within is None else (within,):
            count = self.count_in(fold, entry_id)
            if count != ABSENT:
                self._last = fold
                return Located(fold, count)
        return None

    def _is_main(self, fold: DatasetFold) -> bool:
        """Tell whether a state is still one that :meth:`Journal.existing` would list."""
        states = self._journal.states
        if states.working_copy is not None or fold.version is not None or not fold.exists:
            return False
        return fold.working_copy == MAIN and states.find(fold.dataset_id) is fold

    def count_in(self, fold: DatasetFold, entry_id: UUID) -> int:
        """Return an entry's message count in one dataset, -1 when it is not there."""
        pending = fold.pending.get(entry_id)
        if pending is not None:
            count = _pending_count(pending)
            if count is not None:
                return count
        number = entry_id.int
        for layer in reversed(fold.layers):
            if layer.kind in (BatchKind.TAGS, BatchKind.TEXTS):
                continue
            count = self._indexes.count_in(layer, number)
            if count != ABSENT:
                return count if layer.kind is BatchKind.ENTRIES else ABSENT
        return ABSENT


def _pending_count(pending: list[PendingChange]) -> int | None:
    """Return what pending changes say of an entry's messages, ``None`` for nothing."""
    for item in reversed(pending):
        change = item.change
        if change.kind == "entries-deleted":
            return ABSENT
        if change.kind == "entry-added":
            return len(change.entry.messages)
        if change.kind == "entry-rewritten":
            return len(change.messages)
    return None
