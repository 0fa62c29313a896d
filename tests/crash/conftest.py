"""Stores to crash, processes to kill, and a disk that is really full."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from rolethread_store.dataset import planning
from rolethread_store.editing import bulk_tags
from rolethread_store.testing.workflows import Place, Setting, make_setting


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes that have the package imported already, so that many can be killed."""
    if sys.platform == "win32":
        pytest.skip("Windows has no fork server")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tests.crash.victims"])
    return context


@pytest.fixture(scope="session")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """The store that workflows begin with; nobody changes it, for it is kept as bytes."""
    return make_setting(tmp_path_factory.mktemp("setting"))


@pytest.fixture
def place(setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A folder for one store after the other, with limits that a few entries reach."""
    monkeypatch.setitem(bulk_tags.__globals__, "INLINE_LIMIT", 2)
    monkeypatch.setattr(planning, "UPPER_LIMIT", 2)
    with Place(tmp_path / "place", setting) as place:
        yield place


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, 8 MiB large."""
    path = tmp_path / "small"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(path)]
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount")
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
