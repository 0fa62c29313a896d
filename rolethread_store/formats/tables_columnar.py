"""Parquet and Arrow files: rows a bunch at a time, with the types they have."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rolethread_store.formats.sources import SourceFile, Stream
from rolethread_store.formats.tables_json import json_texts
from rolethread_store.formats.tables_rows import Rows, TableUnreadable

__all__ = ["ColumnarFile"]

_BUNCH_BYTES = 16 << 20
_MOST_ROWS = 1 << 16
# These files are read from their end, so what comes as a stream must fit into memory.
_HELD_BYTES = 256 << 20


class ColumnarFile:
    """One open file; use it as a context manager.

    Attributes:
        names: Its columns.
    """

    def __init__(self, source: SourceFile, stream: Stream, kind: str) -> None:
        """Open a source.

        Args:
            source: The source.
            stream: Its bytes, for where they cannot be jumped about in.
            kind: ``parquet`` or ``arrow``.

        Raises:
            TableUnreadable: it is damaged, encrypted, or has a column without a JSON form.
        """
        self._shown = source.name
        self._raw = source.seekable() if source.seekable is not None else _held(stream)
        try:
            if kind == "parquet":
                self._parquet: pq.ParquetFile | None = pq.ParquetFile(self._raw)
                schema = self._parquet.schema_arrow
            else:
                self._parquet = None
                self._arrow = pa.ipc.open_file(self._raw)
                schema = self._arrow.schema
            self.names = list(schema.names)
            for field in schema:
                json_texts(pa.nulls(1, field.type))
        except (pa.ArrowException, OSError) as error:
            self._raw.close()
            raise self._unreadable(error) from None

    def __enter__(self) -> ColumnarFile:
        """Return the file itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._raw.close()

    def rows(self) -> Iterator[Rows]:
        """Yield all rows.

        Raises:
            TableUnreadable: it is damaged; the message says how.
        """
        number = 1
        try:
            for batch in self._batches():
                numbers = np.arange(number, number + len(batch), dtype=np.int64)
                number += len(batch)
                yield Rows(batch.columns, numbers)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self._parquet is not None:
            told = self._parquet.metadata
            size = sum(
                told.row_group(index).total_byte_size for index in range(told.num_row_groups)
            )
            yield from self._parquet.iter_batches(_rows_at_once(size, told.num_rows))
            return
        for index in range(self._arrow.num_record_batches):
            batch = self._arrow.get_batch(index)
            step = _rows_at_once(batch.nbytes, len(batch))
            for start in range(0, len(batch), step):
                yield batch.slice(start, step)

    def _unreadable(self, error: Exception) -> TableUnreadable:
        first = str(error).partition("\n")[0].rstrip(".")
        return TableUnreadable(
            f"{self._shown} cannot be read as a table: {first}", hint="nothing was imported"
        )


def _rows_at_once(size: int, rows: int) -> int:
    return max(1, min(_MOST_ROWS, _BUNCH_BYTES * rows // max(size, 1)))


def _held(stream: Stream) -> BinaryIO:
    data = stream.read(_HELD_BYTES + 1) or b""
    if len(data) > _HELD_BYTES:
        raise TableUnreadable(
            f"{stream.shown} is packed, and gives more than {_HELD_BYTES >> 20} MiB of a table",
            hint="unpack it yourself; a table is read from its end",
        )
    if stream.broken is not None:
        raise TableUnreadable(f"{stream.shown}: {stream.broken}", hint="nothing was imported")
    return BytesIO(data)
