"""Child of :mod:`benchmarks.exporting`: DuckDB's own copy to JSON Lines, in a fresh process."""

from __future__ import annotations

import sys
import time

import duckdb

from benchmarks.child import report
from rolethread_store.engine import literal

__all__ = ["main"]

_MESSAGES = "list_transform(messages, lambda m: {'role': m.role, 'content': m.content})"


def main() -> int:
    """Copy the messages of the Parquet file ``argv[1]`` to ``argv[2]``."""
    source, target = sys.argv[1:3]
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    started = time.perf_counter()
    row = connection.execute(
        f"COPY (SELECT {_MESSAGES} AS messages FROM read_parquet({literal(source)})) "
        f"TO {literal(target)} (FORMAT json)"
    ).fetchone()
    seconds = time.perf_counter() - started
    connection.close()
    report(seconds, 0 if row is None else int(row[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
