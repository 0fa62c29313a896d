"""Which change sets are in effect: the undo stacks, derived from the log alone.

Undo and redo are records like any other; nothing is rewritten. A working copy's state is
the fold of its *effective* sets in the order they were first made. Undo takes a set off
the end of every working copy it touches, redo puts it back, and a new change forgets what
could have been redone there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog.copies import WorkingCopy, subjects
from rolethread_store.changelog.expired import no_longer_kept, unexpired
from rolethread_store.changelog.family import Families, VersionMissing
from rolethread_store.changelog.places import (
    Place,
    Stretch,
    effective_sets,
    name_at,
    numbered_place,
    place_of,
    reverted_numbers,
    walk,
)
from rolethread_store.changelog.touching import Touching
from rolethread_store.errors import Conflict, Corrupt, NotFound
from rolethread_store.model import (
    ENTRY_KINDS,
    REGISTRY_ID,
    BatchAttached,
    ChangeSet,
    CheckedOut,
    DatasetCreated,
    DatasetDropped,
    DatasetRenamed,
    FactPut,
    FactRemoved,
    Reverted,
    VersionPublished,
    WorkingCopyDeleted,
    WorkingCopyForked,
)

__all__ = [
    "History",
    "HistoryInconsistent",
    "NothingToRedo",
    "NothingToUndo",
    "UndoBlocked",
]

_STEERING = frozenset({"undo", "redo", "checked-out", "reverted"})
"""After these alone other sets may be in effect, and a working copy is walked again."""


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
    """All change sets of a store, and which of them are in effect.

    Attributes:
        families: The working copies and versions of each dataset.
    """

    def __init__(self) -> None:
        self.families = Families()
        self._touching = Touching()
        self._sets: dict[UUID, ChangeSet] = {}
        self._order: list[ChangeSet] = []
        self._with_facts: list[ChangeSet] = []
        self._undone_by: dict[UUID, int] = {}
        self._created: dict[UUID, str] = {}
        self._reverts = False
        self._reverted: dict[UUID, set[int]] = {}

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
        if record.is_one_edit:
            # As nearly all are: a long log is read at every opening.
            copy = self.families.copy(record.dataset_ids[0])
            copy.top = Place(record, copy.top)
            copy.undone.clear()
        elif record.kind == "change":
            self._push_new(record)
        else:
            self._move(record)
        self._touching.take(record)
        self._sets[record.set_id] = record
        self._order.append(record)
        if (kind := record.changes[0].kind if record.changes else record.kind) in _STEERING:
            self._reverts = self._reverts or kind == "reverted"
            self._reverted.clear()

    def effective(self, copy_id: UUID) -> list[ChangeSet]:
        """Return the sets in effect for a working copy, oldest first."""
        found = self.families.find(copy_id)
        return [] if found is None else effective_sets(found.top)

    def effective_without(self, copy_id: UUID, set_id: UUID) -> list[ChangeSet]:
        """Return what would be in effect for a working copy after a revert of a set."""
        return effective_sets(self.families.copy(copy_id).top, {self._sets[set_id].seq})

    def effective_before(self, copy_id: UUID, set_id: UUID) -> list[ChangeSet]:
        """Return what was in effect for a working copy when one of its sets was made."""
        place = place_of(self.families.copy(copy_id).top, set_id)
        return [] if place is None else effective_sets(place.below)

    def batches_brought(self, copy_id: UUID) -> list[UUID]:
        """Return the batches of imports of a working copy that are, or may come back, in effect."""
        return [
            change.batch_id
            for place, _ in walk(self.families.copy(copy_id).top, set())
            for change in place.record.changes
            if isinstance(change, BatchAttached) and change.batch_id is not None
        ]

    def subject(self, record: ChangeSet, copy_id: UUID) -> ChangeSet:
        """Return the set whose effect a set is about: of a revert, what it takes or gives back."""
        family = self.families.of(copy_id)
        while (target := _reverted_by(record, family)) is not None:
            record = self._sets[target]
        return record

    def effective_facts(self) -> list[ChangeSet]:
        """Return the sets in effect that say something of registry or settings, oldest first."""
        reverted = self._reverted_in(REGISTRY_ID)
        return [
            record
            for record in self._with_facts
            if record.seq not in reverted and self._stands(record)
        ]

    def dataset_ids(self) -> list[UUID]:
        """Return every dataset whose main working copy has a set in effect."""
        return [copy.dataset_id for copy in self.families.mains() if copy.top is not None]

    def name_of(self, copy_id: UUID) -> str | None:
        """Return what the dataset of a working copy is called, ``None`` when it is not there."""
        copy = self.families.find(copy_id)
        return None if copy is None else name_at(copy.top, self.families.of(copy_id))

    def created_names(self) -> dict[UUID, str]:
        """Return the first name of every dataset that was ever made, undone ones included."""
        return dict(self._created)

    def dataset_created(self, name: str) -> UUID | None:
        """Return the dataset last made under a name, ``None`` when there never was one."""
        named = [key for key, known in self._created.items() if known == name]
        return named[-1] if named else None

    def is_undone(self, set_id: UUID) -> bool:
        """Return whether a change set was undone or reverted, and not put back since."""
        record = self._sets[set_id]
        if record.kind != "change":
            return False
        return not self._stands(record) or any(
            record.seq in self._reverted_in(copy_id) for copy_id in subjects(record)
        )

    def _stands(self, record: ChangeSet) -> bool:
        """Tell whether no undo has taken a set off: all its stacks lose and regain it at once."""
        return self.families.copy(subjects(record)[0]).holds(record)

    def _reverted_in(self, copy_id: UUID) -> set[int]:
        if not self._reverts:
            return set()
        if copy_id not in self._reverted:
            self._reverted[copy_id] = reverted_numbers(self.families.copy(copy_id).top)
        return self._reverted[copy_id]

    def records(self, dataset_id: UUID | None = None) -> Iterator[ChangeSet]:
        """Yield all records, newest first, or those that concern one dataset."""
        family = None if dataset_id is None else self.families.of(dataset_id)
        for record in reversed(self._order):
            subject = record if record.target is None else self._sets[record.target]
            if family is None or not family.isdisjoint(subject.dataset_ids):
                yield record

    def touching(self, entries: Iterable[UUID], after: int = 0) -> list[ChangeSet]:
        """Return the changes later than a number that may touch one of some entries, in order."""
        return [self._order[seq - 1] for seq in self._touching.after(after, entries)]

    def get(self, set_id: UUID) -> ChangeSet:
        """Return a record by its id."""
        return self._sets[set_id]

    def numbered(self, seq: int) -> ChangeSet | None:
        """Return a record by its sequence number, ``None`` when there is none."""
        return self._order[seq - 1] if 1 <= seq <= len(self._order) else None

    def undo_target(self, copy_id: UUID | None = None) -> Stretch:
        """Return the set an undo would take out: the newest in effect.

        Raises:
            NothingToUndo: nothing is left.
            HistoryExpired: what is left has expired.
            UndoBlocked: it also touched a dataset that has changed since.
        """
        tops = {p.record.seq: p for copy in self._chosen(copy_id) if (p := copy.newest) is not None}
        known = [place.record for place in tops.values() if place.record.undoable]
        candidates = unexpired(known)
        if not candidates:
            raise NothingToUndo("there is nothing to undo")
        target = max(candidates, key=lambda record: record.seq)
        for copy in map(self.families.copy, subjects(target)):
            if (later := copy.newest) is not None and later.record is not target:
                raise UndoBlocked(
                    f"“{target.summary}” touched several datasets, and one of them has a later "
                    f"change: “{later.record.summary}”",
                    hint="undo that change first, or take this one back with: rolethread revert",
                )
        place = tops[target.seq]
        return Stretch(place, place)

    def undo_path(self, copy_id: UUID, last_kept: UUID) -> Stretch:
        """Return the sets above a set, as one undo takes them off.

        Raises:
            NothingToUndo: the set is not in effect there, or nothing lies above it.
            HistoryExpired: one of them has expired.
            UndoBlocked: one of them touched something else as well.
        """
        copy = self.families.copy(copy_id)
        kept = numbered_place(copy.top, self._sets[last_kept].seq)
        above = copy.top.depth - kept.depth if copy.top and kept else 0
        path = copy.last(above) if above else None
        if path is None or path.oldest.below is copy.floor:
            nothing = kept is not None and kept is copy.newest
            reason = "there is nothing above it" if nothing else "it is not in effect here"
            raise NothingToUndo(f"nothing was undone: {reason}", hint="see: rolethread log")
        uncommon = path.uncommon()
        for record in reversed(uncommon):
            if len(record.changes) > 1 and len(subjects(record)) > 1:
                raise UndoBlocked(
                    f"“{record.summary}” touched several datasets and cannot be one of many",
                    hint="undo down to it, then undo it by itself",
                )
        if any(record.expired for record in uncommon):
            raise no_longer_kept(path.first)
        return path

    def redo_target(self, copy_id: UUID | None = None) -> tuple[Stretch, UUID | None]:
        """Return what one undo took off last, and its working copy when that is several sets.

        Raises:
            NothingToRedo: nothing was undone since the last change.
            HistoryExpired: what was undone has expired.
        """
        candidates = [
            (group, copy.copy_id if group.steps > 1 else None)
            for copy in self._chosen(copy_id)
            if copy.undone and self._redoable(group := copy.undone[-1])
        ]
        kept = {record.seq for record in unexpired([group.first for group, _ in candidates])}
        candidates = [found for found in candidates if found[0].first.seq in kept]
        if not candidates:
            raise NothingToRedo("there is nothing to redo")
        return max(candidates, key=lambda found: self._undone_by[found[0].first.set_id])

    def _redoable(self, group: Stretch) -> bool:
        return all(
            copy.undone and copy.undone[-1].first is group.first
            for copy in map(self.families.copy, subjects(group.first))
        )

    def _chosen(self, copy_id: UUID | None) -> Iterable[WorkingCopy]:
        return self.families.listed() if copy_id is None else [self.families.copy(copy_id)]

    def _push_new(self, record: ChangeSet) -> None:
        for change in record.changes:
            if change.kind in ENTRY_KINDS:
                continue
            match change:
                case VersionPublished() | WorkingCopyForked() | WorkingCopyDeleted():
                    self.families.take(record, change)
                case DatasetCreated():
                    self._forget_namesakes(change.name)
                    self._created[change.dataset_id] = change.name
                case FactPut() | FactRemoved():
                    if not self._with_facts or self._with_facts[-1] is not record:
                        self._with_facts.append(record)
                case _:
                    pass
        for key in subjects(record):
            copy = self.families.copy(key)
            copy.top = self._place(record, copy)
            copy.undone.clear()

    def _place(self, record: ChangeSet, copy: WorkingCopy) -> Place:
        place = Place(record, copy.top)
        for change in record.changes:
            if change.kind in ENTRY_KINDS:
                continue
            if isinstance(change, CheckedOut) and change.dataset_id == copy.copy_id:
                place.checked_out, place.marked = True, place
                place.resumes = self._version_place(record, copy, change.version)
            elif isinstance(change, Reverted) and change.dataset_id == copy.copy_id:
                place.reverts, place.marked = self._sets[change.target].seq, place
            elif isinstance(change, DatasetCreated | DatasetRenamed | DatasetDropped):
                place.marked = place
        return place

    def _version_place(self, record: ChangeSet, copy: WorkingCopy, number: int) -> Place | None:
        try:
            return self.families.version(copy.dataset_id, number).place
        except VersionMissing:
            words = f"log record {record.seq} checks out version {number}, which is not published"
            raise HistoryInconsistent(words) from None

    def _forget_namesakes(self, name: str) -> None:
        """Give up redoing undone datasets of a name: two of one name cannot be there.

        Case does not count, as in SQL.
        """
        for dataset_id, known in self._created.items():
            if known.casefold() == name.casefold():
                copy = self.families.copy(dataset_id)
                if copy.top is None:
                    copy.undone.clear()

    def _move(self, record: ChangeSet) -> None:
        target = None if record.target is None else self._sets.get(record.target)
        if target is None or target.kind != "change":
            raise HistoryInconsistent(f"log record {record.seq} refers to no known change")
        move = self._undo if record.kind == "undo" else self._redo
        stacks = subjects(target) if record.of is None else (record.of,)
        move(record, target, [self.families.copy(key) for key in stacks])
        self._undone_by[target.set_id] = record.seq

    def _undo(self, record: ChangeSet, target: ChangeSet, copies: list[WorkingCopy]) -> None:
        moved: list[Stretch] = []
        for copy in copies:
            group = copy.last(record.steps or 1)
            if group is None or group.first is not target:
                raise _impossible(record, target)
            moved.append(group)
        for copy, group in zip(copies, moved, strict=True):
            copy.top = group.oldest.below
            copy.undone.append(group)

    def _redo(self, record: ChangeSet, target: ChangeSet, copies: list[WorkingCopy]) -> None:
        for copy in copies:
            group = copy.undone[-1] if copy.undone else None
            if group is None or group.first is not target or group.steps != (record.steps or 1):
                raise _impossible(record, target)
        for copy in copies:
            copy.top = copy.undone.pop().newest


def _impossible(record: ChangeSet, target: ChangeSet) -> HistoryInconsistent:
    return HistoryInconsistent(f"log record {record.seq} cannot {record.kind} change {target.seq}")


def _reverted_by(record: ChangeSet, family: Set[UUID]) -> UUID | None:
    """Return what a set reverts in a dataset, ``None`` when it is no revert."""
    for change in record.changes:
        if isinstance(change, Reverted) and change.dataset_id in family:
            return change.target
    return None
