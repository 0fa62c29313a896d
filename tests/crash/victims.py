"""What a process does that is there to be killed."""

from __future__ import annotations

from multiprocessing.connection import Connection

from rolethread_store.testing.crashing import Writer
from tests.scenes import quick_engines

__all__ = ["write"]


def write(writer: Writer, acknowledge: Connection) -> None:
    """Write until killed, with the module that the tests' own process has checked."""
    with quick_engines():
        writer.run(acknowledge)
