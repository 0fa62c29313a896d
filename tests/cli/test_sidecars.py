from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.formats.sidecars import read_exact
from tests.cli.running import Runner
from tests.formats.sidecars.samples import DATASET, ENTRIES, SIDECAR
from tests.scenes import jsonl

pytestmark = pytest.mark.usefixtures("store")


def _record(entry_uuid: str, *tags: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "You keep a tavern."},
            {"role": "user", "content": "Ho!"},
            {"role": "assistant", "content": "Hi."},
        ],
        "tags": list(tags),
        "_rolethread": {"native": True, "entry_uuid": entry_uuid, "dataset_uuid": DATASET},
    }


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    path = tmp_path / "inn.registry.json"
    path.write_text(SIDECAR, encoding="utf-8")
    return path


@pytest.fixture
def inn(run: Runner, tmp_path: Path) -> str:
    records = [_record(ENTRIES[0], "greeting"), _record(ENTRIES[1])]
    assert run("import", jsonl(tmp_path / "inn.jsonl", records), "--dataset", "inn").code == 0
    return "inn"


def _characters(run: Runner) -> list[list[str | None]]:
    rows = run("sql", "SELECT turn, character FROM messages ORDER BY entry_id, turn",
               "--dataset", "inn", "--json").json  # fmt: skip
    return [[row["character"] for row in rows[start : start + 3]] for start in (0, 3)]


def test_a_check_changes_nothing(run: Runner, inn: str, sidecar: Path) -> None:
    before = run("log", "--json").json
    found = run("sidecar", "check", sidecar, "--dataset", inn, "--json").json
    assert found["added"] == {"alias": 1, "category": 1, "character": 2, "prompt": 1, "tag": 2}
    assert (found["foreign"], found["mismatches"], found["conflicts"]) == (False, [], [])
    assert (found["entries"], found["turns"], found["changes"]) == (1, 2, [])
    assert [(one["entry_uuid"], one["turn_index"]) for one in found["unmapped"]] == [
        (ENTRIES[1], 9), (ENTRIES[1], 1), (ENTRIES[1], 2), ("nobody", None),
    ]  # fmt: skip
    reasons = [one["reason"] for one in found["unmapped"]]
    assert reasons == [
        "the entry has 3 messages",
        "the message's role is user, not assistant",
        "there is no character zoe",
        "no entry has this id",
    ]
    assert run("log", "--json").json == before
    told = run("sidecar", "check", sidecar, "--dataset", inn)
    assert "would be new: 1 alias, 1 category, 2 characters, 1 prompt, 2 tags" in told.out
    assert "not mapped: nobody: no entry has this id" in told.err


def test_in_and_out_again_is_all_the_same(
    run: Runner, inn: str, sidecar: Path, tmp_path: Path
) -> None:
    done = run("sidecar", "import", sidecar, "--dataset", inn)
    assert (done.code, "back with: rolethread undo" in done.err) == (0, True)
    assert _characters(run) == [[None, "ann", "rex"], [None, None, None]]

    again = run("sidecar", "import", sidecar, "--dataset", inn, "--json").json
    assert (again["added"], again["known"], again["changes"]) == ({}, 7, [])

    out = tmp_path / "out.registry.json"
    assert "not encrypted" in run("sidecar", "export", inn, out).err
    written, source = read_exact(out.read_bytes()), read_exact(SIDECAR.encode())
    for document in (written, source):
        for key in ("exported_at", "app_name", "app_version"):
            del document["metadata"][key]
    mapped, expected = (
        {one["entry_uuid"]: one for one in document.pop("entry_character_mappings")}
        for document in (written, source)
    )
    assert written == source
    assert mapped == expected


def test_one_undo_takes_all_back(run: Runner, inn: str, sidecar: Path, tmp_path: Path) -> None:
    assert run("sidecar", "import", sidecar, "--dataset", inn).code == 0
    assert run("undo").code == 0
    assert _characters(run) == [[None] * 3] * 2
    out = tmp_path / "out.registry.json"
    assert run("sidecar", "export", inn, out).code == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert [document[section] for section in ("tags", "characters", "system_prompts")] == [[]] * 3
    assert "future" not in document
    assert run("redo").code == 0
    assert _characters(run)[0] == [None, "ann", "rex"]


