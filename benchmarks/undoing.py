"""Undo, redo, check-out and revert, whatever the size: one frame each."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table
from rolethread_store.store import Dataset

__all__ = ["main"]

_ROUNDS = 5
_EDITS = 100_000
_BAR_MS = 50.0
_COUNT = "SELECT count(*) FROM entries"


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def _whole_import(path: Path, entries: int) -> list[tuple[str, list[float]]]:
    """Undo and redo some times; the first undo also takes the writer's lock."""
    undone, redone = [], []
    with open_store(path) as store:
        for _ in range(_ROUNDS):
            undone.append(_milliseconds(lambda: store.undo(DATASET)))
            assert store.sql(_COUNT).fetchall() == [(0,)]
            redone.append(_milliseconds(lambda: store.redo(DATASET)))
            assert store.sql(_COUNT).fetchall() == [(entries,)]
    return [("undo the import", undone), ("redo the import", redone)]


def _edited(dataset: Dataset, entries: int) -> int:
    """Publish, edit many entries once each, and return the number of the first edit."""
    dataset.publish()
    rows = dataset.sql("SELECT entry_id FROM entries").fetchall()
    chosen = random.Random(7).sample(rows, min(_EDITS, entries))
    first = dataset.edit(chosen[0][0], message=0, content="edited 0").seq
    for number, (entry_id,) in enumerate(chosen[1:], 1):
        dataset.edit(entry_id, message=0, content=f"edited {number}")
    return first


def _among_edits(dataset: Dataset, first: int, kind: str) -> list[tuple[str, list[float]]]:
    """Measure at the end of a long history; every step leads back to where it began."""

    def undo() -> object:
        return dataset.undo()

    def redo() -> object:
        return dataset.redo()

    steps: list[tuple[str, Callable[[], object]]] = [
        ("undo an edit", undo),
        ("redo an edit", redo),
        ("check out", lambda: dataset.checkout(1)),
        ("undo a check-out", undo),
        ("redo a check-out", redo),
        ("undo a check-out again", undo),
        ("revert the first edit", lambda: dataset.revert(first)),
        ("undo a revert", undo),
        ("redo a revert", redo),
        ("undo a revert again", undo),
        ("undo all edits as one", lambda: dataset.undo(to=1)),
        ("redo them as one", redo),
    ]
    times: dict[str, list[float]] = {f"{kind}: {name}": [] for name, _ in steps}
    for _ in range(_ROUNDS):
        for name, step in steps:
            times[f"{kind}: {name}"].append(_milliseconds(step))
    return list(times.items())


def main() -> int:
    """Undo and redo the import; then work at the end of 100,000 edits."""
    setting = Setting.from_command_line(__doc__)
    with lent_store(setting) as path:
        found = _whole_import(path, setting.entries)
        with open_store(path) as store:
            dataset = store.dataset(DATASET)
            first = _edited(dataset, setting.entries)
            found += _among_edits(dataset, first, "pending")
            store.checkpoint()
            found += _among_edits(dataset, first, "checkpointed")
    table(
        ("what", "median ms", "slowest ms"),
        [(name, f"{sorted(t)[len(t) // 2]:.1f}", f"{max(t):.1f}") for name, t in found],
    )
    held = [
        Verdict(name.replace(":", "").replace(" ", "-"), max(times), _BAR_MS, "ms").tell()
        for name, times in found
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
