"""Export: entries as JSON lines in a file that appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
import pyarrow as pa

from rolethread_store.engine import Session
from rolethread_store.errors import Conflict, InvalidInput, Unavailable
from rolethread_store.formats.dialect import Dialect
from rolethread_store.formats.rendering import line_sql
from rolethread_store.formats.shaping import DIALECTS
from rolethread_store.model import Progress, ProgressListener, unheard

__all__ = [
    "ExportOutcome",
    "FormatUnknown",
    "LineOptions",
    "OutputExists",
    "OutputUnwritable",
    "export_lines",
    "line_expression",
    "render_one",
]

_BATCH_ROWS = 16_384


class FormatUnknown(InvalidInput):
    """No format of this name can be written."""

    code: ClassVar[str] = "formats.format-unknown"


class OutputExists(Conflict):
    """The file to write is already there."""

    code: ClassVar[str] = "formats.output-exists"


class OutputUnwritable(Unavailable):
    """The file could not be written; nothing of it is left."""

    code: ClassVar[str] = "formats.output-unwritable"


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How entries are written.

    Attributes:
        format: ``chatml`` or ``sharegpt``.
        clean: Only what a trainer reads.
    """

    format: str = "chatml"
    clean: bool = False


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What was written: entries (one line each) and bytes."""

    entries: int
    bytes: int


def line_expression(options: LineOptions) -> str:
    """Return SQL over an entry's columns giving its record as one line of JSON.

    Raises:
        FormatUnknown: the format cannot be written.
    """
    return line_sql(_dialect(options.format), clean=options.clean)


def _dialect(name: str) -> Dialect:
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    known = ", ".join(dialect.name for dialect in DIALECTS)
    raise FormatUnknown(f"{name!r} is not a format to export to", hint=f"choose one of: {known}")


def render_one(session: Session, relation: str, options: LineOptions) -> str:
    """Return the record of the only entry a SELECT gives, as an export writes it.

    Raises:
        FormatUnknown: the format cannot be written.
    """
    return str(session.value(f"SELECT {line_expression(options)} FROM ({relation})"))


def export_lines(
    session: Session,
    relation: str,
    options: LineOptions,
    path: Path,
    *,
    force: bool = False,
    listener: ProgressListener = unheard,
) -> ExportOutcome:
    r"""Write the entries a SELECT gives, in its order, as lines ending in ``\n``.

    Args:
        session: A session that can run the SELECT.
        relation: A SELECT of the columns of schema v1.
        options: Format and whether clean.
        path: The file to make; its folder must exist.
        force: Replace a file that is there.
        listener: Hears of entries written.

    Raises:
        FormatUnknown: the format cannot be written.
        OutputExists: the file is there and ``force`` is not set.
        OutputUnwritable: the disk refuses.
    """
    line = line_expression(options)
    if path.is_dir():
        raise OutputExists(f"{path} is a folder", hint="name a file to write")
    if path.exists() and not force:
        raise OutputExists(f"{path} is already there", hint="use --force to replace it")
    entries = size = 0
    reader = session.result(f"SELECT {line} || chr(10) AS line FROM ({relation})").batches(
        _BATCH_ROWS
    )
    with _whole_file(path) as output:
        for batch in reader:
            size += _write_text(output, batch.column(0))
            entries += len(batch)
            listener(Progress(entries, None, "entries written"))
    return ExportOutcome(entries, size)


def _write_text(output: BinaryIO, lines: pa.Array) -> int:
    """Write a text column's bytes as they lie in memory; no line is ever NULL.

    Offsets of DuckDB's text columns are 32 bits wide, or 64 when it says so.
    """
    if not len(lines):
        return 0
    if lines.null_count:
        raise OutputUnwritable("an entry could not be written as JSON")
    _, offsets, data = lines.buffers()
    wide = np.int64 if pa.types.is_large_string(lines.type) else np.int32
    places = np.frombuffer(offsets, wide)
    start, end = int(places[lines.offset]), int(places[lines.offset + len(lines)])
    output.write(memoryview(data)[start:end])
    return end - start


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file beside ``path`` that takes its name when all went well."""
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            with part.open("wb") as output:
                yield output
                output.flush()
                os.fsync(output.fileno())
            part.replace(path)
        except OSError as error:
            raise OutputUnwritable(
                f"{path} cannot be written: {error.strerror}",
                hint="check that the folder exists, may be written to, and has room",
            ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
