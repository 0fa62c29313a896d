"""Versions, working copies, diff and blame, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Runner

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def second(run: Runner, tmp_path: Path) -> str:
    """Another dataset, so that the store has two."""
    path = tmp_path / "other.jsonl"
    record = {"messages": [{"role": "user", "content": "Alone."}]}
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    assert run("import", path, "--dataset", "other").code == 0
    return "other"


def first_text(run: Runner, *options: object) -> str:
    rows = run("list", "--dataset", "tavern", "--json", *options).json
    return str(rows[0]["preview"])


def edit(run: Runner, entry_id: str, text: str, *options: object) -> None:
    done = run("edit", entry_id, "--message", 1, "--content", text, *options)
    assert done.code == 0, done.err


def test_publish_edit_look_back_and_return(run: Runner, entry_id: str, tmp_path: Path) -> None:
    done = run("publish", "-m", "as it came")
    assert (done.code, done.out) == (0, "")
    assert "published version 1 of tavern: as it came" in done.err
    assert "dataset: tavern" in done.err
    edit(run, entry_id, "Who broke it?")
    assert run("publish", "--dataset", "tavern", "--json").json["number"] == 2
    assert run("publish").code == 13
    shown = run("versions", "--json").json
    assert [(one["number"], one["message"]) for one in shown] == [(2, None), (1, "as it came")]
    assert run("versions").out.splitlines()[2].split("\t")[::3] == ["1", "as it came"]
    assert first_text(run) == "Who broke it?"
    assert first_text(run, "--at", 1) == "Who lit the old lighthouse?"
    query = "SELECT content FROM messages WHERE turn = 1 ORDER BY content LIMIT 1 OFFSET 2"
    assert run("sql", query, "--at", 1).out == "content\nWho lit the old lighthouse?\n"
    assert run("sql", query, "--at", 2, "--dataset", "tavern").out.endswith("broke it?\n")
    for number in (1, 2):
        assert run("export", "tavern", tmp_path / f"{number}.jsonl", "--at", number).code == 0
    old, new = ((tmp_path / f"{number}.jsonl").read_text("utf-8") for number in (1, 2))
    assert old != new
    assert old.replace("Who lit the old lighthouse?", "Who broke it?") == new
    assert run("checkout", 1).code == 0
    assert first_text(run) == "Who lit the old lighthouse?"
    assert run("undo").code == 0
    assert first_text(run) == "Who broke it?"
    for command in (("checkout", 7), ("list", "--dataset", "tavern", "--at", 7), ("diff", 7)):
        assert run(*command).code == 10


def test_discard(run: Runner, entry_id: str) -> None:
    assert run("discard").code == 10
    run("publish")
    edit(run, entry_id, "x")
    done = run("discard", "--json").json
    assert done["summary"] == "discard 1 changes since version 1 of tavern"
    assert first_text(run) == "Who lit the old lighthouse?"
    assert run("undo").code == 0
    assert first_text(run) == "x"


def test_where_things_stand(run: Runner, entry_id: str) -> None:
    assert "tavern: no version, 1 change since" in run("status").out
    run("publish")
    edit(run, entry_id, "x")
    assert "tavern: version 1, 1 change since" in run("status").out
    (standing,) = run("status", "--json").json["standings"]
    assert standing == {
        "dataset": "tavern", "working_copy": "main", "version": 1, "changes": 1,
    }  # fmt: skip
    (info,) = run("datasets", "--json").json
    assert (info["working_copy"], info["version"], info["changes"]) == ("main", 1, 1)
    assert run("datasets").out.splitlines()[1].split("\t")[5:7] == ["1", "1"]


def test_a_working_copy_from_option_and_environment(
    run: Runner, entry_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("publish")
    done = run("fork", "draft")
    assert "made working copy draft of tavern from main" in done.err
    edit(run, entry_id, "drafted", "--working-copy", "draft")
    assert first_text(run) == "Who lit the old lighthouse?"
    assert first_text(run, "--working-copy", "draft") == "drafted"
    monkeypatch.setenv("ROLETHREAD_WORKING_COPY", "draft")
    assert first_text(run) == "drafted"
    assert first_text(run, "--working-copy", "main") == "Who lit the old lighthouse?"
    assert "tavern [draft]: version 1, 1 change since" in run("status").out
    assert run("publish", "--json").json["working_copy"] == "draft"
    assert run("undo").code == 0
    assert run("undo").code == 10
    assert run("redo").code == 0
    monkeypatch.setenv("ROLETHREAD_WORKING_COPY", "nobody")
    refused = run("list", "--dataset", "tavern")
    assert refused.code == 10
    assert "working copies: draft, main" in refused.err
    monkeypatch.delenv("ROLETHREAD_WORKING_COPY")
    listed = run("log", "--json").json
    assert listed[0]["kind"] == "redo"
    versions = {one["version"]: one for one in listed if one["version"]}
    assert versions[2]["working_copies"] == ["draft"]
    assert versions[1]["working_copies"] == []
    rows = [line.split("\t") for line in run("log").out.splitlines()]
    assert rows[0][4:6] == ["working copies", "version"]
    assert ["draft", "2"] in [row[4:6] for row in rows]


def test_every_change_goes_into_the_working_copy(
    run: Runner, entry_id: str, second: str, tmp_path: Path
) -> None:
    """Tag, delete, import and export; a dataset without that copy is left alone."""
    here = ("--dataset", "tavern", "--working-copy", "draft")
    run("fork", "draft", "--dataset", "tavern")
    before = run("export", "tavern", tmp_path / "before.jsonl")
    assert before.code == 0
    assert run("tag", "add", "x", "--all", *here).code == 0
    assert run("import", tmp_path / "other.jsonl", *here).code == 0
    assert run("delete", entry_id, "--working-copy", "draft").code == 0
    assert run("sql", "SELECT count(*) FROM entries", *here).out == "count_star()\n3\n"
    out = tmp_path / "draft.jsonl"
    assert run("export", "tavern", out, "--working-copy", "draft").code == 0
    assert "Alone." in out.read_text("utf-8")
    assert run("export", "tavern", tmp_path / "after.jsonl").code == 0
    assert (tmp_path / "after.jsonl").read_bytes() == (tmp_path / "before.jsonl").read_bytes()
    count = len(run("log", "--json").json)
    alone = run("list", "--dataset", second, "--json").json[0]["entry_id"]
    for refused in (
        ("import", tmp_path / "other.jsonl", "--dataset", second),
        ("import", tmp_path / "other.jsonl", "--dataset", "unheard of"),
        ("tag", "add", "x", "--all", "--dataset", second),
        ("publish", "--dataset", second),
        ("edit", alone, "--message", 0, "--content", "x"),
        ("delete", alone),
    ):
        assert run(*refused, "--working-copy", "draft").code == 10
    assert len(run("log", "--json").json) == count


def test_listing_and_deleting_working_copies(run: Runner, entry_id: str) -> None:
    run("publish")
    assert run("fork", "draft").code == 0
    assert run("fork", "draft").code == 13
    made = run("fork", "old", "--at", 1, "--json").json
    assert (made["name"], made["version"], made["changes"]) == ("old", 1, 0)
    edit(run, entry_id, "x", "--working-copy", "draft")
    found = run("working-copy", "list", "--json").json
    assert [(one["name"], one["changes"]) for one in found] == [
        ("main", 0), ("draft", 1), ("old", 0),
    ]  # fmt: skip
    assert run("working-copy", "list").out.splitlines()[2].startswith("draft\t1\t1\tmain\t")
    refused = run("working-copy", "delete", "draft")
    assert refused.code == 13
    assert "--force" in refused.err
    assert run("working-copy", "delete", "draft", "--force").code == 0
    assert run("working-copy", "delete", "main").code == 16
    assert run("working-copy", "delete", "draft").code == 10
    assert run("working-copy", "delete", "old", "--json").json["kind"] == "change"
    assert [one["name"] for one in run("working-copy", "list", "--json").json] == ["main"]


def test_undo_to_a_change_of_the_log(run: Runner, entry_id: str) -> None:
    for text in "abc":
        edit(run, entry_id, text)
    log = run("log", "--json").json
    done = run("undo", "--to", log[-2]["seq"])
    assert "undo 2 changes" in done.err
    assert first_text(run) == "a"
    assert run("redo").code == 0
    assert first_text(run) == "c"
    assert run("undo", "--to", 99).code == 10
    assert run("undo", "--to", 0).code == 2


def test_the_dataset_must_be_named_when_there_are_several(run: Runner, second: str) -> None:
    for command in (
        ("publish",), ("versions",), ("checkout", 1), ("discard",), ("fork", "x"), ("diff",),
        ("working-copy", "list"), ("undo", "--to", 1), ("sql", "SELECT 1", "--at", 1),
    ):  # fmt: skip
        refused = run(*command)
        assert refused.code == 16
        assert f"datasets: tavern, {second}" in refused.err
        assert refused.out == ""
    assert run("publish", "--dataset", second).code == 0


def test_blame(run: Runner, entry_id: str) -> None:
    edit(run, entry_id, "x")
    run("tag", "add", "good", "--dataset", "tavern", "--all")
    run("undo")
    run("delete", entry_id)
    items = run("blame", entry_id, "--json").json
    assert [(one["seq"], one["what"], one["standing"]) for one in items] == [
        (1, "imported from tavern.jsonl, record 1", "in effect"),
        (2, "message 1 edited", "in effect"),
        (3, "tags +good", "undone"),
        (5, "deleted", "in effect"),
    ]
    row = run("blame", entry_id).out.splitlines()[3].split("\t")
    assert (row[0], row[3], row[5]) == ("3", "tags +good", "undone")
    assert run("blame", "0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d").code == 10
    assert run("blame", "nonsense").code == 16
