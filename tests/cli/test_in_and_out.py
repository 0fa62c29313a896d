from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import RECORDS, SHAREGPT, Runner

pytestmark = pytest.mark.usefixtures("store")


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_dry_run_stores_nothing(run: Runner, sources: Path) -> None:
    source = sources / "tavern.jsonl"
    done = run("import", source, "--dataset", "new", "--dry-run", "--json").json
    assert (done["records"], done["entries"], done["quarantined"]) == (4, 3, 1)
    assert done["dry_run"] is True
    assert [info["name"] for info in run("datasets", "--json").json] == ["tavern"]


def test_several_files_are_one_change(run: Runner, sources: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps(SHAREGPT))
    done = run("import", sources / "tavern.jsonl", more, "--dataset", "new", "--json").json
    assert (done["records"], done["entries"], done["quarantined"]) == (5, 4, 1)
    assert done["sources"] == ["tavern.jsonl", "more.jsonl"]
    assert done["formats"] == {"chatml": 2, "sharegpt": 2}
    assert set(done) == {
        "dataset", "entries", "kept", "duplicates", "quarantined", "records", "definitions",
        "renamed", "sources", "formats", "dry_run", "seconds",
    }  # fmt: skip
    assert run("undo").code == 0
    assert [info["name"] for info in run("datasets", "--json").json] == ["tavern"]


def test_a_file_is_imported_once(run: Runner, sources: Path, tmp_path: Path) -> None:
    source, copy = sources / "tavern.jsonl", tmp_path / "another name.jsonl"
    copy.write_bytes(source.read_bytes())
    for given in ((source,), (copy,), (source, copy)):
        told = run("import", *given, "--dataset", "tavern")
        assert told.code == 0
        count = 4 * len(given)
        assert told.out == f"{count} records = 0 entries + {count} duplicates + 0 quarantined\n"
        assert "--again" in told.err
    assert run("log", "--json").json[0]["seq"] == 1
    dry = run("import", source, "--dataset", "tavern", "--dry-run", "--json").json
    assert (dry["records"], dry["duplicates"], dry["kept"]) == (4, 4, 0)

    twice = run("import", source, copy, "--dataset", "new", "--json").json
    assert (twice["kept"], twice["duplicates"], twice["quarantined"]) == (3, 4, 1)
    again = run("import", source, copy, "--dataset", "tavern", "--again", "--json").json
    assert (again["entries"], again["duplicates"], again["quarantined"]) == (6, 0, 2)


def test_after_its_undo_a_file_is_imported_again(run: Runner, sources: Path) -> None:
    assert run("undo").code == 0
    done = run("import", sources / "tavern.jsonl", "--dataset", "tavern", "--json").json
    assert (done["entries"], done["duplicates"]) == (3, 0)


def test_a_file_that_is_not_there(run: Runner, sources: Path) -> None:
    assert run("import", sources / "none.jsonl", "--dataset", "new").code == 10


def test_export_shapes(run: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run("export", "tavern", out, "--format", "chatml").code == 0
    assert _lines(out)[:2] == RECORDS
    before = out.read_bytes()
    assert run("export", "tavern", out, "--format", "chatml").code == 13
    assert out.read_bytes() == before

    where = ("--where", "len(messages) = 2")
    assert run("export", "tavern", out, "--format", "sharegpt", *where, "--force").code == 0
    assert _lines(out)[-1] == SHAREGPT
    assert len(_lines(out)) == 2

    done = run("export", "tavern", out, "--clean", "--force", "--json").json
    assert (done["entries"], done["format"], done["clean"]) == (3, "chatml", True)
    assert {key for line in _lines(out) for key in line} == {"messages"}


def test_export_of_what_is_not_there(run: Runner, tmp_path: Path) -> None:
    assert run("export", "nowhere", tmp_path / "out.jsonl").code == 10
    assert run("export", "tavern", tmp_path / "out.jsonl", "--where", "sense").code == 16
    assert run("export", "tavern", tmp_path / "out.jsonl", "--format", "prose").code == 2
    assert list(tmp_path.glob("*.jsonl")) == []


def test_remotes(run: Runner, tmp_path: Path) -> None:
    url = (tmp_path / "stick").as_uri()
    assert run("push").code == 10
    assert run("remote", "add", "stick", url).code == 0
    assert run("remote", "list", "--json").json == [{"name": "stick", "url": url}]
    assert run("remote", "list").out == f"name\turl\nstick\t{url}\n"
    assert run("push", "stick").code == 0
    assert run("push", "--json").json["up_to_date"]
    assert "objects" in run("verify").out
    assert run("push", "cloud").code == 10


def test_a_remote_is_forgotten_and_its_backup_is_not(run: Runner, tmp_path: Path) -> None:
    url = (tmp_path / "stick").as_uri()
    run("remote", "add", "stick", url)
    run("push")
    assert run("remote", "remove", "attic").code == 10
    told = run("remote", "remove", "stick")
    assert (told.code, url in told.err) == (0, True)
    assert run("remote", "list", "--json").json == []
    assert run("push").code == 10
    assert run("restore", url, tmp_path / "restored").code == 0
    assert run("remote", "add", "stick", url).code == 0
    assert run("push", "--json").code == 0
    run("remote", "remove", "stick")
    assert run("remote", "add", "stick", "file:///elsewhere").code == 0


def test_restore_into_a_new_folder_only(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (tmp_path / "stick").as_uri()
    run("remote", "add", "stick", url)
    run("push")
    restored = tmp_path / "restored"
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", "wrong")
    assert run("restore", url, restored).code == 12
    assert not restored.exists()
    monkeypatch.undo()
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", "seven quiet lanterns")
    assert run("restore", url, restored, "--json").json["path"] == str(restored)
    assert run("restore", url, restored).code == 13
    assert run("restore", (tmp_path / "none").as_uri(), tmp_path / "other").code == 10
    assert (
        run("--store", restored, "datasets").out
        == run("--store", tmp_path / "store", "datasets").out
    )


def test_a_damaged_backup_is_14(run: Runner, tmp_path: Path) -> None:
    run("remote", "add", "stick", (tmp_path / "stick").as_uri())
    run("push")
    victim = max((tmp_path / "stick").rglob("objects/*/*"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)
    shown = run("verify")
    assert shown.code == 14
    assert shown.out == ""
