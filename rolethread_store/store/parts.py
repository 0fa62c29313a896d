"""What an open store is made of, handed as one to the flows that use it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Journal, Locator, Reader, WritingRoom, stored_name
from rolethread_store.query import Console
from rolethread_store.store.upkeep import Upkeep

__all__ = ["Parts"]


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
        if gone and self.journal.find_named(dataset) is None:
            known = self.journal.history.dataset_created(stored_name(dataset))
            if known is not None:
                return known
        return self.journal.fold_named(dataset, working_copy).dataset_id

    def name_of(self, dataset_id: UUID) -> str:
        """Return a dataset's name, the first one if it is not there now, or nothing."""
        fold = self.journal.states.find(dataset_id)
        if fold is not None and fold.name:
            return fold.name
        return self.journal.history.created_names().get(dataset_id, "")

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
