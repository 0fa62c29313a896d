r"""JSON Lines: one record per line, and only ``\n`` ends a line.

U+2028, U+2029, U+0085 and form feeds are legal inside JSON strings and common in prose;
a carriage return before the line feed is blank space to JSON.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rolethread_store.formats.pieces import (
    Integers,
    broken_record,
    check_size,
    pieces,
    record_batch,
)
from rolethread_store.formats.sources import Stream

__all__ = ["line_batches"]

Marks = npt.NDArray[np.bool_]

# Measured: larger chunks cost memory and win nothing.
_CHUNK_BYTES = 4 << 20
_NEWLINE = 0x0A
_INK = np.ones(256, np.bool_)
_INK[[*b" \t\r\n"]] = False


class _Blocks:
    """Buffers that are filled again once nobody looks at them.

    The first touch of fresh memory costs six times what reading into it does.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._blocks: deque[bytearray] = deque()

    def take(self) -> bytearray:
        """Return a free block; the one lent first is the likeliest to be."""
        if not self._blocks or not _is_free(self._blocks[0]):
            self._blocks.appendleft(bytearray(self._size))
        self._blocks.rotate(-1)
        return self._blocks[-1]


def _is_free(block: bytearray) -> bool:
    """Tell whether no view of the block is left: Python resizes no bytearray that has one."""
    try:
        last = block.pop()
    except BufferError:
        return False
    block.append(last)
    return True


def line_batches(source: Stream, start: int) -> Iterator[pa.RecordBatch]:
    """Read from ``start`` to the end, one batch per chunk; blank lines are no records.

    Raises:
        RecordTooLarge: a line is larger than quarantine takes.
    """
    source.skip(start)
    blocks, marks = _Blocks(_CHUNK_BYTES), np.empty(_CHUNK_BYTES, np.bool_)
    offset, lines, pending, size = start, 0, list[bytes](), 0
    while True:
        block = blocks.take()
        # The beginning of a line goes before its end, unless it would take up the block.
        head = b"".join(pending) if size <= _CHUNK_BYTES // 4 else b""
        with memoryview(block) as room:
            room[: len(head)] = head
            filled = len(head) + source.readinto(room[len(head) :])
        if filled == len(head):
            break
        end = block.rfind(b"\n", len(head), filled) + 1
        if not end:
            pending.append(bytes(block[len(head) : filled]))
            size += filled - len(head)
            check_size(size, offset)
            continue
        data = block if size == len(head) else b"".join((*pending, block[:end]))
        done = end if size == len(head) else size + end
        cuts = _line_cuts(data, done, marks)
        yield _batch(data, cuts, offset, lines)
        offset += done
        lines += len(cuts) - 1
        pending, size = [bytes(block[end:filled])], filled - end
    if source.broken is not None:
        yield broken_record(b"".join(pending), lines + 1, offset, source.broken)
    elif size:
        yield _batch(b"".join(pending), np.array([0, size], np.int64), offset, lines)


def _line_cuts(data: bytes | bytearray, end: int, marks: Marks) -> Integers:
    """Return where lines begin and end; ``marks`` is room for what is found."""
    text = np.frombuffer(data, np.uint8, count=end)
    newlines = np.flatnonzero(
        np.equal(text, _NEWLINE, out=marks[:end] if end <= len(marks) else None)
    )
    cuts = np.zeros(len(newlines) + 1, np.int64)
    cuts[1:] = newlines + 1
    return cuts


def _batch(data: bytes | bytearray, cuts: Integers, offset: int, lines: int) -> pa.RecordBatch:
    text = np.frombuffer(data, np.uint8, count=int(cuts[-1]))
    records = np.arange(lines + 1, lines + len(cuts), dtype=np.int64)
    raw = pieces(data, cuts)
    starts = cuts[:-1]
    if not _INK[text[starts]].all():
        ink = np.logical_or.reduceat(_INK[text], starts)
        raw, records, starts = raw.filter(pa.array(ink)), records[ink], starts[ink]
    return record_batch(raw, records, starts + offset)
