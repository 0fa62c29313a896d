"""What may be asked of the committed state without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from rolethread_store.changelog import DatasetFold, History
from rolethread_store.dataset.loading import BatchUnknown, Shelf, read_log
from rolethread_store.dataset.manifest import Manifest
from rolethread_store.dataset.states import States
from rolethread_store.model import Batch
from rolethread_store.registry import Registry
from rolethread_store.storage import Layout

__all__ = ["JournalView"]


class JournalView:
    """The reading half of :class:`~rolethread_store.dataset.journal.Journal`.

    Attributes:
        history: Every change set and what is in effect.
        states: State of each working copy and version.
    """

    history: History
    states: States
    layout: Layout
    manifest: Manifest
    _batches: dict[UUID, Batch]
    _shelf: Shelf

    @property
    def facts(self) -> Registry:
        """Registry and settings as they are now."""
        return Registry.of(self.history.effective_facts())

    @property
    def pending(self) -> int:
        """Entries with changes that no checkpoint has folded."""
        return self.states.pending

    def fold_named(self, name: str, working_copy: str | None = None) -> DatasetFold:
        """Return the state of a dataset by its name; see :meth:`States.fold_named`."""
        return self.states.fold_named(name, working_copy)

    def find_named(self, name: str, working_copy: str | None = None) -> DatasetFold | None:
        """Return the state of a dataset by its name, ``None`` when there is none."""
        return self.states.find_named(name, working_copy)

    def existing(self) -> list[DatasetFold]:
        """Return the datasets that are there now, in the order they were made."""
        return self.states.existing()

    def batch(self, batch_id: UUID) -> Batch:
        """Return a batch by its id.

        Raises:
            BatchUnknown: the manifest does not know it.
        """
        try:
            return self._batches[batch_id]
        except KeyError:
            raise BatchUnknown(f"no manifest knows batch {batch_id}") from None

    def log_files(self) -> list[tuple[Path, int]]:
        """Return the log files and how many bytes of each are committed history."""
        files = read_log(self._shelf, self.manifest).files
        return [(self.layout.log(*file.name), file.position().size) for file in files]

    def bodies(self) -> Iterator[bytes]:
        """Yield every record of the log as it was sealed, oldest first."""
        return (record.body for record in read_log(self._shelf, self.manifest).records())
