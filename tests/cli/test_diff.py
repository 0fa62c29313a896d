"""What differs, for people and for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.running import Runner

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def changed(run: Runner, entry_id: str, tmp_path: Path) -> str:
    """Publish, then edit, tag, delete and import; return the id of the edited entry."""
    assert run("diff").code == 10
    run("publish")
    rows = run("list", "--dataset", "tavern", "--json").json
    run("edit", entry_id, "--message", 1, "--content", "Who lit the new lighthouse?")
    shown = run("show", entry_id, "--json").json
    shown["messages"].append({"role": "user", "content": "Tell me."})
    shown["tags"] = ["day"]
    shown["extra"]["source"] = {"shelf": 4}
    file = tmp_path / "entry.json"
    file.write_text(json.dumps(shown), encoding="utf-8")
    assert run("edit", entry_id, "--file", file).code == 0
    assert run("delete", rows[1]["entry_id"]).code == 0
    more = tmp_path / "more.jsonl"
    lines = [{"messages": [{"role": "user", "content": f"more \x1b[31m{n}"}]} for n in range(60)]
    more.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert run("import", more, "--dataset", "tavern").code == 0
    return entry_id


def test_text_with_marks(run: Runner, changed: str) -> None:
    done = run("diff", "--limit", 3)
    lines = done.out.splitlines()
    assert lines[0] == "version 1 → working copy main: 60 added, 1 removed, 1 edited, 0 moved"
    assert lines[1:6] == [
        f"edited   {changed}",
        "  tags [-night-] {+day+}",
        '  extra.source: [-{"shelf": 3}-] → {+{"shelf": 4}+}',
        "  [1] content: Who lit the [-old-]{+new+} lighthouse?",
        "  [3] inserted: {+user: Tell me.+}",
    ]
    assert lines[6].startswith("removed  ")
    assert lines[6].endswith("  [-Zwei Bier, bitte.-]")
    assert lines[7].startswith("added    ")
    assert len(lines) == 8
    assert "3 of 62 shown" in done.err
    assert len(run("diff", "--limit", 0).out.splitlines()) == 1
    assert "50 of 62 shown" in run("diff").err


def test_json_is_complete(run: Runner, changed: str) -> None:
    found = run("diff", "--json").json
    assert (found["dataset"], found["before"]["version"], found["after"]["version"]) == (
        "tavern", 1, None,
    )  # fmt: skip
    assert [found[name] for name in ("added", "removed", "edited", "moved")] == [60, 1, 1, 0]
    assert len(found["entries"]) == 62
    one, removed, added = found["entries"][:3]
    assert (one["entry_id"], one["fate"], one["edited"], one["moved"]) == (
        changed, "changed", True, False,
    )  # fmt: skip
    assert (one["tags_added"], one["tags_removed"]) == (["day"], ["night"])
    assert {field["field"]: field["after"] for field in one["fields"]} == {
        "tags": ["day"], "extra.source": {"shelf": 4},
    }  # fmt: skip
    edited, inserted = one["messages"]
    assert (edited["fate"], edited["before"], edited["after"]) == ("edited", 1, 1)
    assert [piece["text"] for piece in edited["fields"][0]["pieces"]] == [
        "Who lit the ", "old", "new", " lighthouse?",
    ]  # fmt: skip
    assert (inserted["fate"], inserted["message"]["content"]) == ("inserted", "Tell me.")
    assert removed["entry"]["messages"][0]["name"] == "Greta"
    assert added["entry"]["origin"]["source"] == "more.jsonl"
    assert len(run("diff", "--json", "--limit", 2).json["entries"]) == 2


def test_between_versions_and_backwards(run: Runner, changed: str) -> None:
    run("publish")
    assert run("diff").out.startswith("version 2 → working copy main: 0 added, 0 removed")
    assert run("diff", 1, 2, "--limit", 0).out.startswith("version 1 → version 2: 60 added, 1 rem")
    back = run("diff", 2, 1, "--json").json
    assert [back[name] for name in ("added", "removed", "edited", "moved")] == [1, 60, 1, 0]
    assert run("diff", 1, 1, "--json").json["entries"] == []
    assert run("diff", 1, 9).code == 10
    assert run("diff", 0).code == 2


def test_colours_on_a_terminal_only(
    run: Runner, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in run("diff", "--limit", 1).out
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = run("diff").out
    assert "\x1b[31mold\x1b[0m\x1b[32mnew\x1b[0m" in shown
    assert "[-old-]" not in shown
    # What an entry holds cannot colour, move or hide anything.
    assert "\\x1b[31m0" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    plain = run("diff").out
    assert "\x1b" not in plain
    assert "[-old-]{+new+}" in plain
