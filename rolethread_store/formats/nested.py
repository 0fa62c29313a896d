"""Records inside one JSON array, or written side by side over as many lines as they like.

The records are cut out by their brackets; whether each is valid JSON is decided later, as
for lines. What does not belong to any record becomes a record of its own, so that no byte
but blanks and the array's own commas and brackets goes unaccounted for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.layout import Container, FileLayout
from rolethread_store.formats.pieces import (
    Integers,
    broken_record,
    check_size,
    pieces,
    record_batch,
)
from rolethread_store.formats.sources import Stream
from rolethread_store.formats.structure import BracketScan, Found

__all__ = ["nested_batches"]

_CHUNK_BYTES = 4 << 20
_BLANK = b" \t\r\n,"
_INK = np.ones(256, np.bool_)
_INK[[*_BLANK]] = False
_UNFINISHED = "the file ends before this record does"
_AFTER_ARRAY = "text after the end of the array"


def nested_batches(
    source: Stream, layout: FileLayout, gaps: Gaps | None = None
) -> Iterator[pa.RecordBatch]:
    """Read an array's elements or concatenated objects, one batch per chunk.

    Args:
        source: The file.
        layout: How it holds its records.
        gaps: Hears of what stands between them; each batch then has the column ``before``.

    Raises:
        RecordTooLarge: a record is larger than quarantine takes.
    """
    source.skip(layout.start)
    array = layout.container is Container.ARRAY
    scan = BracketScan(1 if array else 0)
    offset, count, fault = layout.start, 0, None
    pending, size = list[bytes](), 0
    while chunk := source.read(_CHUNK_BYTES):
        found = scan.feed(np.frombuffer(chunk, np.uint8)) if fault is None else None
        cuts = _cuts(found) if found is not None else np.empty(0, np.int64)
        if len(cuts):
            data = b"".join((*pending, chunk[: cuts[-1]]))
            batch = _batch(data, np.concatenate(([0], cuts + size)), (offset, count), gaps)
            count += len(batch)
            yield batch
            offset += len(data)
            pending, size, chunk = [], 0, chunk[cuts[-1] :]
        if found is not None and found.end is not None:
            # Only the right bracket belongs to the array; a wrong one is text like the rest.
            bracket = int(chunk.startswith(b"]"))
            if gaps is not None:
                gaps.skip(chunk[:bracket])
            fault, chunk, offset = _AFTER_ARRAY, chunk[bracket:], offset + bracket
        pending.append(chunk)
        size += len(chunk)
        check_size(size, offset)
    if source.broken is not None:
        yield broken_record(b"".join(pending).strip(_BLANK), count + 1, offset, source.broken)
        return
    if fault is None and scan.inside:
        fault = _UNFINISHED
    yield _batch(b"".join(pending), np.array([0, size], np.int64), (offset, count), gaps, fault)
    if gaps is not None:
        gaps.whole = True


def _cuts(found: Found) -> Integers:
    """Return where pieces end: around every record, and around every comma."""
    edges = [found.commas, found.commas + 1, found.opens, found.closes + 1]
    if found.end is not None:
        edges.append(np.array([found.end], np.int64))
    return np.unique(np.concatenate(edges))


def _batch(
    data: bytes,
    cuts: Integers,
    place: tuple[int, int],
    gaps: Gaps | None,
    fault: str | None = None,
) -> pa.RecordBatch:
    """Make records of the pieces that hold more than blanks, without those around them.

    Args:
        data: Bytes.
        cuts: Where the pieces end.
        place: Their offset in the file, and how many records were before them.
        gaps: Hears of what is between.
        fault: What is wrong with all of them.
    """
    offset, count = place
    ink = np.flatnonzero(_INK[np.frombuffer(data, np.uint8)])
    first, last = np.searchsorted(ink, cuts[:-1]), np.searchsorted(ink, cuts[1:])
    kept = last > first
    starts, ends = ink[first[kept]], ink[last[kept] - 1] + 1
    records = np.arange(count + 1, count + 1 + len(starts), dtype=np.int64)
    before = None if gaps is None else gaps.around(data, starts, ends)
    if not len(starts):
        batch = record_batch(pa.array([], pa.binary()), records, starts)
        return batch if before is None else batch.append_column(BEFORE, before)
    stretches = pieces(data, np.column_stack((starts, ends)).reshape(-1))
    raw = stretches.take(pa.array(np.arange(0, 2 * len(starts), 2)))
    batch = record_batch(raw, records, starts + offset, fault)
    return batch if before is None else batch.append_column(BEFORE, before)
