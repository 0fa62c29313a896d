"""The room where batches are made: a session that may write to the staging folder only."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

import pyarrow as pa

from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.patching import add_functions
from rolethread_store.engine import Session, SessionFolders
from rolethread_store.errors import StoreError
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import BatchWriter
from rolethread_store.storage import new_spill_folder

__all__ = ["WritingRoom"]

WRITING_MEMORY = "700MB"
"""An import takes 0.45 GB resident in all; 0.9 GB where groups of 256 MB are read beside it."""


class WritingRoom:
    """Makes batch writers; its session starts with the first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session, started at the first use."""
        if self._session is None:
            layout = self._journal.layout
            folders = SessionFolders((layout.segments, layout.staging), new_spill_folder(layout))
            self._session = Session(folders, memory_limit=WRITING_MEMORY)
            add_functions(self._session)
        return self._session

    def writer(self, kind: BatchKind) -> BatchWriter:
        """Return a writer for a new batch."""
        journal = self._journal
        batch_id: UUID = journal.clock.new_id()
        place = (journal.layout, journal.disk)
        return BatchWriter(self.session, place, journal.keyring, batch_id, kind)

    def write_table(self, kind: BatchKind, rows: pa.Table) -> Batch | None:
        """Write an Arrow table as a batch; ``None`` when it has no rows."""
        return self.write_slices(kind, [rows])

    def write_slices(self, kind: BatchKind, slices: Iterable[pa.Table]) -> Batch | None:
        """Write Arrow tables as the segments of one batch; ``None`` without any row."""
        writer = self.writer(kind)
        try:
            for rows in slices:
                with self.session.table("rows_to_write", rows) as name:
                    writer.write(f"SELECT * FROM {name}", expected=rows.num_rows)
            return writer.finish()
        except BaseException:
            writer.abandon()
            raise

    def write_selects(
        self, kind: BatchKind, selects: Iterable[str], most: int | None = None
    ) -> Batch | None:
        """Write what SELECTs give as the segments of one batch; ``None`` without any row.

        Args:
            kind: What the rows are.
            selects: Each gives the rows of a segment.
            most: Rows that one of them gives at most, as far as that is known.
        """
        writer = self.writer(kind)
        try:
            for select in selects:
                writer.write(select, expected=most)
            return writer.finish()
        except BaseException:
            writer.abandon()
            raise

    def discard(self, batches: Iterable[Batch]) -> None:
        """Remove the files of batches that no manifest names."""
        for batch in batches:
            for segment in batch.segments:
                path = self._journal.layout.segment(batch.batch_id, segment.number)
                with suppress(StoreError):
                    self._journal.disk.remove(path)

    def close(self) -> None:
        """Release the session."""
        if self._session is not None:
            self._session.close()
            self._session = None
