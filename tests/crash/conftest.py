from __future__ import annotations

import multiprocessing
import sys
from multiprocessing.context import ForkServerContext

import pytest


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes that have the package imported already, so that many can be killed."""
    if sys.platform == "win32":
        pytest.skip("Windows has no fork server")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["rolethread_store.testing.crashing"])
    return context
