"""Open beyond the key derivation, and open with the first count, clean and with pending edits.

Every opening happens in a process of its own (:mod:`benchmarks.open_child`), with Python's
modules loaded. The derivation is timed inside the very call that is measured.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.setting import Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_RUNS = 9
_PENDING = 1_000
_BAR_MS = 150.0


def _opened(path: Path) -> dict[str, float]:
    """Return the medians of some fresh processes that open the store."""
    command = [sys.executable, "-m", "benchmarks.open_child", str(path)]
    root = Path(__file__).resolve().parents[1]
    runs: list[dict[str, float]] = []
    for _ in range(_RUNS):
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
        runs.append(json.loads(done.stdout))
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _edit(path: Path) -> None:
    """Leave pending edits behind, too few for a checkpoint at closing."""
    with open_store(path) as store:
        rows = store.sql("SELECT entry_id FROM entries ORDER BY position").fetchall()
        chosen = random.Random(7).sample(rows, min(_PENDING, len(rows) // 2))
        for number, (entry_id,) in enumerate(chosen):
            store.edit(entry_id, message=1, content=f"An edited line, number {number}.")
        assert store.status().pending == len(chosen)


def main() -> int:
    """Open the store clean, edit it, open it again."""
    setting = Setting.from_command_line(__doc__)
    with lent_store(setting) as path:
        clean = _opened(path)
        _edit(path)
        pending = _opened(path)
    both = {"clean": clean, "1,000 pending edits": pending}
    table(
        ("store", "loading modules", "derivation", "open beyond it", "open and first count"),
        [
            (kind, *(f"{run[name]:.1f}" for name in ("modules", "kdf", "open", "counted")))
            for kind, run in both.items()
        ],
    )
    held = [
        Verdict(f"{name}-{kind}", run[name], _BAR_MS, "ms").tell()
        for name in ("counted", "open")
        for kind, run in (("pending", pending), ("clean", clean))
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
