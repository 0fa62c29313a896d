r"""JSON Lines: one record per line, and only ``\n`` ends a line.

U+2028, U+2029, U+0085 and form feeds are legal inside JSON strings and common in prose;
a carriage return before the line feed is blank space to JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from rolethread_store.formats.pieces import Integers, check_size, pieces, record_batch

__all__ = ["line_batches"]

# Measured: larger chunks cost memory and win nothing.
_CHUNK_BYTES = 4 << 20
_NEWLINE = 0x0A
_INK = np.ones(256, np.bool_)
_INK[[*b" \t\r\n"]] = False


def line_batches(source: BinaryIO, start: int) -> Iterator[pa.RecordBatch]:
    """Read from ``start`` to the end, one batch per chunk; blank lines are no records.

    Raises:
        RecordTooLarge: a line is larger than quarantine takes.
    """
    source.seek(start)
    offset, lines, pending, size = start, 0, list[bytes](), 0
    while chunk := source.read(_CHUNK_BYTES):
        end = chunk.rfind(b"\n") + 1
        if not end:
            pending.append(chunk)
            size += len(chunk)
            check_size(size, offset)
            continue
        data = b"".join((*pending, chunk))
        cuts = _line_cuts(data, size + end)
        yield _batch(data, cuts, offset, lines)
        offset += size + end
        lines += len(cuts) - 1
        pending, size = [chunk[end:]], len(chunk) - end
    if size:
        yield _batch(b"".join(pending), np.array([0, size], np.int64), offset, lines)


def _line_cuts(data: bytes, end: int) -> Integers:
    newlines = np.flatnonzero(np.frombuffer(data, np.uint8, count=end) == _NEWLINE)
    cuts = np.zeros(len(newlines) + 1, np.int64)
    cuts[1:] = newlines + 1
    return cuts


def _batch(data: bytes, cuts: Integers, offset: int, lines: int) -> pa.RecordBatch:
    text = np.frombuffer(data, np.uint8, count=int(cuts[-1]))
    records = np.arange(lines + 1, lines + len(cuts), dtype=np.int64)
    raw = pieces(data, cuts)
    starts = cuts[:-1]
    if not _INK[text[starts]].all():
        ink = np.logical_or.reduceat(_INK[text], starts)
        raw, records, starts = raw.filter(pa.array(ink)), records[ink], starts[ink]
    return record_batch(raw, records, starts + offset)
