"""Looking up many entries in a batch at once: semi joins over ids, and nothing else read."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import pyarrow as pa

from rolethread_store.dataset.reader import Reader
from rolethread_store.model import Batch
from rolethread_store.segments import scan

__all__ = ["BatchProbe"]


class BatchProbe:
    """Tells which ids batches of entries or tags hold.

    Args:
        reader: The reading session.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def among(self, batch_id: UUID, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that a batch holds.

        Raises:
            BatchUnknown: no manifest knows the batch.
            SegmentDamaged: a segment is missing or not the one written.
        """
        batch = self._reader.journal.batch(batch_id)
        spans = [(s.first_id, s.last_id) for s in batch.segments]
        # Entries of other imports fall outside of every segment's span and cost no query.
        near = [
            key for key in ids if any(a is None or b is None or a <= key <= b for a, b in spans)
        ]
        if not near:
            return set()
        table = pa.table({"entry_id": [str(key) for key in near]})
        with self._reader.session.table("probed_ids", table) as name:
            found = self._reader.rows(
                f"SELECT entry_id FROM ({self._ids(batch)}) SEMI JOIN "
                f"(SELECT CAST(entry_id AS UUID) AS entry_id FROM {name}) p USING (entry_id)"
            )
        return {row[0] for row in found}

    def meet(self, one: UUID, other: UUID) -> bool:
        """Return whether two batches have an id in common.

        Raises:
            BatchUnknown: no manifest knows one of the batches.
            SegmentDamaged: a segment is missing or not the one written.
        """
        batches = [self._reader.journal.batch(batch_id) for batch_id in (one, other)]
        left, right = (self._ids(batch) for batch in batches)
        found = self._reader.rows(
            f"SELECT true FROM ({left}) SEMI JOIN ({right}) p USING (entry_id) LIMIT 1"
        )
        return bool(found)

    def _ids(self, batch: Batch) -> str:
        self._reader.admit([batch])
        return f"SELECT entry_id FROM ({scan([batch], self._reader.journal.layout, batch.kind)})"
