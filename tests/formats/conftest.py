"""A session for the whole module and an empty bench for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rolethread_store.engine import Session, SessionFolders
from tests.formats.bench import Bench


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("engine")
    opened = Session(SessionFolders((folder,), folder), memory_limit="700MB")
    yield opened
    opened.close()


@pytest.fixture
def bench(session: Session, tmp_path: Path) -> Bench:
    return Bench(session, tmp_path)
