"""Engines as users have them: what one may do is the subject here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenes import plain_engines


@pytest.fixture(scope="module", autouse=True)
def plain() -> Iterator[None]:
    with plain_engines():
        yield
