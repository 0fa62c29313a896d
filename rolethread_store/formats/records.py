"""A file as a stream of Arrow tables of raw records, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.layout import Container, FileLayout, as_source, detect_layout
from rolethread_store.formats.lines import line_batches
from rolethread_store.formats.nested import nested_batches
from rolethread_store.formats.pieces import RECORD_SCHEMA
from rolethread_store.formats.sources import SourceFile, Stream, Watcher
from rolethread_store.formats.tables import table_batches

__all__ = ["GROUP_BYTES", "read_groups"]

# One engine statement and one segment per group. Measured: smaller groups leave cores idle
# at the seams and cost every query 0.7 ms a file, larger ones pass 1.5 GB of memory.
GROUP_BYTES = 256 << 20
_FIRST_SHARE = 8


def read_groups(
    path: Path | SourceFile,
    group_bytes: int = GROUP_BYTES,
    watcher: Watcher | None = None,
    gaps: Gaps | None = None,
) -> Iterator[pa.Table]:
    """Yield the records of a source in order, in tables of about ``group_bytes``.

    Columns: ``record`` (1-based: line in JSON Lines, row in a table, else element),
    ``offset`` (byte in the source's text, unpacked and as UTF-8; in a table the row again),
    ``raw``, ``line`` (``NULL`` when not UTF-8) and ``fault`` (why it cannot be read as a
    record, or ``NULL``). The source is only ever opened for reading. Where its bytes end
    before they should, what is there of the last record has that for its fault.

    Args:
        path: The source.
        group_bytes: Size of a table.
        watcher: Hears of all bytes as they are read; of those of a columnar table, which
            are not read in order, only when the source cannot be jumped about in.
        gaps: Hears of what stands between the records, which then have it in the column
            ``before``; not of a table's, nor of a source that breaks off.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceUnavailable: the disk or the remote fails.
        SourceNotText: it is a folder, or bytes that no reader here understands.
        SourceExpands: it is compressed and unpacks to too much.
        RecordTooLarge: one record is larger than quarantine takes.
        TableUnreadable: it is a table that is damaged.
    """
    source = as_source(path)
    layout = detect_layout(source)
    gathered, size = list[pa.RecordBatch](), 0
    # The engine has nothing to do until the first group is there.
    limit = group_bytes // _FIRST_SHARE
    schema = RECORD_SCHEMA if gaps is None else RECORD_SCHEMA.append(pa.field(BEFORE, pa.binary()))
    with source.open(watcher) as stream:
        for batch in _batches(source, stream, layout, gaps):
            if len(batch) and batch.num_columns < len(schema):
                # The record in which a source breaks off, and rows of tables, stand alone.
                batch = batch.append_column(BEFORE, pa.nulls(len(batch), pa.binary()))
            if len(batch):
                gathered.append(batch)
                size += batch.column("raw").nbytes
            if size >= limit:
                yield pa.Table.from_batches(gathered, schema)
                gathered, size, limit = [], 0, group_bytes
    if gathered:
        yield pa.Table.from_batches(gathered, schema)


def _batches(
    source: SourceFile, stream: Stream, layout: FileLayout, gaps: Gaps | None
) -> Iterator[pa.RecordBatch]:
    if layout.container is Container.TABLE:
        return table_batches(source, stream)
    if gaps is not None:
        gaps.skip(stream.peek(layout.start)[: layout.start])
    if layout.container is Container.LINES:
        return line_batches(stream, layout.start, gaps)
    return nested_batches(stream, layout, gaps)
