"""Writing a batch: rows in, encrypted Parquet files under one fresh data key out.

DuckDB binds a page to its file only by the key (engine facts 6), hence one key per batch
and digests of every file for the sealed manifest. Zstd level 1: level 3 would save a third
of the bytes and cost a quarter of the time.

Row groups, measured at 1,000,000 entries (2.1 GB of JSON): 8,192 rows are written in a tenth
less of the processor and of the memory than 16,384, and one entry or a page by tag is found
a quarter faster; DuckDB's default of 122,880 takes over 2 GB to write. 4,096 write no faster,
and what reads one narrow column of all entries takes 10 ms more. Files of few entries have
groups of 2,048, so that both cores scan them (20,000 entries in two thirds of the time), and
a damaged byte takes no more than that along (``rescuing``).

The encodings of Parquet's version 2 would take a sixth less of the processor and 3 % less of
the disk. DuckDB 1.5.5 fails to write some columns of floats with them ("not enough space in
buffer") and some long columns of integers (duckdb#16257): what holds the only copy of a text
is written the way everybody writes.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rolethread_store.crypto import Keyring
from rolethread_store.engine import Session, literal
from rolethread_store.errors import StoreError
from rolethread_store.model import Batch, BatchKind, Segment
from rolethread_store.segments.relation import file_rows, key_name
from rolethread_store.segments.schema import COLUMNS_OF, PLAIN_MESSAGE_TYPE
from rolethread_store.storage import Disk, Layout, sha256_file, tail_digest

__all__ = ["BatchWriter", "copy_statement"]

ENTRY_GROUP_ROWS = 8_192
SMALL_FILE_ROWS = 65_536
SMALL_GROUP_ROWS = 2_048
NARROW_GROUP_ROWS = 16_384


def copy_statement(
    select: str, path: Path, key: str, kind: BatchKind, rows: int | None = None
) -> str:
    """Return the statement that writes the rows of a SELECT as one segment file.

    Args:
        select: Gives the columns in their order and types.
        path: The file to be written.
        key: Name under which the session knows the data key.
        kind: What the rows are.
        rows: How many there are, as far as that is known.
    """
    group = NARROW_GROUP_ROWS
    if kind is BatchKind.ENTRIES:
        small = rows is not None and rows < SMALL_FILE_ROWS
        group = SMALL_GROUP_ROWS if small else ENTRY_GROUP_ROWS
    return (
        f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, "
        f"COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {group}, "
        f"ENCRYPTION_CONFIG {{footer_key: {literal(key)}}})"
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """A staged file and what only the engine can say of it."""

    staged: Path
    final: Path
    number: int
    rows: int
    first_id: UUID | None
    last_id: UUID | None
    plain: bool


class BatchWriter:
    """Writes segments of one batch to staging; ``finish`` makes them part of the store.

    Digests and syncs run on a thread of their own while DuckDB writes the next segment:
    both release the interpreter, and hashing a gigabyte takes about a second.
    """

    def __init__(
        self, session: Session, place: tuple[Layout, Disk], keyring: Keyring, batch_id: UUID,
        kind: BatchKind,
    ) -> None:  # fmt: skip
        self._session = session
        self._layout, self._disk = place
        self._kind = kind
        self._batch_id = batch_id
        data_key = keyring.new_data_key()
        self._wrapped = keyring.wrap(data_key, batch_id)
        session.add_key(key_name(batch_id), data_key.reveal())
        self._written: list[Path] = []
        self._segments: list[Future[Segment]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="segment-digest")

    def write(self, select: str, *, plain: bool = False, expected: int | None = None) -> int:
        """Write the rows of a SELECT as one segment and return how many they were.

        The SELECT gives the columns of the batch's kind in any order; a SELECT without
        rows makes no file, and neither does one that fails.

        Args:
            select: The rows.
            plain: Whether its messages have no fields but role and content.
            expected: How many rows it will be, as far as that is known.

        Raises:
            SpillFull: the disk is full.
            QueryInvalid: the SELECT is wrong.
        """
        number = len(self._written)
        staged = self._layout.staging / f"{self._batch_id.hex}-{number:04d}.parquet"
        self._written.append(staged)
        types = COLUMNS_OF[self._kind]
        if plain:
            types = types | {"messages": f"{PLAIN_MESSAGE_TYPE}[]"}
        columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in types.items())
        try:
            rows = int(
                self._session.value(
                    copy_statement(
                        f"SELECT {columns} FROM ({select})",
                        staged,
                        key_name(self._batch_id),
                        self._kind,
                        expected,
                    )
                )
            )
        except StoreError:
            # The writer goes on without the file, if its user can.
            self._disk.remove(staged)
            self._written.pop()
            raise
        if rows == 0:
            self._disk.remove(staged)
            self._written.pop()
            return 0
        first, last = self._id_range(staged)
        final = self._layout.segment(self._batch_id, number)
        written = _Written(staged, final, number, rows, first, last, plain)
        self._segments.append(self._pool.submit(self._describe, written))
        return rows

    def finish(self) -> Batch | None:
        """Publish the files durably and return the batch, ``None`` when it has no rows.

        Raises:
            Unavailable: a file could not be synced or renamed.
        """
        try:
            segments = tuple(future.result() for future in self._segments)
        finally:
            self._pool.shutdown()
        if not segments:
            return None
        for segment, staged in zip(segments, self._written, strict=True):
            self._disk.adopt(staged, self._layout.segment(self._batch_id, segment.number))
        self._disk.sync_folder(self._layout.segments)
        return Batch(
            batch_id=self._batch_id,
            kind=self._kind,
            wrapped_key=self._wrapped.hex(),
            segments=segments,
        )

    def abandon(self) -> None:
        """Drop what was staged; what cannot be removed now is collected later."""
        self._pool.shutdown(cancel_futures=True)
        for staged in self._written:
            with suppress(StoreError):
                self._disk.remove(staged)

    def _id_range(self, staged: Path) -> tuple[UUID | None, UUID | None]:
        if "entry_id" not in COLUMNS_OF[self._kind]:
            return None, None
        first, last = self._session.rows(
            "SELECT min(entry_id), max(entry_id) "
            f"FROM {file_rows(staged, key_name(self._batch_id))}"
        )[0]
        return first, last

    def _describe(self, written: _Written) -> Segment:
        digest, size = sha256_file(written.staged)
        self._disk.sync_file(written.staged)
        return Segment(
            number=written.number,
            rows=written.rows,
            size=size,
            tail_digest=tail_digest(written.staged),
            digest=digest,
            first_id=written.first_id,
            last_id=written.last_id,
            plain=written.plain,
        )
