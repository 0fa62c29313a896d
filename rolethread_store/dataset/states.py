"""The states of a store's datasets: of every working copy and version, folded when asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence, Set
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import (
    DatasetFold,
    History,
    Place,
    Stretch,
    WorkingCopy,
    WorkingCopyMissing,
    effective_sets,
)
from rolethread_store.dataset.basing import base_layers, folded
from rolethread_store.dataset.manifest import Base
from rolethread_store.errors import NotFound
from rolethread_store.model import ChangeSet, CheckedOut

__all__ = ["DatasetMissing", "States", "stored_name"]


_MOST_STEPS = 1_000
"""Sets up to which a fold is followed step by step: a few milliseconds of an undo."""


_MOST_ASIDE = 3
"""Folds kept besides the present ones; a fold of 100,000 pending changes takes 60 MB."""


class DatasetMissing(NotFound):
    """There is no dataset of that name."""

    code: ClassVar[str] = "dataset.missing"


class States:
    """Folds by working copy, kept up to date, and folds of versions, which never change.

    Attributes:
        working_copy: Name of the working copy that is meant where none is named. Whoever
            asks for all datasets meets those without one of that name in their main one;
            whoever names a dataset means just that working copy.
        bases: The checkpoints that folds may start from.
    """

    def __init__(
        self, history: History, bases: Sequence[Base], working_copy: str | None = None
    ) -> None:
        self.working_copy = working_copy
        self._history = history
        self.bases = bases
        self._folds: dict[UUID, DatasetFold] = {}
        self._tops: dict[UUID, UUID | None] = {}
        self._aside: dict[tuple[UUID, UUID | None], DatasetFold] = {}
        self._versions: dict[tuple[UUID, int], DatasetFold] = {}

    @property
    def pending(self) -> int:
        """Entries with changes that no checkpoint has folded, in the states met so far."""
        return sum(len(fold.pending) for fold in self._folds.values())

    def fold(self, copy_id: UUID) -> DatasetFold:
        """Return the state of a working copy."""
        found = self._folds.get(copy_id)
        if found is not None:
            return found
        # The newest set of a working copy says which sets are below it.
        top = self._top(copy_id)
        kept = self._aside.pop((copy_id, top), None)
        if kept is None:
            return self.refold(copy_id)
        self._folds[copy_id], self._tops[copy_id] = kept, top
        return kept

    def find(self, copy_id: UUID) -> DatasetFold | None:
        """Return the state of a working copy, ``None`` when nobody has asked for it yet."""
        return self._folds.get(copy_id)

    def at(self, dataset_id: UUID, number: int) -> DatasetFold:
        """Return the state of a dataset at one of its versions.

        Raises:
            VersionMissing: there is no such version.
        """
        families = self._history.families
        dataset_id = families.copy(dataset_id).dataset_id
        version = families.version(dataset_id, number)
        key = (dataset_id, number)
        if key not in self._versions:
            copy = families.copy(version.copy_id)
            empty = DatasetFold(
                dataset_id, families.of(dataset_id), working_copy=copy.name, version=number
            )
            self._versions[key] = folded(empty, effective_sets(version.place), self.bases)
        return self._versions[key]

    def records(self, copy_id: UUID, number: int | None = None) -> list[ChangeSet]:
        """Return the sets in effect in a working copy, or in a version, oldest first.

        Raises:
            VersionMissing: there is no such version.
        """
        if number is None:
            return self._history.effective(copy_id)
        families = self._history.families
        version = families.version(families.copy(copy_id).dataset_id, number)
        return effective_sets(version.place)

    def mains(self) -> list[DatasetFold]:
        """Return the main working copies of the datasets that are there, in their order."""
        return [self.fold(dataset_id) for dataset_id in self._names()]

    def _names(self) -> dict[UUID, str]:
        """Return the datasets that are there, in their order, without folding any."""
        named = ((key, self._history.name_of(key)) for key in self._history.dataset_ids())
        return {key: name for key, name in named if name is not None}

    def existing(self) -> list[DatasetFold]:
        """Return the datasets that are there now, each in the working copy that is meant."""
        mains = self.mains()
        if self.working_copy is None:
            return mains
        return [self._in_copy(fold, self.working_copy) or fold for fold in mains]

    def find_copy(self, name: str, working_copy: str | None = None) -> UUID | None:
        """Return which working copy is meant by a dataset's name, ``None`` without a dataset.

        Raises:
            WorkingCopyMissing: it has no working copy of the name that is given or chosen.
        """
        wanted = stored_name(name)
        main = next((key for key, known in self._names().items() if known == wanted), None)
        if main is None:
            return None
        chosen = working_copy if working_copy is not None else self.working_copy
        if chosen is None:
            return main
        return self._history.families.named(main, chosen).copy_id

    def copy_named(self, name: str, working_copy: str | None = None) -> UUID:
        """Return which working copy is meant by a dataset's name.

        Raises:
            DatasetMissing: there is none.
            WorkingCopyMissing: the working copy that is named is not there.
        """
        found = self.find_copy(name, working_copy)
        if found is None:
            known = ", ".join(sorted(self._names().values())) or "none yet"
            raise DatasetMissing(f"no dataset is called “{name}”", hint=f"datasets: {known}")
        return found

    def find_named(self, name: str, working_copy: str | None = None) -> DatasetFold | None:
        """Return the state of a dataset by its name; see :meth:`find_copy`."""
        found = self.find_copy(name, working_copy)
        return None if found is None else self.fold(found)

    def fold_named(self, name: str, working_copy: str | None = None) -> DatasetFold:
        """Return the state of a dataset by its name; see :meth:`copy_named`."""
        return self.fold(self.copy_named(name, working_copy))

    def copies(self, fold: DatasetFold) -> list[WorkingCopy]:
        """Return the working copies of the dataset a state belongs to, the main one first."""
        families = self._history.families
        return families.copies(families.copy(fold.dataset_id).dataset_id)

    def require_working_copy(self) -> None:
        """Refuse a chosen name that no dataset has.

        Raises:
            WorkingCopyMissing: no dataset has such a working copy.
        """
        names = {copy.name for fold in self.mains() for copy in self.copies(fold)}
        if self.working_copy is not None and self.working_copy not in names:
            known = ", ".join(sorted(names)) or "none yet"
            raise WorkingCopyMissing(
                f"no dataset has a working copy “{self.working_copy}”",
                hint=f"working copies: {known}",
            )

    def applied(self, record: ChangeSet) -> None:
        """Follow a new change set that the history has taken already."""
        if record.is_one_edit:
            # Nothing to find out, and an edit is waiting: above the base, and no revert.
            for copy_id in record.dataset_ids:
                fold = self._folds.get(copy_id)
                if fold is not None:
                    self._tops[copy_id] = record.set_id
                    fold.apply(record)
            return
        for copy_id in record.dataset_ids:
            self._follow(copy_id, [record], back=False)

    def undone(self, moved: Stretch, copy_id: UUID | None) -> None:
        """Follow an undo; ``copy_id`` names the working copy when it was of several sets."""
        self._moved(moved, copy_id, back=True)

    def redone(self, moved: Stretch, copy_id: UUID | None) -> None:
        """Follow a redo; see :meth:`undone`."""
        self._moved(moved, copy_id, back=False)

    def _moved(self, moved: Stretch, copy_id: UUID | None, *, back: bool) -> None:
        for one in (copy_id,) if copy_id is not None else moved.first.dataset_ids:
            if moved.steps <= _MOST_STEPS:
                self._follow(one, moved.sets()[:: -1 if back else 1], back=back)
            elif one in self._folds:
                self._put_aside(one)

    def _follow(self, copy_id: UUID, moved: Sequence[ChangeSet], *, back: bool) -> None:
        """Bring a fold up to the history after sets came on or went off its end.

        What cannot be followed step by step is folded anew when it is next asked for, so
        that no undo waits for it.
        """
        fold = self._folds.get(copy_id)
        if fold is None:
            return
        subjects = [self._history.subject(record, copy_id) for record in moved]
        reverts = [one for one, record in zip(subjects, moved, strict=True) if one is not record]
        base = 0 if fold.base_top is None else self._history.get(fold.base_top).seq
        if any(one.seq <= base or _checks_out(one) for one in (*moved, *subjects)):
            self._put_aside(copy_id)
            return
        self._tops[copy_id] = self._top(copy_id)
        step = fold.take_out if back else fold.apply
        for one, record in zip(subjects, moved, strict=True):
            if one is record:
                step(record)
        if reverts:
            self._settle(fold, reverts)

    def _settle(self, fold: DatasetFold, reverts: Sequence[ChangeSet]) -> None:
        """Let a fold hold just those of some sets that are in effect."""
        in_effect = {record.seq for record in self._history.effective(fold.dataset_id)}
        for one in reverts:
            if fold.holds(one) and one.seq not in in_effect:
                fold.take_out(one)
            elif one.seq in in_effect and not fold.holds(one):
                fold.put_in(one)

    def loaded(self) -> list[DatasetFold]:
        """Return the working copies met so far that are still listed."""
        families = self._history.families
        # A copy of the dict's items: a checkpoint's thread asks while folds come and go.
        return [fold for key, fold in list(self._folds.items()) if not families.copy(key).deleted]

    def pinned(self, copy_id: UUID) -> tuple[DatasetFold, Place | None]:
        """Return a working copy's state as it is now, and its newest place."""
        return self.fold(copy_id).frozen(), self._history.families.copy(copy_id).top

    def rest(self, copy_id: UUID, place: Place, base: Base) -> bool:
        """Put a new checkpoint under a working copy if it still begins with it.

        Args:
            copy_id: The working copy.
            place: Where it was when the checkpoint began.
            base: The checkpoint of that place, or of an earlier one.

        Returns:
            Whether it did; else an undo or a check-out went below meanwhile.
        """
        at: Place | None = self._history.families.copy(copy_id).top
        while at is not None and at is not place and not at.checked_out and at.reverts is None:
            at = at.below
        if at is not place:
            return False
        self.fold(copy_id).rest_on(base_layers(base), self._history.get(base.top))
        return True

    def forget(self, batch_ids: Set[UUID]) -> None:
        """Let go of folds that rest on batches that are no more; they are folded anew."""

        def rests(fold: DatasetFold) -> bool:
            return any(layer.batch_id in batch_ids for layer in fold.layers)

        self._folds = {key: fold for key, fold in self._folds.items() if not rests(fold)}
        self._aside = {key: fold for key, fold in self._aside.items() if not rests(fold)}
        self._versions = {key: fold for key, fold in self._versions.items() if not rests(fold)}

    def refold(self, copy_id: UUID) -> DatasetFold:
        """Fold a working copy anew from the history."""
        families = self._history.families
        copy = families.copy(copy_id)
        empty = DatasetFold(copy_id, families.of(copy_id), working_copy=copy.name)
        self._folds[copy_id] = folded(empty, self._history.effective(copy_id), self.bases)
        self._tops[copy_id] = self._top(copy_id)
        return self._folds[copy_id]

    def _top(self, copy_id: UUID) -> UUID | None:
        top = self._history.families.copy(copy_id).top
        return None if top is None else top.record.set_id

    def _put_aside(self, copy_id: UUID) -> None:
        """Keep a fold that is not the state now: an undo of a check-out asks for it again."""
        if len(self._aside) >= _MOST_ASIDE:
            del self._aside[next(iter(self._aside))]
        self._aside[copy_id, self._tops.pop(copy_id)] = self._folds.pop(copy_id)

    def _in_copy(self, main: DatasetFold, name: str) -> DatasetFold | None:
        for copy in self.copies(main):
            if copy.name == name:
                return self.fold(copy.copy_id)
        return None


def stored_name(name: str) -> str:
    """Return a dataset's name as it is stored: composed (NFC) and trimmed."""
    return unicodedata.normalize("NFC", name).strip()


def _checks_out(record: ChangeSet) -> bool:
    return any(isinstance(change, CheckedOut) for change in record.changes)
