from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.clock import SystemClock
from rolethread_store.storage import Layout, WriterLock
from tests.cli.running import SHAREGPT, Runner

pytestmark = pytest.mark.usefixtures("store")


def _editor(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> Path:
    """Let EDITOR be a Python program; return a file in which it leaves what it saw."""
    seen = folder / "seen.json"
    script = folder / "editor.py"
    script.write_text(
        "import json, os, pathlib, stat, sys\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "text = path.read_text(encoding='utf-8')\n"
        "pathlib.Path(sys.argv[1]).write_text(json.dumps({\n"
        "    'path': str(path), 'text': text,\n"
        "    'folder': stat.S_IMODE(path.parent.stat().st_mode),\n"
        "    'file': stat.S_IMODE(path.stat().st_mode),\n"
        "    'secret': os.environ.get('ROLETHREAD_PASSPHRASE')}))\n" + body,
        encoding="utf-8",
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script} {seen}")
    return seen


def _messages(run: Runner, entry_id: str) -> list[dict[str, Any]]:
    return list(run("show", entry_id, "--json").json["messages"])


def test_one_message(run: Runner, entry_id: str) -> None:
    before = _messages(run, entry_id)
    done = run("edit", entry_id, "--message", 1, "--content", "Wer war es?")
    assert done.code == 0
    assert done.out == ""
    after = _messages(run, entry_id)
    assert after[1] == {**before[1], "content": "Wer war es?"}
    assert [after[0], after[2]] == [before[0], before[2]]


def test_content_from_standard_input(
    run: Runner, entry_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"two\nlines\n")
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run("edit", entry_id, "--message", 0, "--content", "-").code == 0
    assert _messages(run, entry_id)[0]["content"] == "two\nlines"


def test_what_show_printed_is_taken_back(run: Runner, entry_id: str, tmp_path: Path) -> None:
    shown = run("show", entry_id, "--json").json
    shown["messages"][2]["content"] = "The crab did."
    shown["tags"].append("solved")
    file = tmp_path / "entry.json"
    file.write_text(json.dumps(shown), encoding="utf-8")
    assert run("edit", entry_id, "--file", file).code == 0
    after = run("show", entry_id, "--json").json
    for name in ("messages", "tags", "extra", "position", "origin"):
        assert after[name] == shown[name]


def test_a_file_of_another_entry_is_refused(run: Runner, entry_id: str, tmp_path: Path) -> None:
    other = run("list", "--dataset", "tavern", "--json").json[1]["entry_id"]
    file = tmp_path / "entry.json"
    file.write_text(run("show", entry_id, "--json").out, encoding="utf-8")
    assert run("edit", other, "--file", file).code == 16


@pytest.mark.parametrize("content", ["{", "[]", '{"no": "messages"}'])
def test_a_file_that_is_no_entry_changes_nothing(
    content: str, run: Runner, entry_id: str, tmp_path: Path
) -> None:
    before = run("show", entry_id, "--json").out
    file = tmp_path / "entry.json"
    file.write_text(content, encoding="utf-8")
    assert run("edit", entry_id, "--file", file).code == 16
    assert run("edit", entry_id, "--file", tmp_path / "missing").code == 10
    assert run("edit", entry_id, "--message", 7, "--content", "x").code == 16
    assert run("show", entry_id, "--json").out == before


def test_the_editor_gets_one_message_in_a_private_place(
    run: Runner, entry_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _editor(monkeypatch, tmp_path, "path.write_text(text.replace('tavern', 'lighthouse'))")
    done = run("edit", entry_id, "--message", 0)
    assert done.code == 0
    found = json.loads(seen.read_text(encoding="utf-8"))
    assert found["text"] == "You keep a tavern.\n"
    assert (found["folder"], found["file"]) == (0o700, 0o600)
    assert found["secret"] is None
    assert found["path"] in done.err
    assert not Path(found["path"]).parent.exists()
    assert _messages(run, entry_id)[0]["content"] == "You keep a lighthouse."


def test_the_editor_gets_the_whole_entry(
    run: Runner, entry_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _editor(
        monkeypatch,
        tmp_path,
        "entry = json.loads(text)\nentry['messages'].pop()\npath.write_text(json.dumps(entry))",
    )
    assert run("edit", entry_id).code == 0
    assert [message["role"] for message in _messages(run, entry_id)] == ["system", "user"]


@pytest.mark.parametrize(("body", "code"), [("", 0), ("sys.exit(1)", 16)])
def test_an_editor_that_changes_nothing_or_fails(
    body: str, code: int, run: Runner, entry_id: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    seen = _editor(monkeypatch, tmp_path, body)
    done = run("edit", entry_id)
    assert done.code == code
    assert "nothing was changed" in done.err
    assert not Path(json.loads(seen.read_text())["path"]).exists()
    assert len(run("log", "--json").json) == 1


def test_an_editor_that_is_not_there(
    run: Runner, entry_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    assert run("edit", entry_id).code == 17


def test_tags(run: Runner, entry_id: str) -> None:
    def tags() -> list[list[str]]:
        return [row["tags"] for row in run("list", "--dataset", "tavern", "--json").json]

    assert run("tag", "add", "a", "b", "--dataset", "tavern", "--all").code == 0
    assert tags() == [["night", "a", "b"], ["a", "b"], ["a", "b"]]
    assert run("tag", "remove", "a", "--dataset", "tavern", "--entry", entry_id).code == 0
    where = ("--where", "len(messages) = 2")
    assert run("tag", "remove", "b", "--dataset", "tavern", *where).code == 0
    assert tags() == [["night", "b"], ["a"], ["a"]]
    again = run("tag", "remove", "b", "--dataset", "tavern", *where)
    assert (again.code, again.err) == (0, "nothing was changed\n")
    assert run("tag", "add", "x", "--dataset", "tavern", "--where", "sense").code == 16


def test_delete_undo_redo_log(run: Runner, entry_id: str) -> None:
    def count() -> int:
        return len(run("list", "--dataset", "tavern", "--json").json)

    assert run("delete", entry_id).code == 0
    assert count() == 2
    assert run("delete", entry_id).code == 10
    assert run("undo").code == 0
    assert count() == 3
    assert run("redo", "--dataset", "tavern").code == 0
    assert count() == 2
    assert run("redo").code != 0
    items = run("log", "--json").json
    assert [item["kind"] for item in items] == ["redo", "undo", "change", "change"]
    assert items[0]["target"] == items[2]["set_id"]
    assert run("log", "--dataset", "tavern", "--limit", 2).out.count("\n") == 3
    assert run("undo", "--json").json["kind"] == "undo"


def test_checkpoint_changes_no_answer(run: Runner, entry_id: str) -> None:
    run("edit", entry_id, "--message", 0, "--content", "x")
    before = run("show", entry_id, "--json").out
    assert run("checkpoint", "--dry-run", "--json").json[0]["step"] == "fold"
    report = run("checkpoint", "--json").json[0]
    assert (report["step"], report["folded"]) == ("fold", 1)
    assert run("show", entry_id, "--json").out == before
    assert "nothing was pending" in run("checkpoint").err
    run("edit", entry_id, "--message", 0, "--content", "y")
    assert "1 pending entry folded" in run("checkpoint").out
    before = run("show", entry_id, "--json").out
    found = run("gc", "--dry-run", "--json").json
    assert run("gc", "--json").json["freed_bytes"] == found["garbage_bytes"]
    assert run("show", entry_id, "--json").out == before


def test_a_second_writer_is_11_and_readers_go_on(run: Runner, entry_id: str, store: Path) -> None:
    with WriterLock(Layout(store), SystemClock()):
        shown = run("edit", entry_id, "--message", 0, "--content", "x")
        assert shown.code == 11
        assert str(os.getpid()) in shown.err
        assert run("show", entry_id).code == 0
    assert run("edit", entry_id, "--message", 0, "--content", "x", "--wait", 5).code == 0


def test_sharegpt_entry_survives_show_and_edit(run: Runner, tmp_path: Path) -> None:
    """``show --json`` speaks ChatML; what it shows must go back in without a loss."""
    entry_id = run("list", "--dataset", "tavern", "--json").json[2]["entry_id"]
    shown = tmp_path / "entry.json"
    shown.write_text(run("show", entry_id, "--json").out, encoding="utf-8")
    assert [one["role"] for one in json.loads(shown.read_text())["messages"]] == [
        "user",
        "assistant",
    ]
    assert run("edit", entry_id, "--file", shown).code == 0
    out = tmp_path / "out.jsonl"
    assert run("export", "tavern", out, "--format", "sharegpt").code == 0
    assert json.loads(out.read_text("utf-8").splitlines()[2]) == SHAREGPT


def test_editor_shows_an_entry_as_it_came(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = run("list", "--dataset", "tavern", "--json").json[2]["entry_id"]
    body = "path.write_text(text.replace('Ho!', 'Ahoy!'), encoding='utf-8')\n"
    seen = _editor(monkeypatch, tmp_path, body)
    assert run("edit", entry_id).code == 0
    assert json.loads(json.loads(seen.read_text())["text"]) == SHAREGPT
    assert _messages(run, entry_id)[0]["content"] == "Ahoy!"
