"""Which statements a user's SQL may be: reads, one at a time.

The session's file sandbox still lets ``COPY … TO`` write inside the segment folder and
lets ``PRAGMA add_parquet_key`` replace a key (engine facts 10), so the statement's type
is checked before DuckDB sees it.
"""

from __future__ import annotations

import re

import duckdb

from rolethread_store.engine.failures import QueryInvalid, QueryRefused, translated

__all__ = ["checked_statement"]

_EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?(\([^)]*\)\s*)?", re.IGNORECASE)


def checked_statement(sql: str) -> str:
    """Return the one read-only statement in ``sql``.

    Raises:
        QueryInvalid: it does not parse, is empty, or holds several statements.
        QueryRefused: it is not a read.
    """
    with translated():
        # DuckDB takes half a surrogate pair for a value that is no text at all.
        sql.encode()
        statements = duckdb.extract_statements(sql)
    if not statements:
        raise QueryInvalid("the query is empty", hint="try: SELECT count(*) FROM entries")
    kind = statements[0].type
    if len(statements) > 1 and kind == duckdb.StatementType.SELECT:
        raise QueryInvalid("one statement at a time, please")
    if kind == duckdb.StatementType.EXPLAIN:
        inner = _EXPLAIN.sub("", statements[0].query, count=1)
        checked_statement(inner)
        return statements[0].query
    if kind != duckdb.StatementType.SELECT:
        raise QueryRefused(
            f"{kind.name} is not a read: the SQL console only answers questions",
            hint="change entries with: rolethread edit, tag, delete, undo",
        )
    return statements[0].query
