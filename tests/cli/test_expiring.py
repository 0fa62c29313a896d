from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Runner

pytestmark = pytest.mark.usefixtures("store")


def test_history_keep_tells_and_does(entry_id: str, run: Runner) -> None:
    run("edit", entry_id, "--message", "1", "--content", "Who asks?")
    before = run("list", "--dataset", "tavern", "--json").json
    planned = run("history", "keep", "0kB", "--dry-run", "--json")
    assert planned.json["expired"] == 2
    assert run("undo").code == 0
    assert run("redo").code == 0
    done = run("history", "keep", "0kB")
    assert done.code == 0
    assert "2 changes went" in done.err
    assert run("list", "--dataset", "tavern", "--json").json == before
    refused = run("undo")
    assert refused.code == 10
    assert "expired" in refused.err
    assert run("history", "keep", "soon").code == 16


def test_dataset_rename_and_drop(run: Runner) -> None:
    assert run("dataset", "rename", "tavern", "inn").code == 0
    assert run("list", "--dataset", "inn").code == 0
    assert run("dataset", "drop", "inn", "--json").json["summary"] == "drop inn"
    assert run("list", "--dataset", "inn").code == 10
    assert run("undo").code == 0
    assert run("list", "--dataset", "inn").code == 0


def test_dataset_shred(store: Path, tmp_path: Path, run: Runner) -> None:
    run("remote", "add", "attic", tmp_path / "attic")
    assert run("dataset", "drop", "tavern", "--shred").code == 2
    done = run("dataset", "drop", "tavern", "--shred", "--yes")
    assert done.code == 0
    assert "attic" in done.err
    assert "Exported files" in done.err
    assert run("datasets", "--json").json == []
    assert run("undo").code == 10
    assert not list(store.rglob("*.parquet"))
