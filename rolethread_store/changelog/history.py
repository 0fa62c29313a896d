"""Which change sets are in effect: the undo stacks, derived from the log alone.

Undo and redo are records like any other; nothing is rewritten. A dataset's state is the
fold of its *effective* sets in the order they were first made. Undo takes a set off the
end of the list of every dataset it touches, redo puts it back, and a new change forgets
what could have been redone there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

from rolethread_store.errors import Conflict, Corrupt, NotFound
from rolethread_store.model import ChangeSet, DatasetCreated

__all__ = ["History", "HistoryInconsistent", "NothingToRedo", "NothingToUndo", "UndoBlocked"]

REGISTRY = UUID(int=0)
"""Stands for the registry among the dataset ids of the stacks."""

SETTINGS = UUID(int=1)
"""Settings have a stack of their own: setting one must not block an undo."""


class NothingToUndo(NotFound):
    """There is no change left to undo."""

    code: ClassVar[str] = "changelog.nothing-to-undo"


class NothingToRedo(NotFound):
    """There is no undone change left to redo."""

    code: ClassVar[str] = "changelog.nothing-to-redo"


class UndoBlocked(Conflict):
    """A change touched several datasets and one of them has changed since."""

    code: ClassVar[str] = "changelog.undo-blocked"


class HistoryInconsistent(Corrupt):
    """The records of the log contradict each other."""

    code: ClassVar[str] = "changelog.inconsistent"


class History:
    """All change sets of a store, and which of them are in effect."""

    def __init__(self) -> None:
        self._sets: dict[UUID, ChangeSet] = {}
        self._order: list[ChangeSet] = []
        self._stacks: dict[UUID, list[UUID]] = {}
        self._undone: dict[UUID, list[UUID]] = {}
        self._in_effect: set[UUID] = set()
        self._undone_by: dict[UUID, int] = {}
        self._created: dict[UUID, str] = {}

    @property
    def last_seq(self) -> int:
        """Sequence number of the newest record, 0 when there is none."""
        return self._order[-1].seq if self._order else 0

    def append(self, record: ChangeSet) -> None:
        """Take the next record of the log.

        Raises:
            HistoryInconsistent: it does not follow from what came before.
        """
        if record.seq != self.last_seq + 1 or record.set_id in self._sets:
            raise HistoryInconsistent(
                f"log record {record.seq} does not follow record {self.last_seq}"
            )
        if record.kind == "change":
            self._push_new(record)
        else:
            self._move(record)
        self._sets[record.set_id] = record
        self._order.append(record)

    def effective(self, dataset_id: UUID) -> list[ChangeSet]:
        """Return the sets in effect for a dataset, oldest first."""
        return [self._sets[set_id] for set_id in self._stacks.get(dataset_id, ())]

    def effective_in_order(self) -> list[ChangeSet]:
        """Return all sets in effect, oldest first."""
        return [r for r in self._order if r.kind == "change" and not self.is_undone(r.set_id)]

    def dataset_ids(self) -> list[UUID]:
        """Return every dataset that has a set in effect."""
        return [key for key, stack in self._stacks.items() if stack and key.int > 1]

    def created_names(self) -> dict[UUID, str]:
        """Return the first name of every dataset that was ever made, undone ones included."""
        return dict(self._created)

    def dataset_created(self, name: str) -> UUID | None:
        """Return the dataset last made under a name, ``None`` when there never was one."""
        named = [key for key, known in self._created.items() if known == name]
        return named[-1] if named else None

    def is_undone(self, set_id: UUID) -> bool:
        """Return whether a change set is out of effect now."""
        record = self._sets[set_id]
        return record.kind == "change" and set_id not in self._in_effect

    def records(self, dataset_id: UUID | None = None) -> Iterator[ChangeSet]:
        """Yield all records, newest first, or those that concern one dataset."""
        for record in reversed(self._order):
            subject = record if record.target is None else self._sets[record.target]
            if dataset_id is None or dataset_id in subject.dataset_ids:
                yield record

    def get(self, set_id: UUID) -> ChangeSet:
        """Return a record by its id."""
        return self._sets[set_id]

    def undo_target(self, dataset_id: UUID | None = None) -> ChangeSet:
        """Return the set an undo would take out: the newest in effect.

        Raises:
            NothingToUndo: nothing is left.
            UndoBlocked: it also touched a dataset that has changed since.
        """
        candidates = self._tops(self._stacks, dataset_id)
        if not candidates:
            raise NothingToUndo("there is nothing to undo")
        target = max(candidates, key=lambda record: record.seq)
        for key in _subjects(target):
            if self._stacks[key][-1] != target.set_id:
                later = self._sets[self._stacks[key][-1]]
                raise UndoBlocked(
                    f"“{target.summary}” touched several datasets, and one of them has a later "
                    f"change: “{later.summary}”",
                    hint="undo that change first",
                )
        return target

    def redo_target(self, dataset_id: UUID | None = None) -> ChangeSet:
        """Return the set a redo would put back: the one undone last.

        Raises:
            NothingToRedo: nothing was undone since the last change.
        """
        candidates = [
            record
            for record in self._tops(self._undone, dataset_id)
            if all(
                self._undone.get(key) and self._undone[key][-1] == record.set_id
                for key in _subjects(record)
            )
        ]
        if not candidates:
            raise NothingToRedo("there is nothing to redo")
        return max(candidates, key=lambda record: self._undone_by[record.set_id])

    def _tops(self, stacks: dict[UUID, list[UUID]], dataset_id: UUID | None) -> list[ChangeSet]:
        chosen = stacks.values() if dataset_id is None else [stacks.get(dataset_id, [])]
        tops = {stack[-1] for stack in chosen if stack}
        return [record for record in map(self._sets.__getitem__, tops) if record.undoable]

    def _push_new(self, record: ChangeSet) -> None:
        for key in _subjects(record):
            self._stacks.setdefault(key, []).append(record.set_id)
            self._undone.pop(key, None)
        self._in_effect.add(record.set_id)
        for change in record.changes:
            if isinstance(change, DatasetCreated):
                self._forget_namesakes(change.name)
                self._created[change.dataset_id] = change.name

    def _forget_namesakes(self, name: str) -> None:
        """Give up redoing undone datasets of a name: two of one name cannot be there.

        Case does not count, as in SQL.
        """
        for dataset_id, known in self._created.items():
            if known.casefold() == name.casefold() and not self._stacks.get(dataset_id):
                self._undone.pop(dataset_id, None)

    def _move(self, record: ChangeSet) -> None:
        target = None if record.target is None else self._sets.get(record.target)
        if target is None or target.kind != "change":
            raise HistoryInconsistent(f"log record {record.seq} refers to no known change")
        source, sink = (
            (self._stacks, self._undone) if record.kind == "undo" else (self._undone, self._stacks)
        )
        for key in _subjects(target):
            if not source.get(key) or source[key][-1] != target.set_id:
                raise HistoryInconsistent(
                    f"log record {record.seq} cannot {record.kind} change {target.seq}"
                )
        for key in _subjects(target):
            source[key].pop()
            sink.setdefault(key, []).append(target.set_id)
        self._in_effect ^= {target.set_id}
        self._undone_by[target.set_id] = record.seq


def _subjects(record: ChangeSet) -> tuple[UUID, ...]:
    """Return the stacks a set stands on: its datasets, or the registry."""
    if record.dataset_ids:
        return record.dataset_ids
    return (REGISTRY,) if record.undoable else (SETTINGS,)
