"""Sidecars through the library: large ones in steps, and entries that share an id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.store import Store, sidecars
from tests.scenes import chat, jsonl


def _sidecar(path: Path, *entries: str) -> Path:
    document: dict[str, Any] = {
        "metadata": {"schema_version": 1, "kind": "rolethread.tag_registry", "exported_at": "x"},
        "dataset": {"dataset_uuid": "d", "filename": "f", "entry_count": len(entries)},
        "characters": [{"slug": "rex", "display_name": "Rex"}],
        "entry_character_mappings": [
            {
                "entry_uuid": entry,
                "turns": [{"turn_index": 1, "character_slug": "rex", "training_role": "assistant"}],
            }
            for entry in entries
        ],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _fill(store: Store, folder: Path, *entries: str) -> None:
    records = [chat("Ho!", "Hi.", _rolethread={"entry_uuid": entry}) for entry in entries]
    store.dataset("inn").import_file(jsonl(folder / "inn.jsonl", records))


def _speaking(store: Store) -> int:
    rows = store.sql("SELECT count(*) FROM messages WHERE character = 'rex'").fetchall()
    return int(rows[0][0])


def test_many_entries_are_several_changes(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecars, "_STEP_BYTES", 500)
    _fill(fresh_store, tmp_path, "a", "b", "c")
    inn = fresh_store.dataset("inn")
    report = inn.import_sidecar(_sidecar(tmp_path / "s.json", "a", "b", "c"))
    assert (report.entries, report.turns, report.unmapped) == (3, 3, ())
    assert len(report.changes) == 3
    assert _speaking(fresh_store) == 3
    for left in (2, 1, 0):
        inn.undo()
        assert _speaking(fresh_store) == left


def test_entries_are_found_by_our_own_id_too(fresh_store: Store, tmp_path: Path) -> None:
    inn = fresh_store.dataset("inn")
    inn.import_file(jsonl(tmp_path / "inn.jsonl", [chat("Ho!", "Hi.")]))
    own = str(inn.page()[0].entry_id)
    assert inn.import_sidecar(_sidecar(tmp_path / "s.json", own)).turns == 1
    out = tmp_path / "out.json"
    inn.export_sidecar(out)
    mappings = json.loads(out.read_text(encoding="utf-8"))["entry_character_mappings"]
    assert [one["entry_uuid"] for one in mappings] == [own]


def test_an_id_of_two_entries_is_of_neither(fresh_store: Store, tmp_path: Path) -> None:
    _fill(fresh_store, tmp_path, "a", "a", "b", "c")
    source = _sidecar(tmp_path / "s.json", "a", "b", "c", "c")
    report = fresh_store.dataset("inn").import_sidecar(source)
    assert [(one.entry_uuid, one.reason) for one in report.unmapped] == [
        (entry, "the id is not of one entry alone") for entry in ("a", "c", "c")
    ]
    assert _speaking(fresh_store) == 1


def test_an_edit_keeps_who_speaks(fresh_store: Store, tmp_path: Path) -> None:
    _fill(fresh_store, tmp_path, "a")
    inn = fresh_store.dataset("inn")
    inn.import_sidecar(_sidecar(tmp_path / "s.json", "a"))
    inn.edit(inn.page()[0].entry_id, message=1, content="Hello.")
    message = inn.page()[0].messages[1]
    assert (message.character, message.content) == ("rex", "Hello.")
