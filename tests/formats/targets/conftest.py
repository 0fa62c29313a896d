"""Exports from a bench, and the trainers' own code where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formats.bench import Bench
from tests.formats.targets.consuming import Module
from tests.formats.targets.offering import Offer


@pytest.fixture
def offer(bench: Bench) -> Offer:
    return Offer(bench)


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing is fetched, and nothing is kept in the home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("consumers")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE",
                     "HF_HUB_DISABLE_TELEMETRY", "HF_DATASETS_DISABLE_PROGRESS_BARS"):  # fmt: skip
            patch.setenv(name, "1")
        patch.setenv("HF_HOME", str(home))
        yield home


@pytest.fixture
def datasets(offline: Path) -> Module:
    """Hugging Face's loader."""
    return pytest.importorskip("datasets")
