from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.running import SHAREGPT, Runner
from tests.formats.crafted import use

TORN = b'{"messages":[{"role":"user","content":"torn"}'


@pytest.fixture
def torn(store: Path, run: Runner, tmp_path: Path) -> Path:
    path = tmp_path / "torn.jsonl"
    path.write_bytes(TORN + b"\n")
    assert run("import", path, "--dataset", "tavern").code == 0
    return path


def test_the_list_is_what_it_was(store: Path, run: Runner) -> None:
    plain = run("quarantine")
    assert plain.code == 0
    assert plain.out.startswith("dataset\tsource\trecord\treason\tbytes\ntavern\ttavern.jsonl\t2\t")
    assert run("quarantine", "list").out == plain.out
    assert run("quarantine", "--dataset", "tavern").out == plain.out
    assert run("quarantine", "--dataset", "nowhere").code == 10
    [held] = run("quarantine", "--json").json
    assert [held] == run("quarantine", "list", "--dataset", "tavern", "--json").json
    assert (held["source"], held["record"], held["raw"]) == ("tavern.jsonl", 2, "{not json")
    assert run("quarantine", "--json", "show", "tavern.jsonl:2").code == 2


def test_the_list_ends_somewhere(store: Path, run: Runner, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text("".join(f"{{not json {place}\n" for place in range(30)))
    assert run("import", many, "--dataset", "many").code == 0
    listed = run("quarantine", "--dataset", "many")
    assert listed.out.count("\n") == 21
    assert listed.err == "… and 10 more; --limit 0 shows all\n"
    assert listed.out.splitlines()[20].split("\t")[2] == "20"
    # Those of all datasets together are counted.
    both = run("quarantine", "list", "--limit", 2)
    assert (both.out.count("\n"), both.err) == (3, "… and 29 more; --limit 0 shows all\n")
    for limit, dataset in ((0, None), (31, None), (30, "many")):
        only = () if dataset is None else ("--dataset", dataset)
        whole = run("quarantine", "--limit", limit, *only)
        assert (whole.out.count("\n"), whole.err) == (32 - (dataset is not None), "")
    assert len(run("quarantine", "--json").json) == 31
    few = run("quarantine", "--json", "--limit", 3)
    assert len(few.json) == 3
    assert "and 28 more" in few.err
    assert run("quarantine", "--limit", 3, "show", "many.jsonl:2").code == 2


def test_a_long_reason_is_cut_in_text_alone(
    store: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "odd.jsonl"
    odd.write_text('{"ship": 1}\n')
    assert run("import", odd, "--dataset", "odd").code == 0
    reason = run("quarantine", "--dataset", "odd", "--json").json[0]["reason"]
    monkeypatch.setattr("rolethread_store.cli.quarantine._REASON_SHOWN", 20)
    shown = run("quarantine", "--dataset", "odd").out.splitlines()[1].split("\t")[3]
    assert len(shown) <= 20 < len(reason)
    assert shown.endswith("…")
    assert reason.startswith(shown[:-1])
    assert run("quarantine", "--dataset", "odd", "--json").json[0]["reason"] == reason


def test_show(torn: Path, run: Runner) -> None:
    shown = run("quarantine", "show", "torn.jsonl:1").out
    assert TORN.decode() in shown
    assert "not valid JSON" in shown
    assert "changes no word" in shown
    assert '"torn[-"}-]{+"}]}+}' in shown
    told = run("quarantine", "show", "torn.jsonl:1", "--json").json
    assert told["repair"]["safe"] is True
    assert run("quarantine", "show", told["id"], "--json").json == told
    assert run("quarantine", "show", "torn.jsonl:9").code == 10
    assert run("quarantine", "show", "torn.jsonl").code == 10


def test_show_without_the_extra(torn: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "json_repair", None)
    shown = run("quarantine", "show", "torn.jsonl:1")
    assert shown.code == 0
    assert TORN.decode() in shown.out
    assert "rolethread-store[repair]" in shown.err
    assert run("quarantine", "retry", "--dataset", "tavern", "--repair").code == 15


def test_export_and_back(torn: Path, run: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run("quarantine", "export", out)
    assert "not encrypted" in done.err
    assert out.read_bytes() == b"{not json\n" + TORN + b"\n"
    assert run("quarantine", "export", out).code == 13
    assert run("quarantine", "export", out, "--json", "--force").code == 0
    assert [json.loads(line)["record"] for line in out.read_text().splitlines()] == [2, 1]

    fixed = tmp_path / "fixed.jsonl"
    fixed.write_text(f"{json.dumps(SHAREGPT)}\n{json.dumps(SHAREGPT)}\n")
    done = run("quarantine", "retry", "--file", fixed)
    assert done.out == "2 records = 2 read + 0 still in quarantine\n"
    assert run("quarantine", "--json").json == []
    assert run("undo").code == 0
    assert len(run("quarantine", "--json").json) == 2


def test_retry(torn: Path, run: Runner) -> None:
    done = run("quarantine", "retry", "--json").json
    assert (done["tried"], done["mended"], done["left"]) == (2, 0, 2)
    assert [note["record"] for note in done["reasons"]] == [2, 1]
    told = run("quarantine", "retry", "--source", "torn.jsonl", "--record", 1, "--repair")
    assert told.out == "1 record = 1 read + 0 still in quarantine\n"
    assert "1 of them repaired" in told.err
    assert run("quarantine", "retry", "--repair", "--file", torn).code == 2
    assert run("quarantine", "retry", "--file", torn, "--source", "none").code == 16
    assert run("status", "--json").json["quarantined"] == 1


def test_detect_needs_no_store(
    run: Runner, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLETHREAD_STORE", str(tmp_path / "none"))
    told = run("detect", sources / "tavern.jsonl")
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[:3] == [
        "tavern.jsonl: 4 records = 3 readable + 1 for quarantine",
        "  ChatML: 2 entries (messages of role and content)",
        "  ShareGPT: 1 entry (conversations of from and value)",
    ]
    assert "first failure: record 2 at byte" in told.out
    found = run("detect", sources / "tavern.jsonl", "--json").json
    assert [guess["name"] for guess in found["guesses"]] == ["chatml", "sharegpt"]
    assert found["first"]["messages"][0]["content"] == "You keep a tavern."
    assert (found["failure"]["record"], found["failure"]["reason"]) == (2, "not valid JSON")
    assert run("detect", tmp_path / "none.json").code == 10
    (tmp_path / "odd.json").write_text('{"ship":1}')
    assert "has the keys ship" in run("detect", tmp_path / "odd.json").out


def test_import_of_odd_shapes(
    store: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    record = {"parley": [["Rex", "a"], "---", ["Ann", "b"]], "cast": {"rex": "Rex"}}
    path = tmp_path / "parley.json"
    path.write_text(json.dumps([record, {**record, "cast": {"rex": "King"}}, 5]))
    told = run("import", path, "--dataset", "new", "--assistant", "ann", "--assistant", "rex")
    assert told.out == "3 records = 2 kept + 1 quarantined\n"
    assert "made 4 entries and 2 definitions" in told.err
    assert "character “rex” is defined otherwise here; it is “rex-2” now" in told.err
    done = run("import", path, "--dataset", "x", "--assistant", "Rex", "--json", "--dry-run").json
    assert (done["kept"], done["entries"], done["definitions"]) == (2, 4, 0)
    assert (done["duplicates"], done["renamed"]) == (0, [])
    roles = run("sql", "SELECT DISTINCT role FROM messages", "--dataset", "new", "--json").json
    assert [row["role"] for row in roles] == ["assistant"]
