"""Child of :mod:`benchmarks.exporting`: our export of clean JSON Lines, in a fresh process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.child import report
from benchmarks.setting import DATASET
from benchmarks.stores import open_store

__all__ = ["main"]


def main() -> int:
    """Export the store ``argv[1]`` to ``argv[2]``; opening the store is not measured."""
    path, target = sys.argv[1:3]
    with open_store(Path(path)) as store:
        started = time.perf_counter()
        done = store.dataset(DATASET).export(target, "chatml", clean=True, force=True)
        seconds = time.perf_counter() - started
    report(seconds, done.entries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
