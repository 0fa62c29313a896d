"""SQL, pages and search over one small store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import rolethread_store
from rolethread_store.engine import QueryInvalid, QueryRefused, Session
from rolethread_store.errors import InvalidInput, NotFound
from rolethread_store.query import PageInvalid, SearchInvalid
from rolethread_store.store import Store
from tests.scenes import PASSPHRASE, chat, jsonl


@pytest.fixture(scope="module")
def library(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two datasets, one of them with pending edits; only read."""
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(empty_store, folder / "store")
    tales = [
        chat("The red  dragon\nsleeps.", "It snores.", tags=["myth", "fire"]),
        chat("A dragonfly by the pond", "Blue wings", tags=["nature"]),
        chat("Rain (again)? 100%", None, "Снег и ДОЖДЬ"),
        chat("nothing here", "Dragon, red!", tags=["myth"]),
    ]
    with rolethread_store.open(folder / "store", passphrase=PASSPHRASE) as store:
        store.dataset("tales").import_file(jsonl(folder / "tales.jsonl", tales))
        store.dataset("Notes & more").import_file(
            jsonl(folder / "n.jsonl", [chat("to be changed")])
        )
        note = store.dataset("Notes & more").page(1)[0].entry_id
        store.edit(note, message=0, content="a\u0085line\u000bwith\u00a0odd\u2003spaces")
        yield store


def found(store: Store, text: str, **how: object) -> list[tuple[str, int]]:
    hits = store.search(text, **how)  # type: ignore[arg-type]  # each test gives what it means
    return [(hit.dataset, hit.turn) for hit in hits]


T, N = "tales", "Notes & more"


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [
        ("dragon", {}, [(T, 0), (T, 0), (T, 1)]),
        ("DRAGON", {"mode": "phrase"}, [(T, 0), (T, 1)]),
        ("red dragon sleeps", {}, [(T, 0)]),
        ("red   dragon\tsleeps.", {"mode": "phrase"}, [(T, 0)]),
        ("dragon red", {}, []),
        ("dragon red", {"mode": "all-words"}, [(T, 0), (T, 1)]),
        ("snores dragon", {"mode": "all-words"}, [(T, 1)]),
        ("dragon", {"roles": ["assistant"]}, [(T, 1)]),
        ("dragon", {"tags": ["myth"]}, [(T, 0), (T, 1)]),
        ("dragon", {"tags": ["myth", "fire"]}, [(T, 0)]),
        ("dragon", {"limit": 1}, [(T, 0)]),
        ("dragon", {"dataset": N}, []),
        ("дождь", {}, [(T, 2)]),
        ("(again)?", {"mode": "phrase"}, [(T, 0)]),
        ("100%", {}, [(T, 0)]),
        ("it's", {}, []),
        ("a line with odd spaces", {"mode": "phrase"}, [(N, 0)]),
        ("line with odd", {}, [(N, 0)]),
        ("to be changed", {}, []),
    ],
)
def test_a_search_finds_what_it_says(
    text: str, how: dict[str, object], expected: list[tuple[str, int]], library: Store
) -> None:
    assert found(library, text, **how) == expected


def test_a_hit_shows_where(library: Store) -> None:
    hit = library.search("sleeps", dataset=T)[0]
    assert (hit.role, hit.position, hit.snippet) == ("user", 1024, "The red dragon sleeps.")


@pytest.mark.parametrize(
    ("text", "mode"), [("", "contains"), (" \n", "phrase"), ("x", "fuzzy"), ("\ud800", "contains")]
)
def test_a_search_for_nothing_is_refused(text: str, mode: str, library: Store) -> None:
    with pytest.raises(InvalidInput):
        library.search(text, mode=mode)
    if mode != "contains":
        with pytest.raises(SearchInvalid):
            library.search(text, mode=mode)


def test_views_hold_what_they_promise(library: Store) -> None:
    assert library.sql(
        "SELECT dataset, count(*) FROM entries GROUP BY ALL ORDER BY 1"
    ).fetchall() == [
        (N, 1),
        (T, 4),
    ]
    messages = library.sql(
        "SELECT * FROM messages WHERE role = 'assistant' ORDER BY entry_id, turn"
    )
    assert messages.columns == [
        "dataset", "entry_id", "turn", "role", "content", "name", "character"
    ]  # fmt: skip
    assert [row[4] for row in messages.fetchall()] == [
        "It snores.",
        "Blue wings",
        None,
        "Dragon, red!",
    ]
    assert library.sql(f'SELECT count(*) FROM "{N}"').fetchall() == [(1,)]
    assert library.sql("SELECT count(*) FROM tales WHERE tags = []").fetchall() == [(1,)]
    assert library.dataset(T).sql("SELECT count(*) FROM entries").fetchall() == [(4,)]
    assert library.dataset(T).sql("SELECT count(*) FROM messages").fetchall() == [(9,)]
    assert library.sql("SELECT count(*) FROM entries").fetchall() == [(5,)]


