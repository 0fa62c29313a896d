"""One writer: the second is told who the first is, and a dead one blocks nobody."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rolethread_store.clock import FixedClock
from rolethread_store.storage import (
    FileMissing,
    Layout,
    ReadOnly,
    StoreLocked,
    WriterLock,
)

HOLDER = """
import sys, time
from pathlib import Path
from rolethread_store.clock import SystemClock
from rolethread_store.storage import Layout, WriterLock
lock = WriterLock(Layout(Path(sys.argv[1])), SystemClock())
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def lock(root: Path) -> WriterLock:
    return WriterLock(Layout(root), FixedClock())


def test_the_second_writer_learns_who_holds_it(tmp_path: Path) -> None:
    with lock(tmp_path) as first:
        assert first.held
        with pytest.raises(StoreLocked, match=f"process {os.getpid()} since 2026-01-01") as caught:
            lock(tmp_path).acquire()
        assert caught.value.hint
    assert not first.held
    lock(tmp_path).__enter__().release()
    assert not (tmp_path / "lock.info").exists()


@pytest.mark.parametrize("note", ["", "[]", "{", '{"pid": 1}', '{"pid": 1, "since": 5}', "\udcff"])
def test_a_spoilt_note_only_costs_the_name(tmp_path: Path, note: str) -> None:
    with lock(tmp_path):
        (tmp_path / "lock.info").write_bytes(note.encode("utf-8", "surrogateescape"))
        with pytest.raises(StoreLocked, match="another process"):
            lock(tmp_path).acquire()


def test_waiting_takes_about_as_long_as_asked(tmp_path: Path) -> None:
    with lock(tmp_path):
        begun = time.perf_counter()
        with pytest.raises(StoreLocked):
            lock(tmp_path).acquire(wait=0.2)
        assert 0.15 < time.perf_counter() - begun < 10


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(StoreLocked, match=f"process {holder.pid}"):
                lock(tmp_path).acquire()
        finally:
            holder.kill()
    with lock(tmp_path) as mine:
        assert mine.held


def test_a_missing_store_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        lock(tmp_path / "absent").acquire()
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_read_only_store_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, "refused")

    # The superuser may write anywhere, so permissions alone would not show it.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ReadOnly, match="lock") as caught:
        lock(tmp_path).acquire()
    assert caught.value.hint
