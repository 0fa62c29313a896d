"""What the front door refuses, normalises, and leaves as it was."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import WrongPassphrase, floor_params
from rolethread_store.errors import Conflict, Corrupt, InvalidInput, NotFound, StoreError
from rolethread_store.store import Store
from tests.scenes import PASSPHRASE, chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Store:
    records = [chat("one", "two", tags=["t"]), chat("three")]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", records))
    return fresh_store


def test_a_recovery_code_opens_what_a_wrong_passphrase_does_not(tmp_path: Path) -> None:
    with rolethread_store.create(tmp_path / "s", passphrase="right", kdf=floor_params()) as made:
        code = made.recovery_code
    assert code is not None
    with rolethread_store.open(tmp_path / "s", recovery_code=code) as store:
        assert store.recovery_code is None
        assert store.datasets() == []
    with pytest.raises(WrongPassphrase):
        rolethread_store.open(tmp_path / "s", "wrong")
    with pytest.raises(InvalidInput):
        rolethread_store.open(tmp_path / "s")
    with pytest.raises(NotFound):
        rolethread_store.open(tmp_path / "other", "right")
    with pytest.raises(Conflict):
        rolethread_store.create(tmp_path / "s", passphrase="again", kdf=floor_params())


@pytest.mark.parametrize("damage", ["manifest", "working copy"])
def test_who_is_refused_leaves_no_lease(inn: Store, damage: str) -> None:
    """A lease that stays keeps files from being deleted for as long as its process lives."""
    inn.close()
    if damage == "manifest":
        for path in (inn.path / "manifests").iterdir():
            path.write_bytes(path.read_bytes()[:-1] + b"?")
    name = "nobody's" if damage == "working copy" else None
    with pytest.raises(StoreError) as refused:
        rolethread_store.open(inn.path, PASSPHRASE, working_copy=name)
    assert isinstance(refused.value, NotFound if name else Corrupt)
    assert list((inn.path / "leases").iterdir()) == []


def test_an_empty_store_answers_everything(fresh_store: Store) -> None:
    assert fresh_store.sql("SELECT * FROM entries").fetchall() == []
    assert fresh_store.sql("SELECT * FROM messages").fetchall() == []
    assert (fresh_store.search("a"), fresh_store.quarantine(), fresh_store.log()) == ([], [], [])
    assert (fresh_store.datasets(), fresh_store.remotes(), fresh_store.checkpoint()) == ([], [], [])
    status = fresh_store.status()
    assert (status.entries, status.undoable, status.redoable) == (0, None, None)
    for step in (fresh_store.undo, fresh_store.redo, fresh_store.dataset("inn").undo):
        with pytest.raises(NotFound):
            step()


@pytest.mark.parametrize(
    "name", ["", "  ", "entries", "Messages", "a\nb", "x" * 121, "\ud800", "tab\there"]
)
def test_a_name_no_dataset_can_have(name: str, fresh_store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [chat("a")])
    with pytest.raises(InvalidInput):
        fresh_store.dataset(name).import_file(path)
    assert fresh_store.log() == []


def test_a_name_means_one_dataset_however_it_is_composed(
    fresh_store: Store, tmp_path: Path
) -> None:
    path = jsonl(tmp_path / "a.jsonl", [chat("a")])
    name = " Cafe\u0301 "
    handle = fresh_store.dataset(name)
    handle.import_file(path)
    assert handle.count() == 1
    assert handle.get(handle.page()[0].entry_id).messages[0].content == "a"
    assert [info.name for info in fresh_store.datasets()] == ["Café"]
    for spelling in (name, unicodedata.normalize("NFD", "Café"), "Café"):
        assert fresh_store.sql("SELECT count(*) FROM entries", dataset=spelling).fetchall() == [
            (1,)
        ]
        assert len(fresh_store.log(dataset=spelling)) == 1
    fresh_store.undo(name)
    fresh_store.redo(name)
    assert handle.count() == 1


def test_a_dry_run_counts_and_writes_nothing(fresh_store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [chat("a"), "{", chat("b")])
    before = sorted(path for path in fresh_store.path.rglob("*") if path.is_file())
    report = fresh_store.dataset("a").import_file(path, dry_run=True)
    assert (report.records, report.entries, report.quarantined, report.dry_run) == (3, 2, 1, True)
    assert report.set_id is None
    assert sorted(path for path in fresh_store.path.rglob("*") if path.is_file()) == before


def test_files_of_one_import_are_one_change(fresh_store: Store, tmp_path: Path) -> None:
    paths = [jsonl(tmp_path / f"{n}.jsonl", [chat(f"{n}"), "["]) for n in range(3)]
    report = fresh_store.dataset("a").import_files(paths)
    assert (report.entries, report.quarantined) == (3, 3)
    assert [(one.source, one.record) for one in fresh_store.quarantine()] == [
        ("0.jsonl", 2), ("1.jsonl", 2), ("2.jsonl", 2)
    ]  # fmt: skip
    fresh_store.undo()
    assert (fresh_store.datasets(), fresh_store.quarantine()) == ([], [])
    with pytest.raises(NotFound):
        fresh_store.dataset("a").import_files([paths[0], tmp_path / "missing.jsonl"])
    with pytest.raises(InvalidInput):
        fresh_store.dataset("a").import_files([])
    assert len(fresh_store.log()) == 2


def wrong_edits(store: Store) -> dict[str, Callable[[], object]]:
    entry_id = store.dataset("inn").page(1)[0].entry_id
    return {
        "nothing": lambda: store.edit(entry_id),
        "no content": lambda: store.edit(entry_id, message=0),
        "both": lambda: store.edit(entry_id, message=0, content="x", entry=chat("y")),
        "out of range": lambda: store.edit(entry_id, message=2, content="x"),
        "negative": lambda: store.edit(entry_id, message=-1, content="x"),
        "surrogate": lambda: store.edit(entry_id, message=0, content="\ud800"),
        "surrogate inside": lambda: store.edit(entry_id, entry=chat("\ud800")),
        "no json": lambda: store.edit(entry_id, entry={"messages": [object()]}),
        "no record": lambda: store.edit(entry_id, entry={"text": "hi"}),
        "no object": lambda: store.edit(entry_id, entry="[]"),
        "no id": lambda: store.edit("seven", message=0, content="x"),
        "empty delete": lambda: store.delete([]),
        "empty tag": lambda: store.dataset("inn").add_tags([" "]),
        "broken tag": lambda: store.dataset("inn").remove_tags(["\ud800"], entries=[entry_id]),
        "wrong where": lambda: store.dataset("inn").add_tags(["x"], where="no_such = 1"),
        "where that writes": lambda: store.dataset("inn").add_tags(["x"], where="1); DROP VIEW a"),
        "format": lambda: store.dataset("inn").export(store.path.parent / "o", format="yaml"),
    }


def test_a_wrong_edit_changes_nothing(inn: Store) -> None:
    before = inn.dataset("inn").page()
    for what, wrong in wrong_edits(inn).items():
        with pytest.raises(InvalidInput):
            pytest.fail(f"{what}: {wrong()}")
    assert inn.dataset("inn").page() == before
    assert len(inn.log()) == 1


def test_deleting_is_all_or_none(inn: Store) -> None:
    first, second = (entry.entry_id for entry in inn.dataset("inn").page())
    inn.delete([second, str(second)])
    with pytest.raises(NotFound):
        inn.delete([first, second])
    assert inn.dataset("inn").count() == 1


def test_tags_that_change_nothing_are_no_change(inn: Store) -> None:
    dataset = inn.dataset("inn")
    first, second = (entry.entry_id for entry in dataset.page())
    assert dataset.add_tags(["t"], entries=[first]) is None
    assert dataset.remove_tags(["missing"]) is None
    assert dataset.remove_tags(["t"], entries=[second]) is None
    assert dataset.add_tags(["t"], entries=[]) is None
    assert dataset.get(second).tags is None
    item = dataset.add_tags(["u"], entries=[first, second])
    assert item is not None
    assert item.summary == "add tags u: 2 entries"
    assert [entry.tags for entry in dataset.page()] == [("t", "u"), ("u",)]
    assert len(inn.log()) == 2


def test_an_edit_in_another_shape_is_read_as_what_it_is(inn: Store, tmp_path: Path) -> None:
    entry_id = inn.dataset("inn").page(1)[0].entry_id
    record = {"conversations": [{"from": "human", "value": "q"}], "mood": "grim"}
    inn.edit(entry_id, entry=record)
    assert inn.entry(entry_id).entry.messages[0].role == "user"
    assert json.loads(inn.entry_json(entry_id))["mood"] == "grim"
    inn.dataset("inn").export(
        tmp_path / "o.jsonl", format="sharegpt", where=f"entry_id = '{entry_id}'"
    )
    assert json.loads((tmp_path / "o.jsonl").read_text()) == record


def test_an_export_is_never_overwritten_unasked(inn: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(StoreError):
        inn.dataset("inn").export(out)
    assert out.read_text() == "mine"
    report = inn.dataset("inn").export(out, force=True, where="'t' IN tags")
    assert report.entries == 1
    assert json.loads(out.read_text())["messages"][0]["content"] == "one"


def test_a_long_session_checkpoints_when_it_ends(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rolethread_store.dataset.planning.PENDING_LIMIT", 2)
    for entry in inn.dataset("inn").page():
        inn.edit(entry.entry_id, message=0, content="changed")
    assert inn.status().pending == 2
    inn.close()
    inn.close()
    store = open_again()
    assert store.status().pending == 0
    assert [entry.messages[0].content for entry in store.dataset("inn").page()] == ["changed"] * 2


def test_an_error_in_the_block_still_gives_the_lock_back(inn: Store, open_again: Open) -> None:
    inn.close()

    def fails(store: Store) -> None:
        with store:
            store.dataset("inn").add_tags(["x"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails(open_again())
    assert open_again().undo().kind == "undo"


def test_everything_is_the_owners_alone(inn: Store) -> None:
    assert not inn.path.stat().st_mode & 0o077
    # The note beside the lock holds a process number only.
    for path in set(inn.path.rglob("*")) - {inn.path / "lock.info"}:
        assert not path.stat().st_mode & 0o077, path
