"""A file as a stream of Arrow tables of raw records, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from rolethread_store.formats.digesting import StreamDigest
from rolethread_store.formats.layout import Container, detect_layout
from rolethread_store.formats.lines import line_batches
from rolethread_store.formats.nested import nested_batches
from rolethread_store.formats.pieces import RECORD_SCHEMA

__all__ = ["GROUP_BYTES", "read_groups"]

# One engine statement and one segment per group. Measured: smaller groups leave cores idle
# at the seams and cost every query 0.7 ms a file, larger ones pass 1.5 GB of memory.
GROUP_BYTES = 256 << 20
_FIRST_SHARE = 8


def read_groups(
    path: Path, group_bytes: int = GROUP_BYTES, digest: StreamDigest | None = None
) -> Iterator[pa.Table]:
    """Yield the records of a file in order, in tables of about ``group_bytes``.

    Columns: ``record`` (1-based: line in JSON Lines, else element), ``offset`` (byte in
    the file), ``raw``, ``line`` (``NULL`` when not UTF-8) and ``fault`` (why it cannot be
    read as a record, or ``NULL``). The file is only ever opened for reading; ``digest``
    is fed with all its bytes.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceNotText: it is a folder, compressed, or not UTF-8.
        RecordTooLarge: one record is larger than quarantine takes.
    """
    layout = detect_layout(path)
    gathered: list[pa.RecordBatch] = []
    size = 0
    # The engine has nothing to do until the first group is there.
    limit = group_bytes // _FIRST_SHARE
    with path.open("rb") as opened:
        source = opened if digest is None else digest.over(opened)
        if layout.container is Container.LINES:
            batches = line_batches(source, layout.start)
        else:
            batches = nested_batches(source, layout)
        for batch in batches:
            if len(batch):
                gathered.append(batch)
                size += batch.column("raw").nbytes
            if size >= limit:
                yield pa.Table.from_batches(gathered, RECORD_SCHEMA)
                gathered, size, limit = [], 0, group_bytes
    if gathered:
        yield pa.Table.from_batches(gathered, RECORD_SCHEMA)
