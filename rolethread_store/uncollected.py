"""Python's garbage collector waits while a command loads, a checkpoint runs or a log is read.

A full round looks at every object of the process and holds the interpreter meanwhile: with
20,000 changes in the history some 80 ms, in which no edit goes on. Building much starts such
rounds and gives them nothing to find, for what is built stays. Mercurial does the same
(``util.nogc``).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["uncollected"]

_lock = Lock()
_within = 0
_resumes = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Start no round of the collector within; who has turned it off finds it off afterwards.

    Nests, and may be entered by several threads: the last one to leave turns it on again.
    """
    global _within, _resumes
    with _lock:
        if _within == 0:
            _resumes = gc.isenabled()
            gc.disable()
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if _within == 0 and _resumes:
                gc.enable()
