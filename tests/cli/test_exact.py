"""`export --exact` and `verify-roundtrip`, as typed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rolethread_store.formats.originals import foreign_rows
from tests.cli.running import Runner

pytestmark = pytest.mark.usefixtures("store")

LINES = (
    b'{"id": 1, "messages": [{"role": "user", "content": "caf\\u00e9"}]}\r\n'
    b'{"messages":[{"role":"assistant","content":"yes"}],"n":1.50}\n'
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "given.jsonl"
    path.write_bytes(LINES)
    return path


def test_an_exact_export_is_the_file(run: Runner, source: Path, tmp_path: Path) -> None:
    assert run("import", source, "--dataset", "exactly").code == 0
    out = tmp_path / "out.jsonl"
    done = run("export", "exactly", out, "--exact")
    assert (done.code, out.read_bytes()) == (0, LINES)
    assert "plain text, not encrypted" in done.err
    assert run("export", "exactly", out, "--exact").code == 13
    told = run("export", "exactly", out, "--exact", "--force", "--json").json
    assert (told["format"], told["records"]) == ("exact", 2)
    one = tmp_path / "one.jsonl"
    assert run("export", "exactly", one, "--exact", "--where", "origin.record = 2").code == 0
    assert one.read_bytes() == LINES.split(b"\r\n")[1]


@pytest.mark.parametrize(
    "option",
    [("--clean",), ("--format", "sharegpt"), ("--split", "a=0.5,b=0.5"), ("--names", "drop")],
)
def test_what_would_change_records_is_refused(
    run: Runner, source: Path, tmp_path: Path, option: tuple[str, ...]
) -> None:
    assert run("import", source, "--dataset", "exactly").code == 0
    refused = run("export", "exactly", tmp_path / "out", "--exact", *option)
    assert refused.code == 2
    assert option[0] in refused.err
    assert not (tmp_path / "out").exists()


def test_bytes_that_were_not_kept_are_missed(run: Runner, source: Path, tmp_path: Path) -> None:
    assert run("import", source, "--dataset", "exactly", "--no-exact").code == 0
    refused = run("export", "exactly", tmp_path / "out", "--exact")
    assert refused.code == 13
    assert "given.jsonl (2 entries)" in refused.err
    assert run("export", "exactly", tmp_path / "out", "--exact", "--allow").code == 0
    assert run("import", source, "--dataset", "kept", "--exact").code == 0
    assert run("export", "kept", tmp_path / "kept", "--exact").code == 0
    assert (tmp_path / "kept").read_bytes() == LINES


def test_a_round_trip_is_proved(run: Runner, source: Path, tmp_path: Path) -> None:
    packed = tmp_path / "given.jsonl.gz"
    packed.write_bytes(gzip.compress(LINES + b"not a record\n"))
    done = run("verify-roundtrip", source, packed)
    assert done.code == 0
    assert done.out == (
        f"given.jsonl: 2 records; the same {len(LINES)} bytes\n"
        f"given.jsonl.gz: 3 records, 1 in quarantine not compared; the same {len(LINES)} bytes\n"
    )
    told = run("verify-roundtrip", source, "--json").json[0]
    assert (told["exact"], told["bytes"], told["difference"]) == (True, len(LINES), None)


def test_a_table_has_no_bytes_of_records(run: Runner, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("instruction,output\nq,a\n")
    done = run("verify-roundtrip", table)
    assert done.code == 13
    assert "not compared" in done.out


def test_the_first_difference_is_named(
    run: Runner, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export is spoiled on purpose: nothing else makes a round trip differ."""
    monkeypatch.setattr(
        "rolethread_store.formats.adapting.foreign_rows",
        lambda *given: f"SELECT * REPLACE ('?' AS content) FROM ({foreign_rows(*given)})",
    )
    spoiled = json.dumps({"data": [{"action": "a", "response": "b"}]}) + "\n"
    source.write_bytes(LINES.replace(b"\r\n", b"\n") + spoiled.encode())
    done = run("verify-roundtrip", source)
    assert done.code == 13
    assert "record 3" in done.out
    assert '"action": "a", "response": "b"' in done.out