def test_the_export_of_entries_is_as_before(
    run: Runner, inn: str, sidecar: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    assert run("export", inn, before, "--clean").code == 0
    assert run("sidecar", "import", sidecar, "--dataset", inn).code == 0
    assert run("export", inn, after, "--clean").code == 0
    assert before.read_bytes() == after.read_bytes()
    assert run("export", inn, after, "--force").code == 0
    first = json.loads(after.read_text(encoding="utf-8").splitlines()[0])
    assert first["messages"][1] == {"role": "user", "content": "Ho!", "character": "ann"}


def test_what_the_store_defines_stays(run: Runner, inn: str, sidecar: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.registry.json"
    text = SIDECAR.replace('"display_name": "Rex"', '"display_name": "Rexy"')
    other.write_text(text, encoding="utf-8")
    assert run("sidecar", "import", other, "--dataset", inn).code == 0
    done = run("sidecar", "import", sidecar, "--dataset", inn, "--json").json
    assert done["conflicts"] == [{"kind": "character", "key": "rex"}]
    out = tmp_path / "out.registry.json"
    assert run("sidecar", "export", inn, out).code == 0
    assert '"display_name": "Rexy"' in out.read_text(encoding="utf-8")
    assert run("sidecar", "import", sidecar, "--dataset", inn, "--replace").code == 0
    assert run("sidecar", "export", inn, out, "--force").code == 0
    assert '"display_name": "Rex"' in out.read_text(encoding="utf-8")


def test_a_foreign_sidecar_needs_force(
    run: Runner, inn: str, sidecar: Path, tmp_path: Path
) -> None:
    sidecar.write_text(
        SIDECAR.replace(DATASET, "another").replace('"entry_count": 2', '"entry_count": 5')
        .replace('{"greeting": 1}', '{"greeting": 3}'), encoding="utf-8",
    )  # fmt: skip
    found = run("sidecar", "check", sidecar, "--dataset", inn, "--json").json
    assert found["foreign"] is True
    assert [words.split(" ")[:3] for words in found["mismatches"]] == [
        ["it", "is", "of"], ["it", "counts", "5"], ["it", "counts", "other"],
    ]  # fmt: skip
    refused = run("sidecar", "import", sidecar, "--dataset", inn)
    assert (refused.code, "another" in refused.err) == (13, True)
    assert _characters(run)[0] == [None] * 3
    assert run("sidecar", "import", sidecar, "--dataset", inn, "--force").code == 0
    assert _characters(run)[0] == [None, "ann", "rex"]


def test_nothing_else_is_ever_overwritten(run: Runner, inn: str, tmp_path: Path) -> None:
    out = tmp_path / "out.registry.json"
    assert run("sidecar", "export", inn, out).code == 0
    first = out.read_bytes()
    assert run("sidecar", "export", inn, out).code == 13
    assert out.read_bytes() == first
    assert run("sidecar", "export", inn, out, "--force").code == 0
    for foreign in (
        SIDECAR.replace(DATASET, "another"),
        SIDECAR.replace('"schema_version": 1', '"schema_version": 2'),
        "a shopping list",
    ):
        out.write_text(foreign, encoding="utf-8")
        assert run("sidecar", "export", inn, out, "--force").code == 13
        assert out.read_text(encoding="utf-8") == foreign
    assert run("sidecar", "export", inn, tmp_path / "no" / "where.json").code != 0
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_what_cannot_be_read_changes_nothing(
    run: Runner, inn: str, sidecar: Path, tmp_path: Path
) -> None:
    assert run("sidecar", "import", tmp_path / "none", "--dataset", inn).code == 10
    assert run("sidecar", "import", tmp_path, "--dataset", inn).code == 16
    sidecar.write_text(SIDECAR.replace('"name": "Greeting"', '"name": 7'), encoding="utf-8")
    refused = run("sidecar", "import", sidecar, "--dataset", inn)
    assert (refused.code, "tags[0].name is not a text" in refused.err) == (16, True)
    sidecar.write_text(SIDECAR.replace('"schema_version": 1', '"schema_version": 2'), "utf-8")
    assert run("sidecar", "import", sidecar, "--dataset", inn).code == 15
    assert _characters(run) == [[None] * 3] * 2
