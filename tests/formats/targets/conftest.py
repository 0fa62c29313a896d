"""Exports from a bench."""

from __future__ import annotations

import pytest

from tests.formats.bench import Bench
from tests.formats.targets.offering import Offer


@pytest.fixture
def offer(bench: Bench) -> Offer:
    return Offer(bench)
