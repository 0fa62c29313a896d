"""What stands between the records of a file, so that the file can be put together again.

A file of records is its records and the gaps around them: line feeds, commas, blanks, a
byte order mark, an array's brackets. Nearly always one gap is like the next; an import
that keeps originals notes that one, and those that differ from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.formats.pieces import Integers, integers, pieces

__all__ = ["BEFORE", "Gaps"]

BEFORE = "before"
"""Name of the column that holds the bytes in front of each record."""

Bytes = npt.NDArray[np.uint8]


@dataclass
class Gaps:
    """Hears of a file's bytes in order, and of where the records among them are.

    Attributes:
        rest: The bytes behind the last record; at the end of the file, its tail.
        whole: Whether the file was read to its end without a break.
    """

    rest: bytes = b""
    whole: bool = False

    def skip(self, data: bytes) -> None:
        """Take note of bytes in which no record is."""
        self.rest += data

    def around(self, data: bytes | Bytes, starts: Integers, ends: Integers) -> pa.Array:
        """Return the bytes in front of each record of a stretch.

        Args:
            data: The stretch that follows what was last heard of.
            starts: Where its records begin, rising.
            ends: Where each ends.
        """
        if not len(starts):
            self.rest += bytes(data)
            return pa.nulls(0, pa.binary())
        first = self.rest + bytes(data[: int(starts[0])])
        edges = np.column_stack((ends[:-1], starts[1:])).reshape(-1)
        between = pieces(data, edges) if len(edges) else pa.nulls(0, pa.binary())
        # Every other stretch is a record.
        between = between.take(integers(np.arange(0, len(edges), 2)))
        self.rest = bytes(data[int(ends[-1]) :])
        return pa.concat_arrays([pieces(first, np.array([0, len(first)])), between])

    @staticmethod
    def usual(before: pa.ChunkedArray) -> bytes | None:
        """Return the commonest gap between records, ``None`` where there is no second one."""
        if len(before) < 2:
            return None
        counted = pc.value_counts(before.slice(1))
        commonest = pc.index(counted.field("counts"), pc.max(counted.field("counts"))).as_py()
        return bytes(counted.field("values")[commonest].as_py())
