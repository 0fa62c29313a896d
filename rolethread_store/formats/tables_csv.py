"""Comma- and tab-separated text: every cell is text, and stays it.

Nothing is guessed: ``007`` stays ``007``. A cell with nothing in it is no field of the
record; one that is quoted and empty is an empty text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from io import RawIOBase

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from rolethread_store.formats.pieces import Integers
from rolethread_store.formats.sources import Stream
from rolethread_store.formats.tables_json import objects
from rolethread_store.formats.tables_rows import OddRow, Rows, TableUnreadable

__all__ = ["csv_header", "csv_rows"]

# A row must fit into one block. Cells of more than 131,072 characters are common.
_BLOCK_BYTES = 32 << 20
_HEADER_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_NEVER_CLOSED = "a quoted cell is never closed"


def csv_header(stream: Stream, kind: str) -> tuple[list[str], str]:
    """Return the names of the columns and what divides cells, without taking any bytes.

    Args:
        stream: The text, from its beginning.
        kind: ``csv`` or ``tsv``.

    Raises:
        TableUnreadable: there is no first row that names columns.
    """
    head = stream.peek(_HEADER_BYTES).removeprefix(_BOM)
    try:
        # The end may fall within a character.
        text = head.decode() if len(head) < _HEADER_BYTES - 4 else head.decode(errors="ignore")
    except UnicodeDecodeError as error:
        if head.find(b"\n") > error.start or b"\n" not in head:
            raise TableUnreadable(
                f"{stream.shown}: the names of its columns are not UTF-8",
                hint="say what it is: --encoding cp1252",
            ) from None
        text = head.decode(errors="replace")
    first = text.lstrip("\r\n").partition("\n")[0]
    divider = "\t" if kind == "tsv" else max(",;\t", key=first.count)
    if not first.count(divider):
        divider = "\t" if kind == "tsv" else ","
    try:
        names = next(
            (row for row in csv.reader(io.StringIO(text, ""), delimiter=divider) if row), []
        )
    except csv.Error as error:
        raise TableUnreadable(f"{stream.shown}: its first row cannot be read ({error})") from None
    return names, divider


class _Counted(RawIOBase):
    """The bytes of a stream, with their quotes counted as they pass."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self.quotes = 0
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, room: object, /) -> int:
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        count = self._stream.readinto(view)
        self.quotes += bytes(view[:count]).count(b'"')
        return count


def csv_rows(stream: Stream, names: list[str], divider: str) -> Iterator[Rows]:
    """Yield the rows below the first, one bunch per block of text.

    Args:
        stream: The text, from its beginning.
        names: What its columns are called.
        divider: What divides cells.

    Raises:
        TableUnreadable: a row is longer than 32 MiB, or has too many cells and no UTF-8.
    """
    if not names:
        return
    stream.skip(len(_BOM) if stream.peek(len(_BOM)) == _BOM else 0)
    counted, odd = _Counted(stream), list[OddRow]()
    numbering, held = _Numbering(odd), None
    try:
        for batch in _reader(counted, names, divider, odd):
            rows = numbering.numbered(batch)
            if held is not None:
                yield held
            held = rows
    except pa.ArrowInvalid as error:
        # A row of names alone, without a line feed behind it, is an empty table.
        if "Empty CSV" not in str(error):
            raise _unreadable(stream.shown, error) from None
    fault = stream.broken or (_NEVER_CLOSED if counted.quotes % 2 else None)
    last = Rows([], np.empty(0, np.int64)) if held is None else held
    if fault is not None:
        last = _without_last(last, names, fault, sure=stream.broken is not None)
    yield last
    if odd:
        yield Rows([], np.empty(0, np.int64), odd)


def _reader(
    counted: _Counted, names: list[str], divider: str, odd: list[OddRow]
) -> Iterator[pa.RecordBatch]:
    expected = len(names)

    def note(row: pa_csv.InvalidRow) -> str:
        fault = f"{row.actual_columns} cells in a table of {expected} columns"
        # The row of names is the first to Arrow.
        odd.append(OddRow(row.number - 1, row.text.encode(), fault))
        return "skip"

    columns = [f"f{index}" for index in range(expected)]
    yield from pa_csv.open_csv(
        counted,
        read_options=pa_csv.ReadOptions(
            use_threads=False, block_size=_BLOCK_BYTES, autogenerate_column_names=True
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=divider, newlines_in_values=True, invalid_row_handler=note
        ),
        convert_options=pa_csv.ConvertOptions(
            # Bytes, because one cell that is no UTF-8 must not cost the others.
            column_types=dict.fromkeys(columns, pa.binary()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


class _Numbering:
    """Gives rows their numbers, past those that could not be read."""

    def __init__(self, odd: list[OddRow]) -> None:
        self._odd = odd
        self._next = 0

    def numbered(self, batch: pa.RecordBatch) -> Rows:
        skipped = [row.number for row in self._odd]
        span = np.arange(self._next, self._next + len(batch) + len(skipped), dtype=np.int64)
        numbers: Integers = np.setdiff1d(span, np.array(skipped, np.int64))[: len(batch)]
        self._next = int(numbers[-1]) + 1 if len(numbers) else self._next
        before = [row for row in self._odd if row.number < self._next]
        del self._odd[: len(before)]
        first = int(len(numbers) > 0 and numbers[0] == 0)
        columns = [column.slice(first) for column in batch.columns]
        return Rows(columns, numbers[first:], before)


def _without_last(rows: Rows, names: list[str], fault: str, *, sure: bool) -> Rows:
    """Return the rows with the last one set aside, in which the text breaks off.

    A quote within a cell that has none around it is legal, so an odd number of quotes alone
    proves nothing; but the last row then also holds a line feed.
    """
    if not len(rows.numbers):
        number = rows.odd[-1].number + 1 if rows.odd else 1
        return Rows([], rows.numbers, [*rows.odd, OddRow(number, b"", fault)]) if sure else rows
    count = len(rows.numbers) - 1
    raw = objects(names, [column.slice(count) for column in rows.columns])[0].as_py()
    if not sure and b"\\n" not in raw:
        return rows
    columns = [column.slice(0, count) for column in rows.columns]
    odd = [*rows.odd, OddRow(int(rows.numbers[-1]), raw, fault)]
    return Rows(columns, rows.numbers[:-1], odd)


def _unreadable(shown: str, error: pa.ArrowInvalid) -> TableUnreadable:
    text = str(error)
    if "straddling" in text:
        return TableUnreadable(
            f"{shown}: a row is longer than {_BLOCK_BYTES >> 20} MiB",
            hint="is a quote never closed? nothing was imported",
        )
    # Its text quotes the row.
    where = text.partition("Row #")[2].partition(":")[0]
    place = f" at row {int(where) - 1:,}" if where.isdigit() else ""
    return TableUnreadable(
        f"{shown} cannot be read as a table{place}",
        hint="nothing was imported; does it have another --encoding, or is it no table?",
    )
