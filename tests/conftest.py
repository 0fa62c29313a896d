"""What every test shares: how hard Hypothesis tries, and an empty store to begin with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.store import Store
from tests.scenes import PASSPHRASE, check_module, quick_engines, quick_keys

# Deadlines and slow examples measure the machine, not the code: two cores are shared by all
# workers.
_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
# A commit passes or fails by what it holds, not by luck: the quick examples are the same in
# each run of the same test. "random" tries others at the same size, "deep" many more.
settings.register_profile("quick", _PATIENT, max_examples=30, derandomize=True)
settings.register_profile("random", _PATIENT, max_examples=30)
settings.register_profile("deep", _PATIENT, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def quick_starts() -> Iterator[None]:
    """Do once per process what costs as much each time and answers the same.

    Where keys or engines are themselves the subject, the folder's conftest takes this back.
    """
    check_module()
    with quick_keys(), quick_engines():
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy, with ``PASSPHRASE``; made once, because keys are slow."""
    path = tmp_path_factory.mktemp("empty") / "store"
    rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()).close()
    return path


@pytest.fixture
def open_again(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Open the store of ``fresh_store`` once more; closed when the test ends."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(
            rolethread_store.open(tmp_path / "store", passphrase=PASSPHRASE)
        )


@pytest.fixture
def fresh_store(empty_store: Path, tmp_path: Path, open_again: Callable[[], Store]) -> Store:
    """An empty store of this test's own, open."""
    shutil.copytree(empty_store, tmp_path / "store")
    return open_again()
