"""After a failure that leaves open whether something was written, the disk is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolethread_store.changelog import History
from rolethread_store.errors import StoreError
from rolethread_store.store import Store
from tests.scenes import chat, jsonl


@pytest.fixture
def tavern(fresh_store: Store, tmp_path: Path) -> Store:
    fresh_store.dataset("tavern").import_file(jsonl(tmp_path / "one.jsonl", [chat("Hello?")]))
    return fresh_store


def test_interrupt_between_disk_and_memory(tavern: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is durable, the history does not know it: the next write must not take its seq."""
    entry = tavern.dataset("tavern").page(1)[0].entry_id

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(History, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tavern.edit(entry, message=0, content="durable")
    tavern.edit(entry, message=0, content="after")
    assert [item.seq for item in tavern.log()] == [3, 2, 1]
    tavern.undo()
    assert tavern.entry(entry).entry.messages[0].content == "durable"


def test_manifest_that_was_published_after_all(
    tavern: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``put_new`` may fail in its last step, when the name is taken already."""
    disk = tavern._parts.journal.disk
    sync = disk.sync_folder
    failed: list[Path] = []

    def failing(path: Path) -> None:
        if path.name == "manifests" and not failed:
            failed.append(path)
            raise StoreError("the disk failed")
        sync(path)

    monkeypatch.setattr(disk, "sync_folder", failing)
    source = jsonl(tmp_path / "two.jsonl", [chat("Again?")])
    with pytest.raises(StoreError, match="the disk failed"):
        tavern.dataset("tavern").import_file(source)
    assert tavern.dataset("tavern").count() == 1
    tavern.dataset("tavern").import_file(source)
    assert tavern.dataset("tavern").count() == 2
