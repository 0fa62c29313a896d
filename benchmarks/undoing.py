"""Undo and redo of the whole import, whatever its size: one frame each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_ROUNDS = 5
_BAR_MS = 50.0
_COUNT = "SELECT count(*) FROM entries"


def _milliseconds(work: Callable[[str], object]) -> float:
    started = time.perf_counter()
    work(DATASET)
    return (time.perf_counter() - started) * 1e3


def main() -> int:
    """Undo and redo some times; the first undo also takes the writer's lock."""
    setting = Setting.from_command_line(__doc__)
    undone, redone = [], []
    with lent_store(setting) as path, open_store(path) as store:
        for _ in range(_ROUNDS):
            undone.append(_milliseconds(store.undo))
            assert store.sql(_COUNT).fetchall() == [(0,)]
            redone.append(_milliseconds(store.redo))
            assert store.sql(_COUNT).fetchall() == [(setting.entries,)]
    table(
        ("round", "undo ms", "redo ms"),
        [
            (str(number), f"{undo:.1f}", f"{redo:.1f}")
            for number, (undo, redo) in enumerate(zip(undone, redone, strict=True), 1)
        ],
    )
    held = [
        Verdict("redo-slowest", max(redone), _BAR_MS, "ms").tell(),
        Verdict("undo-slowest", max(undone), _BAR_MS, "ms").tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
