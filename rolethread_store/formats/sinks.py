"""Where records go: a file of text or of Parquet, hashed while it is written."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rolethread_store.errors import Unavailable

__all__ = ["OutputUnwritable", "ParquetSink", "Sink", "TextSink"]

ROW_GROUP_ROWS = 16_384
_MOST_UNDER_WAY = 8
# What reaches the disk while the engine still works need not be waited for at the end:
# 1 s of 12 for 2 GB.
_SYNC_BYTES = 128 << 20


class OutputUnwritable(Unavailable):
    """The file could not be written; nothing of it is left."""

    code: ClassVar[str] = "formats.output-unwritable"


class _Hashed:
    """A file object that counts and hashes what is written, on a thread of its own.

    Both writing and hashing release the interpreter, so the engine works meanwhile; a few
    pieces at a time are under way, so memory stays bounded.
    """

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._digest = hashlib.sha256()
        self._file = _file_of(output)
        self._unsynced = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="export-write")
        self._under_way: deque[Future[None]] = deque()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes | memoryview) -> int:
        if len(self._under_way) >= _MOST_UNDER_WAY:
            self._under_way.popleft().result()
        self._under_way.append(self._pool.submit(self._put, data))
        self.bytes += len(data)
        return len(data)

    def _put(self, data: bytes | memoryview) -> None:
        self._digest.update(data)
        self._output.write(data)
        self._unsynced += len(data)
        if self._unsynced >= _SYNC_BYTES and self._file is not None:
            self._output.flush()
            os.fsync(self._file)
            self._unsynced = 0

    def settle(self) -> None:
        """Wait for the pieces under way, and raise what went wrong with the first."""
        while self._under_way:
            self._under_way.popleft().result()

    # What pyarrow asks of a Python file it writes to.
    def flush(self) -> None:
        self.settle()

    def tell(self) -> int:
        return self.bytes

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self._pool.shutdown()
        self.closed = True

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _file_of(output: BinaryIO) -> int | None:
    """Return the number of a plain file; pipes and what only looks like a file have none."""
    try:
        number = output.fileno()
    except (OSError, AttributeError):
        return None
    return number if stat.S_ISREG(os.fstat(number).st_mode) else None


class Sink(Protocol):
    """Takes the rows of one file."""

    @property
    def bytes(self) -> int:
        """How many bytes were written."""

    @property
    def sha256(self) -> str:
        """Digest of what was written, in hex."""

    def take(self, rows: pa.RecordBatch) -> None:
        """Write rows.

        Raises:
            OSError: the disk refuses.
        """

    def finish(self) -> None:
        """Write what is left; the file itself stays open.

        Raises:
            OSError: the disk refuses.
        """

    def release(self) -> None:
        """End the thread, whatever happened."""


class TextSink:
    """Text as it is: the bytes of the column ``text``."""

    def __init__(self, output: BinaryIO, header: bytes = b"") -> None:
        self._output = _Hashed(output)
        if header:
            self._output.write(header)

    @property
    def bytes(self) -> int:
        """How many bytes were written."""
        return self._output.bytes

    @property
    def sha256(self) -> str:
        """Digest of what was written, in hex."""
        return self._output.sha256

    def take(self, rows: pa.RecordBatch) -> None:
        """Write the bytes of a text column as they lie in memory; none is NULL.

        Offsets of DuckDB's text columns are 32 bits wide, or 64 when it says so.
        """
        lines = rows.column("text")
        if not len(lines):
            return
        if lines.null_count:
            raise OutputUnwritable("an entry could not be written")
        _, offsets, content = lines.buffers()
        wide = np.int64 if pa.types.is_large_string(lines.type) else np.int32
        places = np.frombuffer(offsets, wide)
        start, end = int(places[lines.offset]), int(places[lines.offset + len(lines)])
        self._output.write(memoryview(content)[start:end] if content is not None else b"")

    def finish(self) -> None:
        """Wait until all is written."""
        self._output.settle()

    def release(self) -> None:
        """End the thread, whatever happened."""
        self._output.close()


class ParquetSink:
    """Nested rows in row groups of one size, so that equal rows give equal bytes."""

    def __init__(self, output: BinaryIO, columns: tuple[str, ...]) -> None:
        self._output = _Hashed(output)
        self._columns = columns
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    @property
    def bytes(self) -> int:
        """How many bytes were written."""
        return self._output.bytes

    @property
    def sha256(self) -> str:
        """Digest of what was written, in hex."""
        return self._output.sha256

    def take(self, rows: pa.RecordBatch) -> None:
        """Write whole row groups, and keep the rest for the next."""
        rows = rows.select(self._columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._output, rows.schema, compression="zstd", store_schema=False
            )
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows < ROW_GROUP_ROWS:
            return
        table = pa.Table.from_batches(self._waiting)
        whole = self._rows - self._rows % ROW_GROUP_ROWS
        self._writer.write_table(table.slice(0, whole), row_group_size=ROW_GROUP_ROWS)
        self._waiting = table.slice(whole).to_batches()
        self._rows -= whole

    def finish(self) -> None:
        """Write the last row group and the footer."""
        if self._writer is None:
            return
        if self._rows:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._writer.close()
        self._output.settle()

    def release(self) -> None:
        """End the thread, whatever happened."""
        self._output.close()
