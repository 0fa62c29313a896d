"""A session for the whole module, an empty bench for each test, and trainers' own code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rolethread_store.engine import Session, SessionFolders
from tests.formats.bench import Bench
from tests.formats.targets.consuming import Module
from tests.formats.targets.llamafactory_run import Factory


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("engine")
    opened = Session(SessionFolders((folder,), folder), memory_limit="700MB")
    yield opened
    opened.close()


@pytest.fixture
def bench(session: Session, tmp_path: Path) -> Bench:
    return Bench(session, tmp_path)


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing is fetched, and nothing is kept in the home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("consumers")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE",
                     "HF_HUB_DISABLE_TELEMETRY", "HF_DATASETS_DISABLE_PROGRESS_BARS",
                     "DISABLE_VERSION_CHECK"):  # fmt: skip
            patch.setenv(name, "1")
        patch.setenv("HF_HOME", str(home))
        yield home


@pytest.fixture
def datasets(offline: Path) -> Module:
    """Hugging Face's loader."""
    return pytest.importorskip("datasets")


@pytest.fixture
def factory(datasets: Module, tmp_path: Path) -> Factory:
    """LLaMA-Factory's data pipeline."""
    pytest.importorskip("llamafactory.data.converter", exc_type=ImportError)
    return Factory(tmp_path / "factory")
