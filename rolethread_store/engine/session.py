"""One locked-down DuckDB instance.

Every session spills encrypted, reaches only the folders it is given, and cannot be
reconfigured afterwards (engine facts 9 and 10). OpenSSL comes from DuckDB's own signed
``httpfs`` extension, loaded by its path inside the package that ships it: nothing is
searched for, downloaded or installed, and without it no session exists, because DuckDB
would read with slow software AES and write nothing at all (engine facts 1 and 2).
"""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling

from rolethread_store.engine.failures import CryptoModuleMissing, EngineFailed, asking, translated
from rolethread_store.engine.result import EngineResult
from rolethread_store.engine.text import identifier, literal
from rolethread_store.errors import StoreError

__all__ = ["Session", "SessionFolders"]

_INSTALL_HINT = (
    f"install it with: pip install 'duckdb=={duckdb.__version__}' "
    f"'duckdb-extension-httpfs=={duckdb.__version__}'"
)


@dataclass(frozen=True, slots=True)
class SessionFolders:
    """Where a session may go.

    Attributes:
        readable: Folders whose files it may open.
        spill: Folder for its encrypted temporary files, its own alone: DuckDB gives them the
            same names in every process.
    """

    readable: tuple[Path, ...]
    spill: Path


def crypto_module_path() -> Path:
    """Return the path of the OpenSSL extension inside its package.

    Raises:
        CryptoModuleMissing: the package or the file is not there.
    """
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    if found is None or found.origin is None:
        raise CryptoModuleMissing(
            "the package duckdb-extension-httpfs, which brings OpenSSL to DuckDB, is missing",
            hint=_INSTALL_HINT,
        )
    folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}"
    path = folder / "httpfs.duckdb_extension"
    if not path.is_file():
        raise CryptoModuleMissing(
            f"duckdb-extension-httpfs does not match DuckDB {duckdb.__version__}",
            hint=_INSTALL_HINT,
        )
    return path


def _connect(spill: Path, memory_limit: str | None, *, in_order: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "allow_community_extensions": "false",
        "preserve_insertion_order": "true" if in_order else "false",
        "temp_directory": str(spill),
    }
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    with translated():
        connection = duckdb.connect(config=config)
    module = crypto_module_path()
    try:
        connection.execute(f"LOAD {literal(str(module))}")
    except duckdb.Error as error:
        connection.close()
        raise CryptoModuleMissing(
            f"DuckDB cannot load its OpenSSL module: {str(error).splitlines()[0]}",
            hint=_INSTALL_HINT,
        ) from None
    return connection


def _noting(
    batches: Iterator[pa.RecordBatch], failures: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    """Give batches on, and note what ends them before their time."""
    try:
        yield from batches
    except GeneratorExit:
        raise  # The engine wants no more.
    except BaseException as error:
        failures.append(error)
        raise


class Session:
    """A DuckDB instance of its own, in memory, behind the sandbox."""

    def __init__(
        self, folders: SessionFolders, *, memory_limit: str | None = None, in_order: bool = False
    ) -> None:
        """Start the instance and lock it.

        Args:
            folders: Where it may read and spill.
            memory_limit: DuckDB's notation, ``"700MB"``; ``None`` for DuckDB's default.
            in_order: Keep the order of rows where a statement names none, which takes more
                memory.

        Raises:
            CryptoModuleMissing: OpenSSL cannot be loaded.
            QueryInvalid: the memory limit is not understood.
        """
        self._connection = _connect(folders.spill, memory_limit, in_order=in_order)
        self._keys: set[str] = set()
        allowed = ", ".join(literal(str(path)) for path in (*folders.readable, folders.spill))
        with translated():
            for statement in (
                "SET TimeZone='UTC'",
                "SET enable_progress_bar=false",
                "SET temp_file_encryption=true",
                f"SET allowed_directories=[{allowed}]",
                "SET enable_external_access=false",
                "SET lock_configuration=true",
            ):
                self._connection.execute(statement)

    def add_key(self, name: str, key: bytes) -> None:
        """Make a 32-byte Parquet key known under a name (once is enough).

        The key goes in as 44 characters of base64: DuckDB takes strings of 16, 24 or 32
        characters raw (engine facts 8).
        """
        if name in self._keys:
            return
        text = base64.b64encode(key).decode()
        try:
            self._connection.execute(f"PRAGMA add_parquet_key({literal(name)}, '{text}')")
        except duckdb.Error:
            # The engine's messages quote the statement, and the key stands in it.
            raise EngineFailed("a data key could not be handed to the engine") from None
        self._keys.add(name)

    def add_function(self, name: str, function: Callable[[str | None], str | None]) -> None:
        """Make a pure Python function from text to text known to SQL; it is called row by row."""
        with translated():
            self._connection.create_function(
                name,
                function,
                ["VARCHAR"],
                "VARCHAR",
                null_handling=FunctionNullHandling.SPECIAL,
            )

    def execute(self, sql: str, parameters: Sequence[object] | None = None) -> None:
        """Run a statement for its effect."""
        with asking(self._connection):
            self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """Run a query and return all rows as tuples."""
        with asking(self._connection):
            return self._connection.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Sequence[object] | None = None) -> Any:  # noqa: ANN401
        """Run a query and return the first column of its first row."""
        return self.rows(sql, parameters)[0][0]

    def arrow(self, sql: str, parameters: Sequence[object] | None = None) -> pa.Table:
        """Run a query and return all rows as an Arrow table."""
        with asking(self._connection):
            return self._connection.execute(sql, parameters).to_arrow_table()

    def result(self, sql: str, parameters: Sequence[object] | None = None) -> EngineResult:
        """Run a query on a cursor of its own."""
        return EngineResult.of(self._connection, sql, parameters)

    @contextmanager
    def table(self, name: str, rows: pa.Table) -> Iterator[str]:
        """Lend an Arrow table to the session under a name, quoted for use in SQL."""
        with translated():
            self._connection.register(name, rows)
        try:
            yield identifier(name)
        finally:
            with translated():
                self._connection.unregister(name)

    @contextmanager
    def stream(
        self, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]
    ) -> Iterator[str]:
        """Lend Arrow batches that are made when one statement asks for them.

        As a capsule: a registered reader is emptied by Arrow's scanner far ahead of the
        engine, and its whole source is in memory. What the iterator fails with ends the
        statement, and is raised here as it was: the engine has words of its own for it.

        Args:
            name: What SQL calls them, given back quoted.
            schema: What every batch has.
            batches: Asked from any of the engine's threads, one at a time.
        """
        failures: list[BaseException] = []
        reader = pa.RecordBatchReader.from_batches(schema, _noting(batches, failures))
        with translated():
            self._connection.register(name, reader.__arrow_c_stream__())
        try:
            yield identifier(name)
        except StoreError:
            if failures:
                raise failures[0] from None
            raise
        finally:
            with translated():
                self._connection.unregister(name)

    def close(self) -> None:
        """Release the instance and its memory; closing twice is harmless."""
        self._connection.close()
