"""Reading the present state: one session, the views' relations, damage told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.layering import Pending, layered_rows
from rolethread_store.dataset.mending import unmended
from rolethread_store.dataset.overlay import Overlay
from rolethread_store.dataset.patching import add_functions
from rolethread_store.engine import EngineFailed, MemoryExhausted, Session, SessionFolders
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch
from rolethread_store.segments import (
    SegmentDamaged,
    add_keys,
    check_segments,
    empty_relation,
    scan,
    scan_columns,
)
from rolethread_store.storage import new_spill_folder

__all__ = ["Reader"]


class Reader:
    """A reading session over a journal; made when first needed, for it takes 90 ms."""

    def __init__(
        self,
        journal: Journal,
        *,
        memory_limit: str | None = None,
        session_of: Callable[[], Session] | None = None,
    ) -> None:
        self.journal = journal
        self._session_of = session_of
        self._memory_limit = memory_limit
        self._session: Session | None = None
        self._overlays: dict[str, Overlay] = {}
        self._checked: dict[UUID, Batch] = {}

    @property
    def session(self) -> Session:
        """The session, started at the first use, or the one that was lent."""
        if self._session_of is not None:
            return self._session_of()
        if self._session is None:
            layout = self.journal.layout
            folders = SessionFolders(layout.segment_folders, new_spill_folder(layout))
            self._session = Session(folders, memory_limit=self._memory_limit)
            add_functions(self._session)
        return self._session

    def relation(self, fold: DatasetFold) -> str:
        """Return a SELECT of the dataset's entries as they are now.

        Raises:
            Corrupt: a segment is missing or its footer is not the one written.
        """
        if self._session_of is not None:
            return self._relation(fold)  # Its states are nobody else's: edits need not wait.
        with self.journal.guard:
            return self._relation(fold)

    def _relation(self, fold: DatasetFold) -> str:
        overlay = self.overlay(fold)
        pending = Pending() if overlay is None else overlay.pending
        return layered_rows(fold.layers, self.journal.batch, self.journal.layout, pending)

    def overlay(self, fold: DatasetFold) -> Overlay | None:
        """Return what is pending over a state's layers, ``None`` when nothing is.

        Raises:
            Corrupt: a segment is missing or its footer is not the one written.
        """
        self._prepare([self.journal.batch(layer.batch_id) for layer in fold.layers])
        overlay = self._overlays.get(fold.key)
        if overlay is None or overlay.fold is not fold:
            # An overlay of a fold that is no more must not be taken for this one's.
            self._overlays.pop(fold.key, None)
            if not fold.pending:
                return None
            overlay = Overlay(self.session, fold, self.journal.batch, self.journal.layout)
            self._overlays[fold.key] = overlay
        with self.diagnosing():
            overlay.refresh()
        return overlay

    def raw(self, batch: Batch, columns: str) -> str:
        """Return a SELECT of some columns of a batch's rows, hidden ones included."""
        return scan_columns(batch, self.journal.layout, columns)

    def forget(self, fold: DatasetFold) -> None:
        """Drop what the session holds of a state's pending changes."""
        overlay = self._overlays.pop(fold.key, None)
        if overlay is not None:
            overlay.drop()

    def quarantine_relation(self, fold: DatasetFold) -> str:
        """Return a SELECT of what imports of the dataset set aside and no later one mended.

        Besides the columns of quarantine it has ``quarantine_id``, the batch of a row.
        """
        batches = [
            self.journal.batch(attached.quarantine_id)
            for _, attached in fold.attached
            if attached.quarantine_id is not None
        ]
        self._prepare(batches)
        if not batches:
            nothing = empty_relation("quarantine")
            return f"SELECT *, CAST(NULL AS UUID) AS quarantine_id FROM ({nothing})"
        return " UNION ALL ".join(
            unmended(batch, self.journal.layout, fold.mended) for batch in batches
        )

    def originals_relation(self, fold: DatasetFold) -> str:
        """Return a SELECT of what imports of the dataset kept of their sources' bytes."""
        batches = [
            self.journal.batch(attached.originals_id)
            for _, attached in fold.attached
            if attached.originals_id is not None
        ]
        self._prepare(batches)
        return scan(batches, self.journal.layout, "originals")

    def rows(self, sql: str, parameters: list[object] | None = None) -> list[tuple[Any, ...]]:
        """Run one of our own queries; damage is named by file."""
        with self.diagnosing():
            return self.session.rows(sql, parameters)

    @contextmanager
    def diagnosing(self) -> Iterator[None]:
        """Name the damaged file when the engine stumbles over one.

        A flipped byte shows as a failed decryption, an impossible length or an absurd
        allocation; whether a segment is to blame, its digest knows.

        Raises:
            SegmentDamaged: a segment is not the file that was written.
        """
        try:
            yield
        except (Corrupt, EngineFailed, MemoryExhausted) as error:
            self._blame_segments()
            if isinstance(error, EngineFailed):
                # DuckDB refuses everything after an internal error; start afresh next time.
                self.close()
            raise

    def close(self) -> None:
        """Release the session."""
        if self._session is not None:
            self._session.close()
            self._session = None
        self._overlays.clear()
        self._checked.clear()

    def admit(self, batches: list[Batch]) -> None:
        """Check and unlock batches before a query of the caller's own reads them.

        Raises:
            SegmentDamaged: a segment is missing or its footer is not the one written.
        """
        self._prepare(batches)

    def _blame_segments(self) -> None:
        batches = list(self._checked.values())
        damages = check_segments(batches, self.journal.layout, self.journal.disk, whole=True)
        if damages:
            raise _damaged(damages[0].path.name, damages[0].reason, damages[0].rows)

    def _prepare(self, batches: list[Batch]) -> None:
        """Check size and footer of segments not seen before, and make their keys known."""
        fresh = [batch for batch in batches if batch.batch_id not in self._checked]
        if not fresh:
            return
        damages = check_segments(fresh, self.journal.layout, self.journal.disk, whole=False)
        if damages:
            raise _damaged(damages[0].path.name, damages[0].reason, damages[0].rows)
        add_keys(self.session, fresh, self.journal.keyring)
        self._checked.update((batch.batch_id, batch) for batch in fresh)


def _damaged(name: str, reason: str, rows: int) -> SegmentDamaged:
    return SegmentDamaged(
        f"segment {name} {reason}; it holds {rows:,} rows",
        hint="restore the store from a remote into a new folder: rolethread restore URL DEST",
    )
