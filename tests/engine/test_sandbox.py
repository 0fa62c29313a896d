"""What a user may ask, and what a session refuses although it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from rolethread_store.engine import (
    EngineFailed,
    MemoryExhausted,
    QueryInvalid,
    QueryRefused,
    SegmentUnreadable,
    Session,
    SessionFolders,
    SpillFull,
    checked_statement,
    identifier,
    literal,
)
from rolethread_store.engine.failures import translated
from rolethread_store.errors import StoreError


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> SessionFolders:
    place = tmp_path_factory.mktemp("session")
    (place / "segments").mkdir()
    return SessionFolders((place / "segments",), place / "spill")


@pytest.fixture(scope="module")
def session(folders: SessionFolders) -> Iterator[Session]:
    made = Session(folders)
    yield made
    made.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  select 1;  ",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "VALUES (1), (2)",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "FROM range(3)",
        "SELECT 'DELETE FROM entries; --'",
        "DESCRIBE SELECT 1",
        "SUMMARIZE SELECT 1",
    ],
)
def test_one_question_passes(sql: str, session: Session) -> None:
    assert session.rows(checked_statement(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "DELETE FROM t",
        "UPDATE t SET a = 1",
        "CREATE TABLE t (a INT)",
        "DROP VIEW entries",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "PRAGMA add_parquet_key('k', '0123456789abcdef')",
        "SET memory_limit='1GB'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CALL pragma_version()",
        "EXPORT DATABASE 'x'",
        "EXPLAIN DELETE FROM t",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'out.csv'",
        "EXPLAIN (FORMAT json) INSERT INTO t VALUES (1)",
        "BEGIN",
        "DELETE FROM t; SELECT 1",
        "PREPARE q AS DELETE FROM t",
        "WITH gone AS (SELECT 1) DELETE FROM t",
    ],
)
def test_anything_but_a_read_is_refused(sql: str) -> None:
    with pytest.raises(StoreError) as caught:
        checked_statement(sql)
    assert isinstance(caught.value, QueryRefused | QueryInvalid)


@pytest.mark.parametrize(
    "sql", ["", "  ;  ", "-- nothing", "SELECT", "SELECT 1; SELECT 2", "\ud800"]
)
def test_what_is_no_question_is_invalid(sql: str) -> None:
    with pytest.raises(QueryInvalid):
        checked_statement(sql)


@pytest.mark.parametrize(
    "source",
    [
        "read_csv('{file}')",
        "read_text('{file}')",
        "read_blob('{folder}/*')",
        "read_json('{file}')",
        "read_parquet('{file}')",
        "glob('{folder}/*')",
        "'{file}'",
        "read_text('https://example.org/')",
        "read_csv('/dev/stdin')",
    ],
)
def test_a_session_reaches_no_file_outside_its_folders(
    source: str, session: Session, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    statement = source.format(file=tmp_path / "secret.csv", folder=tmp_path)
    with pytest.raises(QueryRefused):
        session.rows(checked_statement(f"SELECT * FROM {statement}"))


def test_python_objects_of_the_program_are_no_tables(session: Session) -> None:
    visible_table = pa.table({"a": [1]})
    assert visible_table.num_rows == 1
    with pytest.raises(QueryInvalid):
        session.rows("SELECT * FROM visible_table")


@pytest.mark.parametrize(
    "statement",
    [
        "SET temp_file_encryption=false",
        "SET enable_external_access=true",
        "SET allowed_directories=['/']",
        "RESET lock_configuration",
        "SET lock_configuration=false",
        "INSTALL spatial",
        "LOAD spatial",
    ],
)
def test_a_session_cannot_be_unlocked(statement: str, session: Session) -> None:
    with pytest.raises(StoreError):
        session.execute(statement)
    assert session.value("SELECT current_setting('temp_file_encryption')") is True


def test_names_and_texts_are_quoted(session: Session) -> None:
    name, text = 'a "b" c', "it's; DROP TABLE x --"
    assert session.rows(f"SELECT {literal(text)} AS {identifier(name)}") == [(text,)]
    assert session.result(f"SELECT 1 AS {identifier(name)}").columns == [name]


def test_a_lent_table_is_gone_afterwards(session: Session) -> None:
    with session.table("guests", pa.table({"a": [1, 2]})) as name:
        assert session.value(f"SELECT sum(a) FROM {name}") == 3
    with pytest.raises(QueryInvalid):
        session.rows("SELECT * FROM guests")


def test_two_results_are_read_in_turn(session: Session) -> None:
    first, second = session.result("FROM range(5000)"), session.result("FROM range(3)")
    assert first.fetchmany(2) == [(0,), (1,)]
    assert second.fetchall() == [(0,), (1,), (2,)]
    assert len(first.fetchall()) == 4998
    assert session.result("SELECT 1 AS a").df()["a"].tolist() == [1]
    assert session.result("SELECT 1 AS a").pl()["a"].to_list() == [1]
    assert session.result("SELECT 1 AS a").arrow().to_pydict() == {"a": [1]}
    assert [batch.num_rows for batch in session.result("FROM range(10)").batches(4)]


def test_a_query_beyond_the_memory_limit_says_so(folders: SessionFolders) -> None:
    small = Session(folders, memory_limit="20MB")
    with pytest.raises(MemoryExhausted):
        small.rows("SELECT list(range) FROM range(20000000)")
    small.close()
    small.close()


def test_an_unreadable_memory_limit_is_the_users_mistake(folders: SessionFolders) -> None:
    with pytest.raises(QueryInvalid):
        Session(folders, memory_limit="plenty")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (duckdb.PermissionException("no"), QueryRefused),
        (duckdb.OutOfMemoryException("failed to allocate"), MemoryExhausted),
        (duckdb.OutOfMemoryException("No space left on device"), SpillFull),
        (duckdb.IOException("could not write: Disk quota exceeded"), SpillFull),
        (duckdb.IOException("Could not read from file"), SegmentUnreadable),
        (duckdb.InternalException("INTERNAL Error\nStack Trace:\n/home/x"), EngineFailed),
        (duckdb.FatalException("database has been invalidated"), EngineFailed),
        (
            duckdb.InvalidInputException("Computed AES tag differs from read AES tag"),
            SegmentUnreadable,
        ),
        (duckdb.InvalidInputException("Invalid thrift encoding"), SegmentUnreadable),
        (duckdb.BinderException("no such column"), QueryInvalid),
        (duckdb.ConversionException("Could not convert"), QueryInvalid),
    ],
)
def test_every_failure_of_the_engine_has_a_family(
    raised: duckdb.Error, expected: type[StoreError]
) -> None:
    with pytest.raises(expected) as caught, translated():
        raise raised
    assert "Stack Trace" not in str(caught.value)
