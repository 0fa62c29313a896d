"""DuckDB's exceptions, turned into the store's families.

DuckDB reports a wrong key and a flipped byte with the same words ("Computed AES tag
differs"), and a damaged length field as an allocation that is too large; whoever knows
the segments' digests decides which it was (``segments.check``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import duckdb

from rolethread_store.errors import Corrupt, Denied, InvalidInput, Unavailable, Unsupported

__all__ = [
    "CryptoModuleMissing",
    "EngineFailed",
    "LibraryMissing",
    "MemoryExhausted",
    "QueryInvalid",
    "QueryRefused",
    "SegmentUnreadable",
    "SpillFull",
    "asking",
    "translated",
]


class QueryInvalid(InvalidInput):
    """The SQL does not parse, bind or convert."""

    code: ClassVar[str] = "engine.query-invalid"


class QueryRefused(Denied):
    """The SQL would write, or reach outside the store."""

    code: ClassVar[str] = "engine.query-refused"


class SegmentUnreadable(Corrupt):
    """A segment could not be decrypted or decoded."""

    code: ClassVar[str] = "engine.segment-unreadable"


class MemoryExhausted(Unavailable):
    """The query needs more memory than it may take."""

    code: ClassVar[str] = "engine.memory-exhausted"


class SpillFull(Unavailable):
    """The disk is full or failing while the engine writes."""

    code: ClassVar[str] = "engine.disk-full"


class EngineFailed(Unavailable):
    """The engine stopped for a reason of its own."""

    code: ClassVar[str] = "engine.failed"


class LibraryMissing(Unsupported):
    """A result was asked for in the shape of a library that is not installed."""

    code: ClassVar[str] = "engine.library-missing"


class CryptoModuleMissing(Unsupported):
    """The extension that brings OpenSSL cannot be loaded."""

    code: ClassVar[str] = "engine.no-crypto-module"


_BROKEN_BYTES = ("AES tag differs", "parquet", "thrift", "snappy", "zstd", "out of buffer", "magic")
_INTERRUPTED = "Query interrupted"
_FULL = ("no space left", "disk quota", "max_temp_directory_size")
# The disk's refusals, which say nothing about the bytes of a segment.
_FORBIDDEN = (
    "failed to create directory",
    "could not write",
    "input/output error",
    "permission denied",
    "read-only file system",
)


def _first_line(error: BaseException) -> str:
    """Keep what a person needs: DuckDB appends a stack trace to internal errors."""
    text = str(error).split("\nStack Trace", 1)[0].strip()
    return text.split("\n\nPossible solutions", 1)[0]


def _of_disk(text: str) -> SpillFull | SegmentUnreadable:
    """Return the error for a failed reading or writing of a file."""
    if any(word in text.lower() for word in _FULL):
        return SpillFull(text, hint="free some space on the disk and try again")
    if any(word in text.lower() for word in _FORBIDDEN):
        hint = "large queries spill into the store's folder: make it writable"
        return SpillFull(text, hint=hint)
    return SegmentUnreadable(text)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raise what Ctrl-C raises everywhere else; DuckDB has two errors of its own for it."""
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except RuntimeError as error:
        if str(error) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from None


@contextmanager
def translated() -> Iterator[None]:
    """Raise the store's error for whatever DuckDB raises inside.

    Raises:
        QueryInvalid: the statement is wrong.
        QueryRefused: the sandbox stopped it.
        SegmentUnreadable: bytes did not decrypt or decode.
        MemoryExhausted: the memory limit was reached.
        SpillFull: nothing more could be written.
        EngineFailed: anything else.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    try:
        with _interruptible():
            yield
    except UnicodeEncodeError:
        raise QueryInvalid("the text holds half of a surrogate pair") from None
    except UnicodeDecodeError:
        # DuckDB shortens the value it refuses by bytes, at times within a character.
        raise QueryInvalid("a value is not what the statement takes it for") from None
    except duckdb.PermissionException as error:
        raise QueryRefused(_first_line(error)) from None
    except duckdb.OutOfMemoryException as error:
        text = _first_line(error)
        if any(word in text.lower() for word in _FULL):
            raise SpillFull(text) from None
        raise MemoryExhausted(
            text, hint="raise the limit with --memory-limit, or ask for less at once"
        ) from None
    except (duckdb.IOException, duckdb.HTTPException) as error:
        raise _of_disk(_first_line(error)) from None
    except (duckdb.InternalException, duckdb.FatalException) as error:
        raise EngineFailed(_first_line(error)) from None
    except duckdb.Error as error:
        text = _first_line(error)
        if any(word.lower() in text.lower() for word in _BROKEN_BYTES):
            raise SegmentUnreadable(text) from None
        raise QueryInvalid(text) from None


@contextmanager
def asking(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Translate what a statement raises, and let nothing of it run on after Ctrl-C.

    What still ran would keep the connection's next statement waiting, or its end.
    """
    try:
        with translated():
            yield
    except KeyboardInterrupt:
        connection.interrupt()
        raise
