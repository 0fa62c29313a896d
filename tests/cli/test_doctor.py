from __future__ import annotations

import os
from pathlib import Path

import pytest

from rolethread_store.clock import SystemClock
from rolethread_store.engine import CryptoModuleMissing, Session
from rolethread_store.storage import Layout, WriterLock
from tests.cli.running import Runner


def test_a_healthy_store_needs_no_passphrase(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    shown = run("doctor", "--json")
    assert shown.code == 0
    assert shown.json["ok"]
    names = [check["name"] for check in shown.json["checks"]]
    assert names == [
        "python", "duckdb", "encryption", "extras", "store", "permissions", "writer", "space",
    ]  # fmt: skip
    assert "FAIL" not in run("doctor").out


def test_a_missing_store_is_told_with_all_the_rest(tmp_path: Path, run: Runner) -> None:
    shown = run("--store", tmp_path / "none", "doctor")
    assert shown.code == 10
    assert "FAIL  store" in shown.out
    assert "ok    encryption" in shown.out


def test_a_machine_without_openssl_is_named(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise CryptoModuleMissing("no OpenSSL", hint="pip install it")

    monkeypatch.setattr(Session, "__init__", missing)
    shown = run("doctor", "--json")
    assert shown.code == 15
    wrong = [check for check in shown.json["checks"] if not check["ok"]]
    assert [(check["name"], check["hint"]) for check in wrong] == [("encryption", "pip install it")]


def test_a_damaged_header_is_corrupt(store: Path, run: Runner) -> None:
    header = Layout(store).header
    header.chmod(0o600)
    header.write_bytes(header.read_bytes().replace(b"version", b"versiom"))
    assert run("doctor").code == 14


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_an_open_folder_is_denied(store: Path, run: Runner) -> None:
    store.chmod(0o755)
    shown = run("doctor")
    assert shown.code == 12
    assert f"chmod 700 {store}" in shown.out


def test_a_writer_at_work_is_named_and_no_fault(store: Path, run: Runner) -> None:
    with WriterLock(Layout(store), SystemClock()):
        shown = run("doctor", "--json")
    assert shown.code == 0
    writer = next(check for check in shown.json["checks"] if check["name"] == "writer")
    assert str(os.getpid()) in writer["detail"]
