"""Child of :mod:`benchmarks.importing`: DuckDB's own copy to plain Parquet, in a fresh process."""

from __future__ import annotations

import sys
import time

import duckdb

from benchmarks.child import report
from rolethread_store.engine import literal

__all__ = ["main"]

_COLUMNS = "{messages: 'STRUCT(role VARCHAR, content VARCHAR)[]', tags: 'VARCHAR[]', id: 'VARCHAR'}"


def main() -> int:
    """Copy ``argv[1]`` to ``argv[2]`` with the Parquet options ``argv[3]``."""
    source, target, options = sys.argv[1:4]
    started = time.perf_counter()
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    row = connection.execute(
        f"COPY (SELECT * FROM read_json({literal(source)}, format = 'newline_delimited', "
        f"columns = {_COLUMNS})) TO {literal(target)} (FORMAT parquet{options})"
    ).fetchone()
    connection.close()
    report(time.perf_counter() - started, 0 if row is None else int(row[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
