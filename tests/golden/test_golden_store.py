"""The store that was written first must open for ever, and go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.model import FactKind
from rolethread_store.store import Store
from tests.golden.make_golden_store import FOLDER, PASSPHRASE, RECORDS, RECOVERY_CODE
from tests.scenes import quick_keys

Shown = list[tuple[str | None, tuple[str, ...] | None]]


@pytest.fixture
def golden(tmp_path: Path) -> Iterator[Path]:
    """A copy, without the empty folders, which version control does not keep either."""
    path = Path(shutil.copytree(FOLDER, tmp_path / "store"))
    for folder in sorted((one for one in path.rglob("*") if one.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    with quick_keys():
        yield path


def opened(path: Path) -> Store:
    return rolethread_store.open(path, passphrase=PASSPHRASE)


def shown(store: Store, name: str, copy: str | None = None, at: int | None = None) -> Shown:
    """The last text and the tags of every entry."""
    entries = store.dataset(name, copy).page(at=at)
    return [(entry.messages[-1].content, entry.tags) for entry in entries]


LAST = "Am Ende der Mole,\nhinter dem\u2028Leuchtfeuer."
KEEPER: Shown = [
    ("It is — and the fog is thick.", ("sea", "night", "storm")),
    ("A chart of the harbour.", None),
    ("At the end of the mole.", ("sea", "translated", "storm")),
]
VERSION_1: Shown = [
    ("It is — and the fog is thick.", ("sea", "night")), (None, None), (LAST, ()),
]  # fmt: skip
VERSION_2: Shown = [("It is, and the fog is thin.", ("sea", "night")), *VERSION_1[1:]]
HARBOUR: Shown = [
    ("Ship 2?", ("ship", "storm", "one", "two")),
    ("Ship three, at last?", ("ship",)),
    ("Ship nought?", ("storm",)),
    ("A friend.", ("written",)),
    ("Ship 5?", ("ship", "calm")),
    ("Ship 6?", ("ship", "calm")),
    ("Ship 7?", ("ship", "calm")),
]


def test_it_holds_what_was_put_in(golden: Path, tmp_path: Path) -> None:
    with opened(golden) as store:
        infos = {info.name: (info.entries, info.quarantined) for info in store.datasets()}
        assert infos == {"keeper": (3, 1), "Harbour": (7, 0)}
        assert shown(store, "keeper") == KEEPER
        assert shown(store, "Harbour") == HARBOUR
        first = store.dataset("keeper").page(1)[0]
        assert [message.content for message in first.messages] == [
            "You keep the lighthouse.",
            "Is the great lamp lit?",
            "It is — and the fog is thick.",
        ]
        assert (first.origin.source, first.origin.record) == ("keeper.jsonl", 1)
        broken = store.quarantine()[0]
        assert (broken.source, broken.record, broken.raw) == ("keeper.jsonl", 2, b"{broken")
        hits = store.search("friend", roles=["assistant"])
        assert [(hit.dataset, hit.turn) for hit in hits] == [("Harbour", 1)]


def test_what_was_imported_goes_out_as_it_came(golden: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with opened(golden) as store:
        keeper = store.dataset("keeper")
        for record, format in ((3, "chatml"), (4, "sharegpt")):
            where = f"origin.record = {record}"
            keeper.export(out, format=format, where=where, at=1, force=True)
            assert json.loads(out.read_text(encoding="utf-8")) == RECORDS[record - 2]
        keeper.export(out, format="chatml", where="origin.record = 3", force=True)
    edited = json.loads(out.read_text(encoding="utf-8"))["messages"][1]
    assert edited["content"] == "A chart of the harbour."
    assert edited["tool_calls"] == [{"id": "c1", "name": "look"}]


def test_it_has_versions_and_working_copies(golden: Path) -> None:
    with opened(golden) as store:
        keeper = store.dataset("keeper")
        assert [(one.number, one.message, one.working_copy) for one in keeper.versions()] == [
            (2, "a thinner fog", "draft"),
            (1, "as it came, but for the lamp", "main"),
        ]
        assert [
            (one.name, one.version, one.changes, one.source) for one in keeper.working_copies()
        ] == [("main", 1, 3, None), ("draft", 2, 0, "main"), ("again", 2, 0, "main")]
        assert shown(store, "keeper", at=1) == VERSION_1
        assert shown(store, "keeper", at=2) == VERSION_2
        assert shown(store, "keeper", "draft") == VERSION_2
        assert shown(store, "keeper", "again") == VERSION_2
        store.dataset("keeper", "draft").redo()
        assert {"draft"} <= set(shown(store, "keeper", "draft")[2][1] or ())


def test_it_has_a_registry_and_settings(golden: Path) -> None:
    with opened(golden) as store:
        assert [(remote.name, remote.url) for remote in store.remotes()] == [
            ("attic", "file:///media/attic/backup")
        ]
        assert store.history_limit == "1000000kB"
        registry = store._parts.journal.facts
        assert [(kind.value, key) for kind, key in registry.facts] == [
            ("tag", "sea"), ("alias", "ocean"), ("character", "keeper"), ("prompt", "lamp"),
            ("note", "n1"), ("setting", "remote/attic"), ("setting", "history"),
        ]  # fmt: skip
        sea = registry.get(FactKind.TAG, "sea")
        assert sea is not None
        assert sea.model_dump(mode="json") == {
            "key": "sea", "kind": "tag", "name": "Sea", "category": "weather",
            "description": "salt water", "status": "archived", "extra": None,
        }  # fmt: skip


@pytest.mark.parametrize("code", [RECOVERY_CODE, RECOVERY_CODE.lower().replace("-", "")])
def test_two_slots_open_it(golden: Path, code: str) -> None:
    with rolethread_store.open(golden, recovery_code=code) as store:
        assert shown(store, "keeper") == KEEPER
        assert {slot.kind for slot in store.slots()} == {"passphrase", "recovery-code"}


def test_it_has_every_kind_of_batch_record_and_base(golden: Path) -> None:
    with opened(golden) as store:
        journal = store._parts.journal
        assert {batch.kind.value for batch in journal.manifest.batches} == {
            "entries", "tags", "mask", "quarantine"
        }  # fmt: skip
        layers = [[layer.kind.value for layer in base.layers] for base in journal.manifest.bases]
        assert ["entries", "tags", "mask"] in layers
        assert [] in layers
        assert journal.layout.tree
        records = list(journal.history.records())
        assert len(records) == 46
        assert {change.kind for record in records for change in record.changes} == {
            "batch-attached", "checked-out", "dataset-created", "dataset-dropped",
            "dataset-renamed", "entries-deleted", "entry-added", "entry-moved",
            "entry-rewritten", "expired", "fact-put", "fact-removed", "message-edited",
            "reverted", "tags-changed", "tags-patched", "version-published",
            "working-copy-deleted", "working-copy-forked",
        }  # fmt: skip
        moves = [(record.kind, record.steps) for record in records if record.kind != "change"]
        assert moves == [("undo", None), ("undo", None), ("redo", 2), ("undo", 2)]


def test_its_history_can_be_walked_back_and_forth(golden: Path) -> None:
    with opened(golden) as store:
        harbour = store.dataset("Harbour")
        assert harbour.redo().summary.startswith("redo: remove tags calm")
        assert shown(store, "Harbour")[5:] == [("Ship 6?", ("ship",)), ("Ship 7?", ("ship",))]
        undone = 0
        while store.status().undoable is not None:
            store.undo()
            undone += 1
        assert undone == 31
        assert store.datasets() == []
        for _ in range(undone - 1):
            store.redo()
        assert str(store.status().redoable).startswith("remove tags calm")
    with opened(golden) as store:
        assert shown(store, "Harbour") == HARBOUR
        assert shown(store, "keeper") == KEEPER
        store.checkpoint()
        assert shown(store, "Harbour") == HARBOUR


def test_it_can_be_changed_and_checkpointed(golden: Path) -> None:
    with opened(golden) as store:
        entry = store.dataset("Harbour").page(1)[0]
        store.edit(entry.entry_id, message=0, content="Ship two, at last?")
        store.checkpoint()
        store.undo()
        assert shown(store, "Harbour") == HARBOUR
    with opened(golden) as store:
        assert shown(store, "Harbour") == HARBOUR


def test_it_is_sound_to_the_last_byte(golden: Path) -> None:
    rolethread_store.check_local(golden, passphrase=PASSPHRASE).require_sound()


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 300_000