@pytest.mark.parametrize(
    "query", ["SELECT * FROM tails", "SELEC 1", "SELECT 1/0 FROM missing", "SELECT 'a'::INT"]
)
def test_a_wrong_query_is_told_and_harms_nothing(query: str, library: Store) -> None:
    with pytest.raises(QueryInvalid):
        library.sql(query).fetchall()
    assert library.sql("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "DROP VIEW entries",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY entries TO 'stolen.csv'",
        "SELECT 1; DROP VIEW entries",
    ],
)
def test_a_query_only_reads_the_store(query: str, library: Store) -> None:
    with pytest.raises((QueryRefused, QueryInvalid)):
        library.sql(query).fetchall()
    assert library.sql("SELECT count(*) FROM entries").fetchall() == [(5,)]


def test_an_unknown_dataset_is_named(library: Store) -> None:
    with pytest.raises(NotFound, match="inn") as caught:
        library.sql("SELECT 1", dataset="inn")
    assert caught.value.hint == "datasets: Notes & more, tales"


def test_pages_follow_each_other(library: Store) -> None:
    dataset = library.dataset(T)
    whole = dataset.page()
    assert [entry.position for entry in whole] == [1024, 2048, 3072, 4096]
    assert dataset.page(3) + dataset.page(3, offset=3) == whole
    assert dataset.page(0) == []
    assert dataset.page(5, offset=9) == []
    assert dataset.get(whole[2].entry_id) == whole[2]
    for wrong in ((-1, 0), (1, -1)):
        with pytest.raises(PageInvalid):
            dataset.page(*wrong)
    with pytest.raises(NotFound):
        library.dataset(N).get(whole[0].entry_id)
    with pytest.raises(NotFound):
        library.entry(UUID(int=3))
    with pytest.raises(InvalidInput):
        library.entry("not an id")


def test_a_result_that_is_being_read_survives_a_change(fresh_store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [chat(f"number {n}") for n in range(3000)])
    dataset = fresh_store.dataset("a")
    dataset.import_file(path)
    result = fresh_store.sql("SELECT * FROM entries")
    assert len(result.fetchmany(1)) == 1
    fresh_store.delete([dataset.page(1)[0].entry_id])
    assert fresh_store.sql("SELECT count(*) FROM entries").fetchall() == [(2999,)]
    assert len(result.fetchall()) == 2999


def test_edits_are_seen_in_streams_and_by_many_at_once(fresh_store: Store, tmp_path: Path) -> None:
    """The engine calls back into Python for structured contents, from threads of its own."""
    parts = {"role": "user", "content": [{"type": "text", "text": "old"}], "n": 1}
    records: list[dict[str, Any]] = [{"messages": [parts]} for _ in range(300)]
    dataset = fresh_store.dataset("a")
    dataset.import_file(jsonl(tmp_path / "a.jsonl", records))
    for one in dataset.page(200):
        fresh_store.edit(one.entry_id, message=0, content="new")
    query = "SELECT messages[1].content AS c, messages[1].extra AS e FROM entries"
    streams = [fresh_store.sql(query).batches(50) for _ in range(3)]
    fresh_store.edit(dataset.page(1)[0].entry_id, message=0, content="newer")
    with ThreadPoolExecutor(3) as pool:
        tables = list(pool.map(lambda stream: stream.read_all(), streams))
    for rows in (table.to_pylist() for table in tables):
        assert len(rows) == 300
        assert sum(row == {"c": "new", "e": '{"n":1}'} for row in rows) == 200
        assert sum(row["c"] is None and "old" in row["e"] for row in rows) == 100


def test_views_are_made_again_only_when_they_differ(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = fresh_store.dataset("a")
    dataset.import_file(jsonl(tmp_path / "a.jsonl", [chat("one"), chat("two")]))
    first, second = (one.entry_id for one in dataset.page())
    texts = "SELECT content FROM messages ORDER BY entry_id"
    fresh_store.edit(first, message=0, content="1")
    assert fresh_store.sql(texts).fetchall() == [("1",), ("two",)]
    statements: list[str] = []
    execute = Session.execute

    def noted(session: Session, sql: str, parameters: Sequence[object] | None = None) -> None:
        statements.append(sql)
        execute(session, sql, parameters)

    monkeypatch.setattr(Session, "execute", noted)
    fresh_store.edit(second, message=0, content="2")
    assert fresh_store.sql(texts).fetchall() == [("1",), ("2",)]
    assert not [sql for sql in statements if "VIEW" in sql]
    fresh_store.undo()
    assert fresh_store.sql(texts).fetchall() == [("1",), ("two",)]
    assert not [sql for sql in statements if "VIEW" in sql]
    fresh_store.undo()
    fresh_store.undo()
    assert fresh_store.sql("SELECT count(*) FROM entries").fetchall() == [(0,)]
    with pytest.raises(QueryInvalid):
        fresh_store.sql("SELECT count(*) FROM a")
