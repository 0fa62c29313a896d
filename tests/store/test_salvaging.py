"""``salvage``: versions, working copies and the sources' own bytes go over too."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.changelog.scan import scan
from rolethread_store.crypto import floor_params
from rolethread_store.store import SalvageReport, Store
from tests.scenes import PASSPHRASE, chat, jsonl

ODD = b'{"messages": [ {"role":"user","content":"spaced  out"} ]}\n'


@pytest.fixture
def told(fresh_store: Store, tmp_path: Path) -> Path:
    """A store with two versions, three working copies and a file of odd bytes; closed."""
    source = jsonl(tmp_path / "a.jsonl", [chat(f"q{n}", f"a{n}") for n in range(5)])
    source.write_bytes(source.read_bytes() + ODD)
    tavern = fresh_store.dataset("tavern")
    tavern.import_file(source)
    ids = [entry.entry_id for entry in tavern.page()]
    tavern.publish("as it came")
    tavern.delete(ids[:2])
    tavern.publish()
    tavern.fork("draft")
    tavern.fork("early", at=1)
    draft = fresh_store.dataset("tavern", working_copy="draft")
    draft.edit(ids[3], message=0, content="only in the draft")
    tavern.edit(ids[4], message=0, content="only in main")
    fresh_store.close()
    return fresh_store.path


def salvaged(path: Path, to: Path) -> SalvageReport:
    return rolethread_store.salvage(path, to, PASSPHRASE, new_passphrase="new", kdf=floor_params())


def states_of(store: Store) -> dict[str, list[object]]:
    """What every state of the dataset holds, ids included."""
    tavern = store.dataset("tavern")
    found: dict[str, list[object]] = {}
    for copy in tavern.working_copies():
        handle = store.dataset("tavern", working_copy=copy.name)
        found[copy.name] = [(entry.entry_id, entry.messages) for entry in handle.page()]
    for version in tavern.versions():
        words = f"version {version.number}: {version.message}"
        rows = tavern.sql("SELECT entry_id, messages FROM entries", at=version.number)
        found[words] = [*sorted(map(str, rows.fetchall()))]
    return found


def test_every_state_goes_over(told: Path, tmp_path: Path) -> None:
    with rolethread_store.open(told, PASSPHRASE) as store:
        expected = states_of(store)
    assert len(expected) == 5
    report = salvaged(told, tmp_path / "new")
    (saved,) = report.datasets
    assert (saved.entries, saved.quarantined) == (4, 0)
    assert [(state.name, state.entries) for state in saved.states] == [
        ("version 1", 6),
        ("version 2", 4),
        ("working copy draft", 4),
        ("working copy early", 6),
    ]
    assert (report.damages, report.left_out, report.unreadable) == ((), (), 0)
    with rolethread_store.open(tmp_path / "new", "new") as new:
        assert states_of(new) == expected
        tavern = new.dataset("tavern")
        assert "salvaged" not in {copy.name.split()[0] for copy in tavern.working_copies()}
        tavern.export_exact(tmp_path / "early.jsonl", at=1)
    assert (tmp_path / "early.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    assert rolethread_store.check_local(tmp_path / "new", "new").damages == ()


def test_equal_states_share_their_rows(told: Path, tmp_path: Path) -> None:
    salvaged(told, tmp_path / "new")
    with rolethread_store.open(tmp_path / "new", "new") as new:
        # Version 1 and the copy forked from it are one; version 2, draft and main differ.
        kinds = [batch.kind.value for batch in new._parts.journal.manifest.batches]
    assert sorted(kinds) == ["entries"] * 4 + ["originals"] * 4


def test_without_the_log_the_rows_are_found(told: Path, tmp_path: Path) -> None:
    for path in (told / "log").iterdir():
        path.unlink()
    report = salvaged(told, tmp_path / "new")
    assert [(saved.name, saved.entries) for saved in report.datasets] == [("salvaged 1", 6)]


def test_a_version_keeps_its_number_where_the_one_before_is_lost(
    told: Path, tmp_path: Path
) -> None:
    with rolethread_store.open(told, PASSPHRASE) as store:
        shelf = store._parts.journal._shelf
        (path,) = (told / "log").iterdir()
        name = shelf.layout.log_of(path.name)
        assert name is not None
        raw = bytearray(path.read_bytes())
        frames = scan(shelf.cipher, name, bytes(raw)).ends
    raw[frames[2][0] - 1] ^= 1  # Behind the link and the import: the first publication.
    path.write_bytes(raw)
    report = salvaged(told, tmp_path / "new")
    assert report.unreadable == 1
    assert report.left_out == (
        "publish version 1 of tavern",
        "fork tavern: early from version 1: begins at a version that is lost",
    )
    (saved,) = report.datasets
    assert saved.entries == 4
    assert [(state.name, state.entries) for state in saved.states] == [
        ("version 1", 0),
        ("version 2", 4),
        ("working copy draft", 4),
        ("working copy early", 4),
    ]


def test_lost_originals_are_not_made_up(told: Path, tmp_path: Path) -> None:
    with rolethread_store.open(told, PASSPHRASE) as store:
        expected = states_of(store)
        journal = store._parts.journal
        (kept,) = [batch for batch in journal.manifest.batches if batch.kind == "originals"]
        path = journal.layout.segment(kept.batch_id, 0)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    report = salvaged(told, tmp_path / "new")
    assert [damage.path for damage in report.damages] == [path]
    with rolethread_store.open(tmp_path / "new", "new") as new:
        assert states_of(new) == expected
        with pytest.raises(rolethread_store.StoreError) as refused:
            new.dataset("tavern").export_exact(tmp_path / "out.jsonl")
    assert refused.value.code == "formats.originals-not-kept"
