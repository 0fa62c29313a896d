"""``verify --local`` and ``salvage``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.running import Runner

DAMAGED = 14


def damage(store: Path, folder: str) -> Path:
    """Change one byte of a file."""
    path = max((store / folder).iterdir(), key=lambda file: file.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def test_a_sound_store(store: Path, run: Runner) -> None:
    told = run("verify", "--local", "--json")
    assert told.code == 0
    shape = json.loads(told.out)
    assert (shape["ok"], shape["damages"]) == (True, [])
    assert "changes" in run("verify", "--local").out
    assert run("verify", "--local", "stick").code == 2


def test_damage_is_named_and_the_rest_saved(
    store: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store / "STORE").write_bytes(b"{}")
    told = run("verify", "--local")
    assert told.code == DAMAGED
    assert "DAMAGED  STORE" in told.out
    saved = run("salvage", str(tmp_path / "rescued"))
    assert saved.code == 0
    assert "saved tavern: 3 entries, 1 quarantined" in saved.err
    assert "lost  STORE" in saved.err
    monkeypatch.setenv("ROLETHREAD_STORE", str(tmp_path / "rescued"))
    assert json.loads(run("status", "--json").out)["entries"] == 3
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    monkeypatch.setenv("ROLETHREAD_RECOVERY_CODE", saved.out.strip())
    assert run("verify", "--local").code == 0


def test_a_damaged_segment(store: Path, run: Runner, tmp_path: Path) -> None:
    path = damage(store, "segments")
    told = run("verify", "--local", "--json")
    assert told.code == DAMAGED
    (found,) = json.loads(told.out)["damages"]
    assert found["file"] == f"segments/{path.name}"
    assert found["entries"] in (1, 3)
    shape = json.loads(run("salvage", str(tmp_path / "rescued"), "--json").out)
    (saved,) = shape["damages"]
    assert saved | found == saved
    assert len(shape["datasets"]) == 1


def test_what_is_read_around_the_damage(store: Path, run: Runner, tmp_path: Path) -> None:
    texts = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(9_000)]
    record = '{"messages":[{"role":"user","content":"%s"}]}\n'
    (tmp_path / "many.jsonl").write_text("".join(record % text for text in texts), encoding="utf-8")
    assert run("import", str(tmp_path / "many.jsonl"), "--dataset", "many").code == 0
    path = max((store / "segments").iterdir(), key=lambda file: file.stat().st_size)
    content = bytearray(path.read_bytes())
    # More than all columns but the texts take in a row group.
    start = len(content) // 2
    content[start : start + (48 << 10)] = bytes(48 << 10)
    path.write_bytes(content)
    told = run("salvage", str(tmp_path / "a")).err
    assert " of 9,000 entries in segments/" in told
    assert "lost  entries of many.jsonl: " in told
    shape = json.loads(run("salvage", str(tmp_path / "b"), "--json").out)
    (found,) = shape["damages"]
    lost = sum(records["count"] for records in found["lost"])
    assert 0 < lost <= 9_000 - found["rescued"] < 9_000
