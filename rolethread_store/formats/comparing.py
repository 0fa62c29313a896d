"""Comparing what an exact export writes with the file it came from, while it is written."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.sources import SourceFile

__all__ = ["Difference", "Expected", "SourceComparison"]

_BLANKS = " \t\r\n"
_SHOWN = 40
_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where what was written is not what the file has.

    Attributes:
        offset: Bytes before it that were the same.
        record: Number of the record it is in, or in front of; 0 before the first.
        expected: What the file has there, the first bytes of it.
        found: What was written.
    """

    offset: int
    record: int
    expected: bytes
    found: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """A file's bytes, read once more, perhaps without some of its records.

    Attributes:
        source: The file.
        written: Numbers of the records that are to be there, ``None`` for all.
        between: What joins two records where one between them is left out.
    """

    source: SourceFile
    written: Collection[int] | None
    between: str

    def pieces(self) -> Iterator[tuple[pa.Array, pa.Array]]:
        """Yield numbers of records with their bytes and those in front of them.

        At last comes what is behind the last record, under its number.
        """
        gaps, last, first = Gaps(), 0, True
        wanted = None if self.written is None else pa.array(sorted(self.written), pa.int64())
        for group in read_groups(self.source, gaps=gaps):
            if first:
                head = group[BEFORE][0].as_py().decode()
                yield pa.array([0]), pa.array([head])
                first = False
            if wanted is not None:
                group = group.filter(pc.is_in(group["record"], value_set=wanted))
            if not len(group):
                continue
            records = group["record"].combine_chunks()
            previous = pa.concat_arrays([pa.array([last], pa.int64()), records[:-1]])
            follows = pc.equal(records, pc.add(previous, 1))
            gap = pc.if_else(follows, pc.cast(group[BEFORE], pa.string()), self.between)
            gap = gap.combine_chunks() if isinstance(gap, pa.ChunkedArray) else gap
            if last == 0:
                gap = pa.concat_arrays([pa.array([""]), gap[1:]])
            text = pc.utf8_trim(group["line"].combine_chunks(), _BLANKS)
            yield records, pc.binary_join_element_wise(gap, text, "")
            last = records[-1].as_py()
        yield pa.array([last]), pa.array([gaps.rest.decode()])

    def record_at(self, offset: int) -> int:
        """Return the number of the record that a byte is in or in front of."""
        for records, texts in self.pieces():
            ends = np.cumsum(np.from_dlpack(pc.binary_length(texts)), dtype=np.int64)
            if offset < ends[-1]:
                return int(records[int(np.searchsorted(ends, offset, side="right"))].as_py())
            offset -= int(ends[-1])
            last = int(records[-1].as_py())
        return last

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes in order."""
        if self.written is None:
            with self.source.open() as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
            return
        for _, texts in self.pieces():
            yield "".join(texts.to_pylist()).encode()


class SourceComparison(io.RawIOBase):
    """Takes what is written and compares it with what is expected."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._chunks = expected.chunks()
        self._rest = memoryview(b"")
        self.same = 0
        self.difference: Difference | None = None

    def writable(self) -> bool:
        """Tell that it takes bytes."""
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Compare the next bytes."""
        # Arrow lends its bytes as signed ones, which differ from ours above 127.
        given = memoryview(data).cast("B")
        while len(given) and self.difference is None:
            mine = self._next()
            length = min(len(mine), len(given))
            if not length or mine[:length] != given[:length]:
                self._differ(mine, given)
                break
            self._rest, given = mine[length:], given[length:]
            self.same += length
        return len(data)

    def _next(self) -> memoryview:
        """Return what is expected next, empty at the end."""
        while not len(self._rest):
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest = memoryview(chunk)
        return self._rest

    def end(self) -> None:
        """Expect no more to be written."""
        if self.difference is None and len(rest := self._next()):
            self._differ(rest, memoryview(b""))

    def _differ(self, expected: memoryview, found: memoryview) -> None:
        length = min(len(expected), len(found))
        mine, its = (np.frombuffer(one[:length], np.uint8) for one in (expected, found))
        places = np.flatnonzero(mine != its)
        first = int(places[0]) if len(places) else length
        self.same += first
        self.difference = Difference(
            self.same,
            self._expected.record_at(self.same),
            bytes(expected[first : first + _SHOWN]),
            bytes(found[first : first + _SHOWN]),
        )
