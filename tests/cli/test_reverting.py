from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Runner

pytestmark = pytest.mark.usefixtures("store")


def _number(run: Runner) -> int:
    return int(run("log", "--json").json[0]["seq"])


def _first(run: Runner, entry_id: str) -> list[str]:
    return [message["content"] for message in run("show", entry_id, "--json").json["messages"]]


def test_an_earlier_change_is_taken_back_and_put_back(run: Runner, entry_id: str) -> None:
    before = _first(run, entry_id)
    run("edit", entry_id, "--message", 0, "--content", "first")
    first = _number(run)
    run("edit", entry_id, "--message", 1, "--content", "second")
    done = run("revert", first)
    assert done.code == 0
    assert done.out == ""
    assert f"revert change {first}" in done.err
    assert _first(run, entry_id) == [before[0], "second", before[2]]
    told = run("revert", _number(run), "--dataset", "tavern", "--json").json
    assert told["datasets"] == ["tavern"]
    assert told["kind"] == "change"
    assert _first(run, entry_id) == ["first", "second", before[2]]
    assert "undo: revert change" in run("undo").err


def test_what_depends_on_it_is_named(run: Runner, entry_id: str) -> None:
    run("edit", entry_id, "--message", 0, "--content", "first")
    first = _number(run)
    for text in "abcdefg":
        run("edit", entry_id, "--message", 0, "--content", text)
    shown, log = _first(run, entry_id), run("log", "--json").out
    refused = run("revert", first)
    assert refused.code == 13
    assert f"{first + 1} “edit message 0" in refused.err
    assert "and 2 more" in refused.err
    assert (_first(run, entry_id), run("log", "--json").out) == (shown, log)
    assert run("revert", 999).code == run("revert", first, "--dataset", "nowhere").code == 10
    assert run("revert", 0).code == 2


def test_a_change_in_two_datasets_is_told_as_one(run: Runner, entry_id: str, sources: Path) -> None:
    run("import", sources / "tavern.jsonl", "--dataset", "copy")
    other = run("list", "--dataset", "copy", "--json").json[0]["entry_id"]
    run("delete", entry_id, other)
    number = _number(run)
    assert "in tavern and copy, as one" in run("undo").err
    assert run("redo", "--json").json["datasets"] == ["tavern", "copy"]
    assert "in tavern and copy, as one" in run("revert", number).err
    counts = run("sql", "SELECT dataset, count(*) AS n FROM entries GROUP BY ALL", "--json").json
    assert {row["dataset"]: row["n"] for row in counts} == {"tavern": 3, "copy": 3}
