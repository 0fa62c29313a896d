"""The states of a store's datasets: of every working copy and version, folded when asked for."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import (
    DatasetFold,
    History,
    Place,
    WorkingCopy,
    WorkingCopyMissing,
    effective_sets,
)
from rolethread_store.dataset.basing import base_layers, folded
from rolethread_store.dataset.manifest import Base
from rolethread_store.errors import NotFound
from rolethread_store.model import ChangeSet

__all__ = ["DatasetMissing", "States", "stored_name"]


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
        self._versions: dict[tuple[UUID, int], DatasetFold] = {}

    @property
    def pending(self) -> int:
        """Entries with changes that no checkpoint has folded, in the states met so far."""
        return sum(len(fold.pending) for fold in self._folds.values())

    def fold(self, copy_id: UUID) -> DatasetFold:
        """Return the state of a working copy."""
        found = self._folds.get(copy_id)
        return self.refold(copy_id) if found is None else found

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
        known = (self.fold(dataset_id) for dataset_id in self._history.dataset_ids())
        return [fold for fold in known if fold.exists]

    def existing(self) -> list[DatasetFold]:
        """Return the datasets that are there now, each in the working copy that is meant."""
        mains = self.mains()
        if self.working_copy is None:
            return mains
        return [self._in_copy(fold, self.working_copy) or fold for fold in mains]

    def find_named(self, name: str, working_copy: str | None = None) -> DatasetFold | None:
        """Return the state of a dataset by its name, ``None`` when there is none.

        Raises:
            WorkingCopyMissing: it has no working copy of the name that is given or chosen.
        """
        wanted = stored_name(name)
        main = next((fold for fold in self.mains() if fold.name == wanted), None)
        if main is None:
            return None
        chosen = working_copy if working_copy is not None else self.working_copy
        if chosen is None:
            return main
        return self.fold(self._history.families.named(main.dataset_id, chosen).copy_id)

    def fold_named(self, name: str, working_copy: str | None = None) -> DatasetFold:
        """Return the state of a dataset by its name.

        Raises:
            DatasetMissing: there is none.
            WorkingCopyMissing: the working copy that is named is not there.
        """
        fold = self.find_named(name, working_copy)
        if fold is None:
            known = ", ".join(sorted(fold.name for fold in self.mains())) or "none yet"
            raise DatasetMissing(f"no dataset is called “{name}”", hint=f"datasets: {known}")
        return fold

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
        for copy_id in record.dataset_ids:
            fold = self._folds.get(copy_id)
            if fold is None or _moves(record):
                self.refold(copy_id)
            else:
                fold.apply(record)

    def undone(self, moved: Sequence[ChangeSet], copy_id: UUID | None) -> None:
        """Follow an undo; ``copy_id`` names the working copy when it was of several sets."""
        for one in (copy_id,) if copy_id is not None else moved[0].dataset_ids:
            fold = self._folds.get(one)
            if fold is None:
                continue
            if len(moved) > 1 or _moves(moved[0]) or fold.base_top == moved[0].set_id:
                self.refold(one)
            else:
                fold.take_out(moved[0])

    def redone(self, moved: Sequence[ChangeSet], copy_id: UUID | None) -> None:
        """Follow a redo; see :meth:`undone`."""
        for one in (copy_id,) if copy_id is not None else moved[0].dataset_ids:
            fold = self._folds.get(one)
            if fold is None or any(map(_moves, moved)):
                self.refold(one)
            else:
                fold.apply_all(moved)

    def loaded(self) -> list[DatasetFold]:
        """Return the working copies met so far that are still listed."""
        families = self._history.families
        return [fold for copy_id, fold in self._folds.items() if not families.copy(copy_id).deleted]

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

    def refold(self, copy_id: UUID) -> DatasetFold:
        """Fold a working copy anew from the history."""
        families = self._history.families
        copy = families.copy(copy_id)
        empty = DatasetFold(copy_id, families.of(copy_id), working_copy=copy.name)
        self._folds[copy_id] = folded(empty, self._history.effective(copy_id), self.bases)
        return self._folds[copy_id]

    def _in_copy(self, main: DatasetFold, name: str) -> DatasetFold | None:
        for copy in self.copies(main):
            if copy.name == name:
                return self.fold(copy.copy_id)
        return None


def stored_name(name: str) -> str:
    """Return a dataset's name as it is stored: composed (NFC) and trimmed."""
    return unicodedata.normalize("NFC", name).strip()


def _moves(record: ChangeSet) -> bool:
    """Tell whether a set changes which other sets are in effect."""
    return any(change.kind in ("checked-out", "reverted") for change in record.changes)
