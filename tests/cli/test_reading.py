from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.cli.running import RECORDS, Runner

pytestmark = pytest.mark.usefixtures("store")


def test_datasets(run: Runner) -> None:
    (found,) = run("datasets", "--json").json
    assert (found["name"], found["entries"], found["quarantined"]) == ("tavern", 3, 1)
    assert run("datasets").out.splitlines()[1].startswith("tavern\t3\t1\t")


def test_status(run: Runner, store: Path) -> None:
    found = run("status", "--json").json
    assert found["path"] == str(store)
    assert (found["datasets"], found["entries"], found["quarantined"]) == (1, 3, 1)
    assert found["remotes"] == []
    assert "entries       3" in run("status").out


def test_list_in_order_by_pages(run: Runner) -> None:
    rows = run("list", "--dataset", "tavern", "--json").json
    assert [row["preview"] for row in rows] == [
        "Who lit the old lighthouse?", "Zwei Bier, bitte.", "Ho!",
    ]  # fmt: skip
    assert rows[0]["tags"] == ["night"]
    assert [row["messages"] for row in rows] == [3, 2, 2]
    page = run("list", "--dataset", "tavern", "--limit", 1, "--offset", 1)
    assert page.out.splitlines()[1].split("\t")[0] == rows[1]["entry_id"]
    assert page.err == "1 of 3 entries\n"


def test_list_of_an_unknown_dataset_is_10(run: Runner) -> None:
    assert run("list", "--dataset", "nowhere").code == 10


def test_show(run: Runner, entry_id: str) -> None:
    found = run("show", entry_id, "--json").json
    assert found["entry_id"] == entry_id
    assert found["dataset"] == "tavern"
    assert found["messages"] == RECORDS[0]["messages"]
    assert found["tags"] == ["night"]
    assert found["extra"] == {"source": {"shelf": 3}}
    assert found["origin"]["record"] == 1
    assert set(found) == {
        "entry_id", "dataset", "position", "messages", "tags", "origin", "created_at",
        "updated_at", "extra",
    }  # fmt: skip
    text = run("show", entry_id).out
    assert "[1] user\nWho lit the old lighthouse?\n" in text


@pytest.mark.parametrize(
    ("entry", "code"), [("0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d", 10), ("nonsense", 16)]
)
def test_show_what_is_not_there(entry: str, code: int, run: Runner) -> None:
    assert run("show", entry).code == code


def test_search_by_mode_role_and_tag(run: Runner) -> None:
    assert len(run("search", "LIGHTHOUSE", "--json").json) == 1
    assert run("search", "lighthouse", "--role", "assistant", "--json").json == []
    assert run("search", "lighthouse", "--tag", "day", "--json").json == []
    (hit,) = run("search", "lighthouse", "old", "--mode", "all-words", "--json").json
    assert (hit["dataset"], hit["turn"], hit["role"]) == ("tavern", 1, "user")
    assert run("search", "bier bitte", "--mode", "phrase", "--dataset", "tavern").code == 0


def test_sql_as_text_json_and_csv(run: Runner) -> None:
    query = "SELECT entry_id, tags, created_at, position > 0 AS ok FROM entries ORDER BY position"
    rows = run("sql", query, "--json").json
    assert len(rows) == 3
    assert rows[0]["tags"] == ["night"]
    assert rows[0]["ok"] is True
    table = list(csv.DictReader(io.StringIO(run("sql", query, "--csv").out)))
    assert [row["entry_id"] for row in table] == [row["entry_id"] for row in rows]
    assert json.loads(table[0]["tags"]) == ["night"]
    lines = run("sql", query).out.splitlines()
    assert lines[0] == "entry_id\ttags\tcreated_at\tok"
    assert len(lines) == 4


def test_sql_of_many_rows_and_of_none(run: Runner) -> None:
    many = run("sql", "SELECT range AS n FROM range(10000)", "--json").json
    assert [row["n"] for row in many] == list(range(10_000))
    assert run("sql", "SELECT 1 AS n WHERE false", "--json").json == []


def test_sql_from_standard_input(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT count(*) AS n FROM messages"))
    assert run("sql", "-", "--dataset", "tavern", "--json").json == [{"n": 7}]


def test_sql_to_arrow_replaces_nothing_unasked(run: Runner, tmp_path: Path) -> None:
    target = tmp_path / "out.arrow"
    query = ("sql", "SELECT content FROM messages", "--arrow", target)
    assert run(*query).code == 0
    with pa.ipc.open_file(str(target)) as reader:
        assert reader.read_all().num_rows == 7
    before = target.read_bytes()
    assert run(*query).code == 13
    assert target.read_bytes() == before
    assert run("sql", "SELECT 1 AS n", "--arrow", target, "--force").code == 0
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT nothing FROM nowhere", 16),
        ("DROP VIEW entries", 12),
        ("SELECT * FROM read_csv('/etc/passwd')", 12),
        ("SELECT 1; SELECT 2", 16),
    ],
)
def test_sql_that_is_wrong_or_not_a_read(query: str, code: int, run: Runner) -> None:
    shown = run("sql", query)
    assert shown.code == code
    assert shown.out == ""


def test_sql_takes_a_memory_limit(run: Runner) -> None:
    assert run("sql", "SELECT 1 AS n", "--memory-limit", "500MB").code == 0
    assert run("sql", "SELECT 1 AS n", "--memory-limit", "plenty").code == 16


def test_quarantine_keeps_place_bytes_and_reason(run: Runner) -> None:
    (held,) = run("quarantine", "--json").json
    assert (held["source"], held["record"], held["raw"]) == ("tavern.jsonl", 2, "{not json")
    assert held["reason"]
    assert "{not json" in run("quarantine", "--dataset", "tavern").out
