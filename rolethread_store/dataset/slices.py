"""Rows of any number, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from rolethread_store.dataset.reader import Reader
from rolethread_store.engine import literal

__all__ = ["row_slices"]

_SLICE_ROWS = 100_000


def row_slices(reader: Reader, relation: str, key: str, kind: str) -> Iterator[pa.Table]:
    """Yield rows in the order of a column, 100,000 or so at a time: they need not fit into memory.

    Args:
        reader: Runs the queries.
        relation: A SELECT that its session can run.
        key: The column; rows that are equal in it come together.
        kind: Its SQL type.
    """
    rows = reader.rows(
        f"SELECT min({key}) FROM (SELECT {key}, (row_number() OVER (ORDER BY {key}) - 1) "
        f"// {_SLICE_ROWS} AS slice FROM ({relation})) GROUP BY slice ORDER BY slice"
    )
    starts = [f"CAST({literal(str(row[0]))} AS {kind})" for row in rows]
    for start, end in zip(starts, [*starts[1:], None], strict=False):
        until = "" if end is None else f" AND {key} < {end}"
        yield reader.session.arrow(
            f"SELECT * FROM ({relation}) WHERE {key} >= {start}{until} ORDER BY {key}"
        )
