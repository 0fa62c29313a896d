"""The main job through the command line; some of its steps are processes of their own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rolethread_store
from rolethread_store.clock import SystemClock
from rolethread_store.crypto.kdf import floor_params
from rolethread_store.storage import Layout, WriterLock
from tests.cli.running import PASSPHRASE, RECORDS, Ran, Runner

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def command(tmp_path: Path, secret: Path) -> Command:
    """Run a command as a process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ROLETHREAD_")}
    root = str(Path(__file__).parents[2])
    environment = {**kept, "ROLETHREAD_STORE": str(tmp_path / "store"), "PYTHONPATH": root}

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "rolethread_store.cli", *map(str, arguments),
             "--passphrase-file", str(secret)],
            cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", check=False, timeout=100,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert PASSPHRASE not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def step(tmp_path: Path, secret: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run a command in this process, with all that a process would find about itself."""
    monkeypatch.setenv("ROLETHREAD_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)

    def stepped(*arguments: object) -> Ran:
        done = run(*arguments, "--passphrase-file", secret)
        assert done.code == 0, done.err
        assert PASSPHRASE not in done.out + done.err
        return done

    return stepped


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_init_prints_the_recovery_code_alone_and_once(command: Command) -> None:
    code = command("init", "--yes").stdout
    assert code.count("\n") == 1
    assert command("init", "--yes", code=13).stdout == ""


def test_import_query_edit_undo_push_restore_export(
    command: Command, step: Runner, sources: Path, tmp_path: Path
) -> None:
    rolethread_store.create(tmp_path / "store", passphrase=PASSPHRASE, kdf=floor_params()).close()
    source = sources / "tavern.jsonl"
    before = source.read_bytes()
    told = command("import", source, "--dataset", "t")
    assert told.stdout == "4 records = 3 entries + 1 quarantined\n"
    assert "tavern.jsonl record 2" in told.stderr
    assert "rolethread quarantine --dataset t" in told.stderr
    assert source.read_bytes() == before

    query = "SELECT entry_id FROM entries ORDER BY position"
    ids = [row["entry_id"] for row in step("sql", query, "--json").json]
    step("edit", ids[0], "--message", 1, "--content", "Anders.")
    step("undo")

    step("remote", "add", "stick", (tmp_path / "stick").as_uri())
    assert step("push", "--json").json["objects_sent"] > 0
    assert step("verify", "--json").json["missing"] == []
    restored = tmp_path / "restored"
    step("restore", (tmp_path / "stick").as_uri(), restored)
    command("--store", restored, "export", "t", "out.jsonl", "--format", "chatml")
    assert _lines(tmp_path / "out.jsonl")[:2] == RECORDS


@pytest.mark.deep
def test_publish_fork_diff_blame_and_back(
    command: Command, step: Runner, sources: Path, tmp_path: Path
) -> None:
    rolethread_store.create(tmp_path / "store", passphrase=PASSPHRASE, kdf=floor_params()).close()
    step("import", sources / "tavern.jsonl", "--dataset", "t")
    command("publish", "-m", "as it came")
    entry_id = step("list", "--dataset", "t", "--json").json[0]["entry_id"]
    step("fork", "draft")
    text = ("edit", entry_id, "--message", 1, "--content", "Who lit the new lighthouse?")
    step(*text, "--working-copy", "draft")
    assert step("diff", "--json").json["entries"] == []
    shown = command("diff", "--working-copy", "draft").stdout
    assert "[1] content: Who lit the [-old-]{+new+} lighthouse?" in shown
    step("publish", "--working-copy", "draft")
    step("checkout", 2)
    step("export", "t", "one.jsonl", "--at", 1)
    step("export", "t", "now.jsonl")
    assert _lines(tmp_path / "one.jsonl")[:2] == RECORDS
    assert _lines(tmp_path / "now.jsonl")[0]["messages"][1]["content"].endswith("new lighthouse?")
    items = step("blame", entry_id, "--json").json
    assert [(one["working_copy"], one["standing"]) for one in items] == [
        ("main", "in effect"), ("draft", "in effect"),
    ]  # fmt: skip
    step("undo", "--dataset", "t")
    assert "0 edited" in step("diff", 1).out


def test_init_without_a_person_needs_yes(command: Command, tmp_path: Path) -> None:
    assert "--yes" in command("init", code=2).stderr
    assert not (tmp_path / "store").exists()


def test_another_process_that_writes_is_11(command: Command, store: Path, entry_id: str) -> None:
    with WriterLock(Layout(store), SystemClock()):
        told = command("--store", store, "delete", entry_id, code=11)
    assert str(os.getpid()) in told.stderr


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_no_process_shows_the_passphrase(store: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    secret.chmod(0o600)
    slow = "SELECT count(*) FROM range(3000000000) t(a) WHERE hash(a) = 1"
    arguments = ["--passphrase-file", str(secret), "--store", str(store), "sql", slow]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ROLETHREAD_")}
    with subprocess.Popen(
        [sys.executable, "-m", "rolethread_store.cli", *arguments],
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        time.sleep(1)
        for name in ("cmdline", "environ"):
            seen = Path(f"/proc/{process.pid}/{name}").read_bytes()
            assert seen
            assert PASSPHRASE.encode() not in seen
        process.kill()


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals")
def test_a_person_makes_a_store_at_a_terminal(tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 (absent on Windows)

    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ROLETHREAD_")}
    with subprocess.Popen(
        [sys.executable, "-m", "rolethread_store.cli", "--store", "s", "init"],
        cwd=tmp_path, env={**kept, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        for prompt, answer in (
            (b"New passphrase: ", PASSPHRASE.encode()),
            (b"The same again: ", PASSPHRASE.encode()),
            (b"written it down? [y/N] ", b"n"),
            (b"written it down? [y/N] ", b"y"),
        ):
            start = len(shown)
            while prompt not in shown[start:]:
                if not select.select([ours], [], [], 60)[0]:
                    process.kill()
                    pytest.fail(f"no {prompt!r} after {shown!r}")
                shown += os.read(ours, 4096)
            os.write(ours, answer + b"\n")
        assert process.stdout is not None
        code = process.stdout.read()
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert PASSPHRASE.encode() not in shown
    assert code.count(b"\n") == 1
    assert code.strip() not in shown
