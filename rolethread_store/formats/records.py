"""A source as a stream of Arrow tables of raw records, one row each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.layout import Container, FileLayout, as_source, detect_layout
from rolethread_store.formats.lines import line_batches
from rolethread_store.formats.nested import nested_batches
from rolethread_store.formats.pieces import RECORD_SCHEMA
from rolethread_store.formats.sources import SourceFile, Stream, Watcher
from rolethread_store.formats.tables import table_batches

__all__ = ["GROUP_BYTES", "Records", "end_of", "open_records", "read_groups"]

# One engine statement and one segment per group. Measured: smaller groups leave cores idle
# at the seams and cost every query 0.7 ms a file, larger ones take twice their size.
GROUP_BYTES = 256 << 20
_FIRST_SHARE = 8


class Records:
    """The records of a source in groups, each as a table or as a flow of batches.

    A flow gives the batches as they are asked for. What could not be done with the flow can
    be done with the group's table: from what was kept of it, or by reading it once more.
    """

    def __init__(
        self,
        batches: Iterator[pa.RecordBatch],
        schema: pa.Schema,
        limit: int,
        size: int | None,
        again: Callable[[int, int], Iterator[pa.RecordBatch]] | None = None,
    ) -> None:
        """Begin with the first record.

        Args:
            batches: All of them.
            schema: The columns that are wanted.
            limit: Bytes of a group.
            size: Bytes of the source, ``None`` when that is known only at the end.
            again: Gives those from a place on, behind so many records; ``None`` where
                nothing can be read twice.
        """
        self._batches = batches
        self._schema = schema
        self._limit = limit
        self._size = size
        self._again = again
        self._held = deque[pa.RecordBatch]()
        self._given = 0
        self._first: tuple[int, int] | None = None
        self._end = 0
        self._begun = False
        self._rows = self._bytes = self._place = 0

    def head(self, rows: int) -> pa.Table | None:
        """Look at the first records, so many if they are small; ``None`` without any."""
        while sum(map(len, self._held)) < rows and self._held_bytes < self._limit // _FIRST_SHARE:
            if self._next(len(self._held)) is None:
                break
        return pa.Table.from_batches(self._held, self._schema) if self._held else None

    def more(self) -> bool:
        """Tell whether records are left."""
        return self._next(0) is not None

    def expected(self) -> int:
        """Return about how many records the next group has, by those read so far."""
        coming = self._limit
        if self._size is not None:
            coming = min(coming, self._size - self._place + self._held_bytes)
        return max(coming, 0) * self._rows // max(self._bytes, 1)

    def flow(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of the next group."""
        self._begun = True
        self._given = size = 0
        while size < self._limit and (batch := self._next(self._given)) is not None:
            self._first = self._first or (_value(batch, "offset"), _value(batch, "record") - 1)
            self._end = end_of(batch)
            size += batch.column("raw").nbytes
            if self._again is None:
                self._given += 1
            else:
                self._held.popleft()
            yield batch

    def done(self) -> int:
        """Let go of the group whose flow has ended, and return where it ends."""
        for _ in range(self._given):
            self._held.popleft()
        self._given, self._first = 0, None
        return self._end

    def table(self) -> pa.Table | None:
        """Return the next group, or the one whose flow came to nothing; ``None`` at the end."""
        # The engine has nothing to do until the first group is there.
        limit = self._limit if self._begun else max(self._limit // _FIRST_SHARE, 1)
        self._begun = True
        if self._again is not None and self._first is not None:
            self._held.clear()
            self._batches = self._again(*self._first)
        self._first = None
        gathered, size = list[pa.RecordBatch](), 0
        while size < limit and (batch := self._next(0)) is not None:
            gathered.append(self._held.popleft())
            size += batch.column("raw").nbytes
        return pa.Table.from_batches(gathered, self._schema) if gathered else None

    @property
    def _held_bytes(self) -> int:
        return sum(batch.column("raw").nbytes for batch in self._held)

    def _next(self, index: int) -> pa.RecordBatch | None:
        """Return a batch of those held, or read one more; ``None`` at the end."""
        while index >= len(self._held):
            batch = next(self._batches, None)
            if batch is None:
                return None
            if batch.num_columns < len(self._schema):
                # The record in which a source breaks off, and rows of tables, stand alone.
                batch = batch.append_column(BEFORE, pa.nulls(len(batch), pa.binary()))
            if len(batch):
                self._held.append(batch)
                self._rows += len(batch)
                self._bytes += batch.column("raw").nbytes
                self._place = end_of(batch)
        return self._held[index]


def _value(batch: pa.RecordBatch, column: str) -> int:
    return int(batch.column(column)[0].as_py())


def end_of(rows: pa.Table | pa.RecordBatch) -> int:
    """Return the place behind the last of some records."""
    last = len(rows) - 1
    return int(rows["offset"][last].as_py()) + len(rows["raw"][last].as_buffer())


@contextmanager
def open_records(
    path: Path | SourceFile,
    group_bytes: int = GROUP_BYTES,
    watcher: Watcher | None = None,
    gaps: Gaps | None = None,
) -> Iterator[Records]:
    """Open a source for reading its records in order, in groups of about ``group_bytes``.

    Columns: ``record`` (1-based: line in JSON Lines, row in a table, else element),
    ``offset`` (byte in the source's text, unpacked and as UTF-8; in a table the row again),
    ``raw``, ``line`` (``NULL`` when not UTF-8) and ``fault`` (why it cannot be read as a
    record, or ``NULL``). The source is only ever opened for reading. Where its bytes end
    before they should, what is there of the last record has that for its fault.

    Args:
        path: The source.
        group_bytes: Size of a group.
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
    schema = RECORD_SCHEMA if gaps is None else RECORD_SCHEMA.append(pa.field(BEFORE, pa.binary()))
    heard = _Heard(watcher)
    with ExitStack() as open_streams:
        stream = open_streams.enter_context(source.open(heard.hear))

        def again(place: int, records: int) -> Iterator[pa.RecordBatch]:
            heard.place = place
            resumed = open_streams.enter_context(source.open_at(place, heard.hear))
            return line_batches(resumed, place, lines=records)

        lines = layout.container is Container.LINES and gaps is None
        # Not every web server lets a file be read from its middle, nor for nothing.
        found = again if lines and source.near else None
        batches = _batches(source, stream, layout, gaps)
        yield Records(batches, schema, group_bytes, layout.size, found)


class _Heard:
    """Lets a watcher hear each byte once, however often it is read."""

    def __init__(self, watcher: Watcher | None) -> None:
        self.place = 0
        self._watcher = watcher
        self._end = 0

    def hear(self, data: memoryview) -> None:
        """Pass on what was not heard before."""
        self.place += len(data)
        fresh = self.place - self._end
        if fresh > 0 and self._watcher is not None:
            self._watcher(data[-fresh:])
        self._end = max(self._end, self.place)


def read_groups(
    path: Path | SourceFile,
    group_bytes: int = GROUP_BYTES,
    watcher: Watcher | None = None,
    gaps: Gaps | None = None,
) -> Iterator[pa.Table]:
    """Yield the records of a source in tables; :func:`open_records` says the rest."""
    with open_records(path, group_bytes, watcher, gaps) as records:
        while (group := records.table()) is not None:
            yield group


def _batches(
    source: SourceFile, stream: Stream, layout: FileLayout, gaps: Gaps | None
) -> Iterator[pa.RecordBatch]:
    if layout.container is Container.TABLE:
        return table_batches(source, stream)
    if gaps is not None:
        gaps.skip(stream.peek(layout.start)[: layout.start])
    if layout.container is Container.LINES:
        stream.skip(layout.start)
        return line_batches(stream, layout.start, gaps)
    return nested_batches(stream, layout, gaps)
