"""One writer at a time: the second waits or is told who, and a dead one is in nobody's way."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.storage import StoreLocked
from tests.cli.running import PASSPHRASE, Runner

HOLDER = """
import sys, rolethread_store
store = rolethread_store.open(sys.argv[1], recovery_code=sys.argv[2])
store.dataset("tavern").add_tags(["held"])
print("writing", flush=True)
sys.stdin.readline()
store.close()
"""


@contextmanager
def writer(path: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has changed the store and stays its writer."""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), code],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


CHANGE = ("tag", "add", "second", "--dataset", "tavern", "--all")


def test_the_second_writer_is_told_who_and_since_when(
    store: Path, template: tuple[Path, str], run: Runner
) -> None:
    with writer(store, template[1]) as holder:
        begun = time.perf_counter()
        shown = run(*CHANGE)
        assert shown.code == 11
        assert time.perf_counter() - begun < 20
        assert re.search(rf"process {holder.pid} since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", shown.err)
        assert run("--wait", "0.3", *CHANGE).code == 11
        assert run("status").code == 0, "reading takes no lock"
        with rolethread_store.open(store, recovery_code=template[1], wait=0.2) as other:
            begun = time.perf_counter()
            with pytest.raises(StoreLocked, match=f"process {holder.pid}"):
                other.dataset("tavern").add_tags(["library"])
            assert time.perf_counter() - begun >= 0.15
    assert len(run("log", "--json").json) == 2


def test_the_second_writer_waits_for_the_first(
    store: Path, template: tuple[Path, str], run: Runner
) -> None:
    with writer(store, template[1]) as holder:
        assert holder.stdin is not None
        finished = "import time; time.sleep(1); print()"
        with subprocess.Popen([sys.executable, "-c", finished], stdout=holder.stdin):
            assert run(*CHANGE, "--wait", "60").code == 0
        assert holder.wait(30) == 0
    summaries = [item["summary"] for item in run("log", "--json").json]
    assert "second" in summaries[0]
    assert "held" in summaries[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_writer_is_in_nobodys_way(
    store: Path, template: tuple[Path, str], run: Runner
) -> None:
    with writer(store, template[1]) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait(30)
        assert (store / "lock.info").exists(), "it left its note, which means nothing now"
        assert run(*CHANGE).code == 0
    summaries = [item["summary"] for item in run("log", "--json").json]
    assert "held" in summaries[1], "what it acknowledged is there"


def test_slots_wait_like_every_change(store: Path, template: tuple[Path, str], run: Runner) -> None:
    with writer(store, template[1]):
        assert run("slots", "add", "recovery-code", "--yes").code == 11
        assert run("slots", "remove", "recovery-code").code == 11
        assert len(run("slots", "list", "--json").json) == 2


@pytest.mark.parametrize("wait", ["-1", "soon", "nan", "inf"])
def test_a_wait_that_is_no_time_is_not_understood(store: Path, run: Runner, wait: str) -> None:
    assert run(*CHANGE, "--wait", wait).code == 2


def test_two_stores_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as one:
        one.add_slot("recovery-code")
        with (
            rolethread_store.open(path, PASSPHRASE) as two,
            pytest.raises(StoreLocked, match=f"process {os.getpid()}"),
        ):
            two.add_slot("recovery-code")
