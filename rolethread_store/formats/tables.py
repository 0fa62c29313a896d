"""Tables as streams of raw records: each row becomes the text of one JSON object.

A row's number stands for its offset too: in a columnar file a row is at no one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import pyarrow as pa

from rolethread_store.formats.pieces import record_batch
from rolethread_store.formats.sources import SourceFile, Stream
from rolethread_store.formats.tables_columnar import ColumnarFile
from rolethread_store.formats.tables_csv import csv_header, csv_rows
from rolethread_store.formats.tables_grouping import Grouping, grouped
from rolethread_store.formats.tables_json import objects
from rolethread_store.formats.tables_options import TABLE_KINDS
from rolethread_store.formats.tables_rows import OddRow, Rows, merged, odd_batch

__all__ = ["check_table", "table_batches", "table_kind"]

_HEAD_BYTES = 1 << 16
_DRAIN_BYTES = 4 << 20
_MARKS = ((b"PAR1", "parquet"), (b"ARROW1\0\0", "arrow"))
_PACKED = frozenset({".bz2", ".gz", ".xz", ".zst"})
_BOM = b"\xef\xbb\xbf"


def table_kind(head: bytes, source: SourceFile) -> str | None:
    """Return what kind of table a source is, ``None`` if it is none.

    Columnar files tell it themselves. Of text, the user's word or the name's ending decides,
    unless it begins as JSON does.

    Args:
        head: Its first bytes.
        source: Its name, and what the user says of it.
    """
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head.removeprefix(_BOM).lstrip(b" \t\r\n")[:1] in (b"{", b"["):
        return None
    # A single zero stands in one cell; where there are many it is no text.
    if head.count(0) * 10 > len(head):
        return None
    path = PurePath(source.name.casefold())
    if path.suffix in _PACKED:
        path = PurePath(path.stem)
    named = path.suffix.removeprefix(".")
    return named if named in TABLE_KINDS else source.table.kind


def check_table(source: SourceFile, stream: Stream, kind: str) -> None:
    """Look at a table's columns before any source is read.

    Args:
        source: The table.
        stream: Its bytes, from which none are taken.
        kind: What ``table_kind`` says of it.

    Raises:
        TableUnreadable: it is damaged.
        TableOptionsInvalid: a column that was named is not there.
    """
    if kind in TABLE_KINDS:
        _arranged(source, csv_header(stream, kind)[0])
    elif source.seekable is not None:
        with ColumnarFile(source, stream, kind) as table:
            _arranged(source, table.names)


def table_batches(source: SourceFile, stream: Stream) -> Iterator[pa.RecordBatch]:
    """Yield the records of a table in order.

    Args:
        source: The table.
        stream: Its bytes, from their beginning.

    Raises:
        TableUnreadable: it is damaged.
        TableOptionsInvalid: a column that was named is not there.
    """
    kind = table_kind(stream.peek(_HEAD_BYTES), source)
    if kind in TABLE_KINDS:
        names, divider = csv_header(stream, str(kind))
        yield from _records(source, names, csv_rows(stream, names, divider))
        return
    with ColumnarFile(source, stream, str(kind)) as table:
        yield from _records(source, table.names, table.rows())
    if source.seekable is not None and stream.watcher is not None:
        # A file that is jumped about in shows whoever watches its bytes none in order.
        room = bytearray(_DRAIN_BYTES)
        while stream.readinto(room):
            pass


def _arranged(source: SourceFile, names: list[str]) -> tuple[list[str], Grouping | None]:
    """Return what columns are called in the records, and how rows make conversations."""
    renamed = source.table.renamed(names, source.name)
    if source.table.group is None or not names:
        return renamed, None
    return renamed, Grouping.of(renamed, names.index(source.table.group), source.name)


def _records(
    source: SourceFile, names: list[str], bunches: Iterator[Rows]
) -> Iterator[pa.RecordBatch]:
    fields, grouping = _arranged(source, names)
    if grouping is not None:
        yield from grouped(bunches, grouping, source.name)
        return
    odd = list[OddRow]()
    for rows in bunches:
        odd += rows.odd
        if len(rows.numbers):
            batch = record_batch(objects(fields, rows.columns), rows.numbers, rows.numbers)
            yield merged(batch, odd)
            odd = []
    if odd:
        yield odd_batch(odd)
