"""Ids and message counts of segments in memory, so that an id is found in microseconds.

What is kept is what a bisection reads: the lower halves of the sorted ids and the message
counts, 12 bytes an entry. The ids of one import share their upper half for a million
entries; a segment in which it differs keeps the upper halves as well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rolethread_store.changelog import Layer
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.reader import Reader
from rolethread_store.model import Batch, BatchKind, Segment
from rolethread_store.segments import scan

__all__ = ["ABSENT", "SegmentIndexes"]

ABSENT = -1
"""Message count of an entry that is not there."""

_KEPT_ROWS = 8 << 20
"""Rows whose ids are kept, about 100 MB."""
_GROWTH, _MOST_AT_ONCE = 4, 16
_LOW = 2**64 - 1


class _Numbers(Protocol):
    """A memory view of integers: bisecting one is ten times faster than a numpy array."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class _SegmentIndex:
    """Sorted ids of one segment, in two halves, with message counts (0 in a mask).

    Attributes:
        high: The upper halves, or the one that all ids share.
        low: The lower halves.
        counts: The message counts.
    """

    high: _Numbers | int
    low: _Numbers
    counts: _Numbers

    def count_of(self, entry_id: int) -> int:
        """Return the message count of an entry, ``ABSENT`` when it is not in here."""
        first, last = 0, len(self.low)
        high = entry_id >> 64
        if isinstance(self.high, int):
            if high != self.high:
                return ABSENT
        else:
            first = bisect_left(self.high, high)
            last = bisect_right(self.high, high)
        low = entry_id & _LOW
        place = bisect_left(self.low, low, first, last)
        return self.counts[place] if place < last and self.low[place] == low else ABSENT


@dataclass(frozen=True, slots=True)
class _Range:
    """The ids a segment may hold, as integers: comparing those of ``UUID`` is slow."""

    first: int
    last: int
    segment: Segment


class SegmentIndexes:
    """The indexes of segments, loaded when an id falls into a segment's range.

    Each load brings four times as many segments as are loaded already, so that edits all
    over a dataset wait a few times, not once per segment; a single edit loads just one.
    """

    def __init__(self, journal: Journal, reader: Reader) -> None:
        self._journal = journal
        self._reader = reader
        self._ranges: dict[UUID, tuple[_Range, ...]] = {}
        self._indexes: dict[tuple[UUID, int], _SegmentIndex] = {}
        self._rows = 0

    def count_in(self, layer: Layer, entry_id: int) -> int:
        """Return an entry's message count in a layer (0 in a mask), ``ABSENT`` without it."""
        batch_id = layer.batch_id
        ranges = self._ranges.get(batch_id)
        if ranges is None:
            ranges = self._ranges[batch_id] = _ranges(self._journal.batch(batch_id))
        for place, span in enumerate(ranges):
            if span.first <= entry_id <= span.last:
                if layer.segments is not None and span.segment.number not in layer.segments:
                    continue
                index = self._indexes.get((batch_id, span.segment.number))
                if index is None:
                    index = self._load(batch_id, ranges, place)
                count = index.count_of(entry_id)
                if count != ABSENT:
                    return count
        return ABSENT

    def _load(self, batch_id: UUID, ranges: tuple[_Range, ...], place: int) -> _SegmentIndex:
        """Load the index of one segment, and with it those of some that follow."""
        known = sum(key[0] == batch_id for key in self._indexes)
        wanted = [ranges[place].segment]
        rows = wanted[0].rows
        for span in (*ranges[place + 1 :], *ranges[:place]):
            if len(wanted) >= min(_GROWTH * known, _MOST_AT_ONCE):
                break
            if (batch_id, span.segment.number) in self._indexes:
                continue
            if self._rows + rows + span.segment.rows > _KEPT_ROWS:
                break
            wanted.append(span.segment)
            rows += span.segment.rows
        self._make_room(rows)
        batch = self._journal.batch(batch_id)
        for segment in wanted:
            self._indexes[batch_id, segment.number] = self._read(batch, segment)
            self._rows += segment.rows
        return self._indexes[batch_id, wanted[0].number]

    def _make_room(self, rows: int) -> None:
        """Forget the indexes loaded longest ago while there are too many."""
        while self._indexes and self._rows + rows > _KEPT_ROWS:
            oldest = next(iter(self._indexes))
            self._rows -= len(self._indexes.pop(oldest).low)

    def _read(self, batch: Batch, segment: Segment) -> _SegmentIndex:
        session = self._reader.session
        self._reader.admit([batch])
        part = batch.model_copy(update={"segments": (segment,)})
        count = "message_count" if batch.kind is BatchKind.ENTRIES else "0"
        with self._reader.diagnosing():
            columns = session.arrow(
                f"SELECT CAST(entry_id AS BLOB) AS id, CAST({count} AS INTEGER) AS count "
                f"FROM ({scan([part], self._journal.layout, batch.kind)})"
            )
        return _indexed(columns)


def _ranges(batch: Batch) -> tuple[_Range, ...]:
    return tuple(
        _Range(segment.first_id.int, segment.last_id.int, segment)
        for segment in batch.segments
        if segment.first_id is not None and segment.last_id is not None
    )


def _indexed(columns: pa.Table) -> _SegmentIndex:
    """Return the index of one segment's rows, sorted unless they are so already."""
    ids = columns.column("id").combine_chunks().cast(pa.binary(16))
    halves = np.frombuffer(ids.buffers()[1], ">u8", 2 * len(ids), 16 * ids.offset)
    high, low = halves[0::2].astype(np.uint64), halves[1::2].astype(np.uint64)
    # Arrow's own to_numpy would load pandas first, if it is installed: 0.4 s before an edit.
    counts = np.from_dlpack(columns.column("count").combine_chunks())
    if not _ascending(high, low):
        order = np.lexsort((low, high))
        high, low, counts = high[order], low[order], counts[order]
    shared = high[0] == high[-1]
    return _SegmentIndex(int(high[0]) if shared else high.data, low.data, counts.data)


def _ascending(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> bool:
    same = high[1:] == high[:-1]
    return bool(np.all((high[1:] > high[:-1]) | (same & (low[1:] >= low[:-1]))))
