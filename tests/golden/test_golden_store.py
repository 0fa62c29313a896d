"""The store that was written first must open for ever, and go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.store import Store
from tests.golden.make_golden_store import FOLDER, PASSPHRASE, RECORDS
from tests.scenes import quick_keys


@pytest.fixture
def golden(tmp_path: Path) -> Iterator[Path]:
    """A copy, with the empty folders that version control does not keep."""
    path = tmp_path / "store"
    shutil.copytree(FOLDER, path)
    for name in ("staging", "spill", "trust"):
        (path / name).mkdir(exist_ok=True)
    with quick_keys():
        yield path


def opened(path: Path) -> Store:
    return rolethread_store.open(path, passphrase=PASSPHRASE)


def ships(store: Store) -> list[tuple[str | None, tuple[str, ...] | None]]:
    return [(entry.messages[0].content, entry.tags) for entry in store.dataset("Hafen").page()]


AFTER = [("Ship 0?", ("ship",)), ("Ship two, at last?", ("ship",)), ("Ship 3?", ("ship",))]


def test_it_holds_what_was_put_in(golden: Path, tmp_path: Path) -> None:
    with opened(golden) as store:
        infos = {info.name: (info.entries, info.quarantined) for info in store.datasets()}
        assert infos == {"keeper": (3, 1), "Hafen": (3, 0)}
        assert ships(store) == AFTER
        first = store.dataset("keeper").page(1)[0]
        assert [message.content for message in first.messages] == [
            "You keep the lighthouse.",
            "Is the great lamp lit?",
            "It is — and the fog is thick.",
        ]
        assert first.tags == ("sea", "night", "fog")
        assert (first.origin.source, first.origin.record) == ("keeper.jsonl", 1)
        broken = store.quarantine()[0]
        assert (broken.source, broken.record, broken.raw) == ("keeper.jsonl", 2, b"{broken")
        assert [(remote.name, remote.url) for remote in store.remotes()] == [
            ("attic", "file:///media/attic/backup")
        ]
        hits = store.search("leuchtfeuer", roles=["assistant"])
        assert [(hit.dataset, hit.turn) for hit in hits] == [("keeper", 1)]
        out = tmp_path / "out.jsonl"
        store.dataset("keeper").export(out, format="chatml", where="origin.record = 3")
        assert json.loads(out.read_text(encoding="utf-8")) == RECORDS[1]
        store.dataset("keeper").export(
            out, format="sharegpt", where="origin.record = 4", force=True
        )
        assert json.loads(out.read_text(encoding="utf-8")) == RECORDS[2]


def test_its_history_can_be_walked_back_and_forth(golden: Path, tmp_path: Path) -> None:
    with opened(golden) as store:
        assert [item.kind for item in store.log()].count("undo") == 1
        assert store.redo().summary.startswith("redo: remove tags ship")
        assert ships(store)[2] == ("Ship 3?", ())
        undone = 0
        while store.status().undoable is not None:
            store.undo()
            undone += 1
        assert undone == 8
        assert store.datasets() == []
        for _ in range(7):
            store.redo()
    with opened(golden) as store:
        assert ships(store) == AFTER
        store.checkpoint()
        assert ships(store) == AFTER


def test_it_can_be_changed_and_checkpointed(golden: Path, tmp_path: Path) -> None:
    with opened(golden) as store:
        entry = store.dataset("Hafen").page(1)[0]
        store.edit(entry.entry_id, message=0, content="Ship nought?")
        store.checkpoint()
        store.undo()
        assert ships(store) == AFTER
    with opened(golden) as store:
        assert ships(store) == AFTER


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 200_000
