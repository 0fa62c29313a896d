"""What an open store is made of, handed as one to the flows that use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold, WorkingCopyMissing
from rolethread_store.dataset import Journal, Locator, Reader, WritingRoom, stored_name
from rolethread_store.errors import InvalidInput
from rolethread_store.query import Console
from rolethread_store.store.upkeep import Upkeep

__all__ = ["DatasetUnclear", "Parts"]


class DatasetUnclear(InvalidInput):
    """Several datasets could be meant, and none was named."""

    code: ClassVar[str] = "store.dataset-unclear"


@dataclass(frozen=True, slots=True)
class Parts:
    """The rooms of one open store.

    Attributes:
        journal: Its committed state.
        reader: Its reading session.
        room: Where batches are made.
        locator: Finds entries by id.
        console: Answers SQL.
        upkeep: Runs checkpoints.
    """

    journal: Journal
    reader: Reader
    room: WritingRoom
    locator: Locator
    console: Console
    upkeep: Upkeep

    def folds(self, dataset: str | None) -> list[DatasetFold]:
        """Return one dataset's state, or that of all.

        Raises:
            DatasetMissing: there is no such dataset.
        """
        return self.journal.existing() if dataset is None else [self.journal.fold_named(dataset)]

    def dataset_id(
        self, dataset: str | None, working_copy: str | None = None, *, gone: bool = False
    ) -> UUID | None:
        """Return a working copy's id, ``None`` for no dataset.

        With ``gone`` that of an undone dataset as well.

        Raises:
            DatasetMissing: there is no such dataset.
        """
        if dataset is None:
            return None
        if gone and self.journal.states.find_copy(dataset, working_copy) is None:
            known = self.journal.history.dataset_created(stored_name(dataset))
            if known is not None:
                return known
        return self.journal.states.copy_named(dataset, working_copy)

    def undo_scope(self, dataset: str | None, *, gone: bool = False) -> UUID | None:
        """Return the working copy an undo or redo is about, ``None`` for the whole store.

        A store opened in a working copy undoes nothing outside it.

        Raises:
            DatasetMissing: there is no such dataset.
            DatasetUnclear: several datasets have the chosen working copy.
        """
        chosen = self.journal.states.working_copy
        if dataset is not None or chosen is None:
            return self.dataset_id(dataset, gone=gone)
        folds = [fold for fold in self.journal.existing() if fold.working_copy == chosen]
        if len(folds) == 1:
            return folds[0].dataset_id
        names = ", ".join(fold.name for fold in folds)
        raise DatasetUnclear(
            f"say in which dataset: the working copy “{chosen}” is not of exactly one",
            hint=f"datasets that have it: {names or 'none'}",
        )

    def require_copy_of(self, entry_ids: Sequence[UUID]) -> None:
        """Refuse to change entries of datasets without the working copy that was chosen.

        Raises:
            WorkingCopyMissing: an entry's dataset does not have it.
        """
        chosen = self.journal.states.working_copy
        if chosen is None:
            return
        self.journal.begin_write()
        for entry_id in entry_ids:
            found = self.locator.find(entry_id)
            if found is not None and found.fold.working_copy != chosen:
                raise WorkingCopyMissing(
                    f"entry {entry_id} is in “{found.fold.name}”, which has no working copy "
                    f"“{chosen}”",
                    hint="name another working copy, or make it: rolethread fork",
                )

    def name_of(self, dataset_id: UUID) -> str:
        """Return a dataset's name, the first one if it is not there now, or nothing."""
        history = self.journal.history
        return history.name_of(dataset_id) or history.created_names().get(dataset_id, "")

    def release(self) -> None:
        """Release the sessions, which know the folders and keys of one tree; they come back.

        A running checkpoint ends first.
        """
        self.upkeep.wait()
        self.reader.close()
        self.room.close()

    def close(self) -> None:
        """Release sessions, log file and lock, and overwrite the keys.

        A running checkpoint ends first.
        """
        self.upkeep.wait()
        try:
            self.reader.close()
            self.room.close()
            self.journal.close()
        finally:
            self.journal.keyring.wipe()
