r"""JSON Lines: one record per line, and only ``\n`` ends a line.

U+2028, U+2029, U+0085 and form feeds are legal inside JSON strings and common in prose;
a carriage return before the line feed is blank space to JSON.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.pieces import (
    Integers,
    broken_record,
    check_size,
    integers,
    pieces,
    record_batch,
)
from rolethread_store.formats.sources import Stream

__all__ = ["line_batches"]

Marks = npt.NDArray[np.bool_]
Block = npt.NDArray[np.uint8]

# Measured: larger chunks cost memory and win nothing.
_CHUNK_BYTES = 4 << 20
_SLAB_BLOCKS = 16
_NEWLINE = 0x0A
_INK = np.ones(256, np.bool_)
_INK[[*b" \t\r\n"]] = False


def _nobody() -> None:
    """Stand for the view of a block that was never lent."""


class _Blocks:
    """Buffers that are filled again once nobody looks at them.

    The first touch of fresh memory costs six times what reading into it does, but next to
    nothing in arrays so large that numpy asks for huge pages: 0.4 s less for 0.5 GB.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._blocks: deque[Block] = deque()
        self._lent: deque[Callable[[], Block | None]] = deque()

    def take(self) -> Block:
        """Return a free block; the one lent first is the likeliest to be.

        What is given out is a view that lives as long as anything made of it.
        """
        if not self._lent or self._lent[0]() is not None:
            fresh = np.empty(_SLAB_BLOCKS * self._size, np.uint8).reshape(_SLAB_BLOCKS, -1)
            self._blocks.extendleft(fresh)
            self._lent.extendleft([_nobody] * _SLAB_BLOCKS)
        self._blocks.rotate(-1)
        self._lent.rotate(-1)
        view = self._blocks[-1].view()
        self._lent[-1] = weakref.ref(view)
        return view


def line_batches(
    source: Stream, place: int, gaps: Gaps | None = None, lines: int = 0
) -> Iterator[pa.RecordBatch]:
    """Read to the end, one batch per chunk; blank lines are no records.

    Args:
        source: The file, read up to where a line begins.
        place: Where that is.
        lines: Lines before it.
        gaps: Hears of what stands between the records, without their blanks; each batch
            then has the column ``before``.

    Raises:
        RecordTooLarge: a line is larger than quarantine takes.
    """
    # Whole words, in which the marks are looked through.
    blocks, marks = _Blocks(_CHUNK_BYTES), np.empty(-(-_CHUNK_BYTES // 8) * 8, np.bool_)
    offset, pending, size = place, list[bytes](), 0
    while True:
        block = blocks.take()
        # The beginning of a line goes before its end, unless it would take up the block.
        head = b"".join(pending) if size <= _CHUNK_BYTES // 4 else b""
        with block.data as room:
            room[: len(head)] = head
            filled = len(head) + source.readinto(room[len(head) :])
        if filled == len(head):
            break
        ends = _line_ends(block[:filled], marks)
        if not len(ends):
            pending.append(block[len(head) : filled].tobytes())
            size += filled - len(head)
            check_size(size, offset)
            continue
        end = int(ends[-1])
        data: Block | bytes = block
        if size > len(head):
            data = b"".join((*pending, block[:end].data))
            ends = ends + size
        done = int(ends[-1])
        yield _batch(data, np.concatenate(([0], ends)), offset, lines, gaps)
        offset += done
        lines += len(ends)
        pending, size = [block[end:filled].tobytes()], filled - end
    if source.broken is not None:
        yield broken_record(b"".join(pending), lines + 1, offset, source.broken)
        return
    if size:
        yield _batch(b"".join(pending), np.array([0, size], np.int64), offset, lines, gaps)
    if gaps is not None:
        gaps.whole = True


def _line_ends(text: Block, marks: Marks) -> Integers:
    """Return the places after line feeds; ``marks`` is room for what is found.

    Eight bytes at a time, for most have no line feed: in 0.6 of the time.
    """
    whole = -(-len(text) // 8) * 8
    np.equal(text, _NEWLINE, out=marks[: len(text)])
    marks[len(text) : whole] = False
    words = np.flatnonzero(marks[:whole].view(np.uint64) != 0)
    within = np.flatnonzero(marks[:whole].reshape(-1, 8)[words])
    ends: Integers = words[within >> 3] * 8 + (within & 7) + 1
    return ends


def _batch(
    data: Block | bytes, cuts: Integers, offset: int, lines: int, gaps: Gaps | None
) -> pa.RecordBatch:
    text = np.frombuffer(data, np.uint8, count=int(cuts[-1]))
    records = np.arange(lines + 1, lines + len(cuts), dtype=np.int64)
    raw = pieces(data, cuts)
    starts = cuts[:-1]
    if not _INK[text[starts]].all():
        ink = np.logical_or.reduceat(_INK[text], starts)
        raw = raw.take(integers(np.flatnonzero(ink)))
        records, starts = records[ink], starts[ink]
    batch = record_batch(raw, records, starts + offset)
    if gaps is None:
        return batch
    return batch.append_column(BEFORE, gaps.around(data[: len(text)], *_inked(text, cuts)))


def _inked(text: Block, cuts: Integers) -> tuple[Integers, Integers]:
    """Return where the records of lines begin and end, blanks around them left out."""
    starts, ends = cuts[:-1], cuts[1:] - 1
    plain = ends > starts
    if plain.all() and _INK[text[starts]].all() and _INK[text[ends - 1]].all():
        # Nothing but a line feed at the end of each; the last may be without.
        open_end = bool(_INK[text[-1]])
        ends = ends + np.where(np.arange(len(ends)) == len(ends) - 1, open_end, 0)
        return starts, ends
    ink = np.flatnonzero(_INK[text])
    first, last = np.searchsorted(ink, cuts[:-1]), np.searchsorted(ink, cuts[1:])
    kept = last > first
    return ink[first[kept]], ink[last[kept] - 1] + 1
