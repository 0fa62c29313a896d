"""One tag for every entry: time, bytes written, and its undo."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_ROUNDS = 3
_BAR_SECONDS, _BAR_MB, _BAR_UNDO_MS = 1.0, 20.0, 50.0


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> int:
    """Tag everything some times, each with another tag, undoing it each time."""
    setting = Setting.from_command_line(__doc__)
    times, sizes, undos = [], [], []
    with lent_store(setting) as path, open_store(path) as store:
        dataset = store.dataset(DATASET)
        store.sql("SELECT count(*) FROM entries").fetchall()
        for number in range(_ROUNDS):
            before = _bytes(path)
            started = time.perf_counter()
            change = dataset.add_tags([f"bulk {number}"])
            times.append(time.perf_counter() - started)
            sizes.append((_bytes(path) - before) / 1e6)
            assert change is not None
            started = time.perf_counter()
            dataset.undo()
            undos.append((time.perf_counter() - started) * 1e3)
    rows = [
        (str(number), f"{seconds:.2f}", f"{size:.1f}", f"{undo:.1f}")
        for number, (seconds, size, undo) in enumerate(zip(times, sizes, undos, strict=True), 1)
    ]
    table(("round", "seconds", "MB written", "undo ms"), rows)
    held = [
        Verdict("bulk-tag", sorted(times)[_ROUNDS // 2], _BAR_SECONDS, "s").tell(),
        Verdict("bulk-tag-written", max(sizes), _BAR_MB, "MB").tell(),
        Verdict("bulk-tag-undo-slowest", max(undos), _BAR_UNDO_MS, "ms").tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
