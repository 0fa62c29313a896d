"""Which change sets touch an entry, found without a walk over a long history."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from rolethread_store.changelog.fold import entries_of
from rolethread_store.model import ChangeSet, EntryChange

__all__ = ["Touching"]


class Touching:
    """An index of all sets by the entries they name, kept as sets are made.

    Sets that bring or change the rows of a whole batch name no entry; they may touch any.
    """

    def __init__(self) -> None:
        # By the number in an id, whose hash is ten times as quick. One set is the rule, and
        # a list for each would double what the index takes: some 100 bytes an entry.
        self._by_entry: dict[int, int | list[int]] = {}
        self._any_entry: list[int] = []

    def take(self, record: ChangeSet) -> None:
        """Take a new set."""
        for change in record.changes:
            # By kind: a class check of pydantic's costs more than the rest of this.
            if change.kind == "message-edited":
                self._note(change.entry_id, record.seq)
            elif change.kind == "tags-patched" or change.kind == "batch-attached":
                self._any_entry.append(record.seq)
            elif isinstance(change, EntryChange):
                for entry_id in entries_of(change):
                    self._note(entry_id, record.seq)

    def _note(self, entry_id: UUID, seq: int) -> None:
        key = entry_id.int
        known = self._by_entry.get(key)
        if known is None:
            self._by_entry[key] = seq
        elif isinstance(known, int):
            self._by_entry[key] = [known, seq]
        else:
            known.append(seq)

    def after(self, seq: int, entries: Iterable[UUID]) -> list[int]:
        """Return the numbers of later sets that may touch one of some entries, in order."""
        found = set(self._any_entry)
        for entry_id in entries:
            known = self._by_entry.get(entry_id.int, ())
            found.update((known,) if isinstance(known, int) else known)
        return sorted(one for one in found if one > seq)
