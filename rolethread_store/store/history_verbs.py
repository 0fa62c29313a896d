"""The verbs of an open store that concern its history and its upkeep."""

from __future__ import annotations

from uuid import UUID

from rolethread_store.dataset import CheckpointReport, find_garbage
from rolethread_store.store import blaming, overview, reverting
from rolethread_store.store.blaming import BlameItem
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import LogItem

__all__ = ["HistoryVerbs"]


class HistoryVerbs:
    """What :class:`~rolethread_store.store.Store` does with changes made before."""

    _parts: Parts

    def undo(self, dataset: str | None = None) -> LogItem:
        """Take the newest change out of effect, whatever its size.

        Raises:
            NothingToUndo: nothing is left.
            UndoBlocked: it touched another dataset that has changed since.
        """
        # A dataset that was dropped is not there, and undo brings it back.
        scope = self._parts.undo_scope(dataset, gone=True)
        return overview.item(self._parts, self._parts.journal.undo(scope))

    def redo(self, dataset: str | None = None) -> LogItem:
        """Put the change that was undone last back into effect.

        Raises:
            NothingToRedo: nothing was undone since the last change.
        """
        return overview.item(
            self._parts, self._parts.journal.redo(self._parts.undo_scope(dataset, gone=True))
        )

    def revert(self, change: int, dataset: str | None = None) -> LogItem:
        """Take one earlier change out of effect in every dataset it touched.

        Args:
            change: Its number, as the log shows it.
            dataset: Only in this dataset's working copy, where it may be inherited.

        Raises:
            ChangeMissing: there is no such change.
            NothingToRevert: it is not in effect.
            RevertConflict: later changes depend on it; the error names them.
        """
        self._parts.journal.begin_write()
        within = self._parts.dataset_id(dataset)
        return overview.item(self._parts, reverting.revert(self._parts, change, within))

    def log(self, dataset: str | None = None, limit: int | None = None) -> list[LogItem]:
        """Return the history, newest first."""
        return overview.log(self._parts, dataset, limit)

    def blame(self, entry_id: str | UUID) -> list[BlameItem]:
        """Return every change to an entry, oldest first, also of one that is deleted.

        Raises:
            EntryMissing: no change was ever about it.
        """
        return blaming.blame(self._parts, entry_id)

    def checkpoint(self) -> list[CheckpointReport]:
        """Fold pending changes into segments; no answer changes."""
        return self._parts.upkeep.checkpoint()

    def planned_checkpoint(self) -> list[tuple[str, str]]:
        """Return each dataset that has something to checkpoint, with the first step."""
        states = self._parts.journal.states
        return [(states.fold(key).name, kind.value) for key, kind in self._parts.upkeep.plan()]

    def collect_garbage(self, *, dry_run: bool = False) -> int:
        """Remove files that neither a state nor the history needs.

        Args:
            dry_run: Remove nothing.

        Returns:
            Bytes of the files removed, or that could go; 0 while another open store may
            still read them.
        """
        if dry_run:
            return find_garbage(self._parts.journal).bytes
        return self._parts.upkeep.collect()
