"""A checkpoint of ten thousand scattered edits, and the edits made while it runs."""

from __future__ import annotations

import random
import sys
import time
from threading import Thread

from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, percentile, table
from rolethread_store.store import Store

__all__ = ["main"]

_EDITS = 9_900
_BESIDE = 2_000
_BAR_SECONDS, _BAR_BLOCKED_MS = 3.0, 50.0
_TEXT = "He lays the map on the table and says nothing for a while. " * 6


def _edit_all(store: Store, ids: list[str]) -> None:
    with store.transaction():
        for number, entry_id in enumerate(ids):
            store.edit(entry_id, message=1, content=f"{_TEXT}{number}")


def _edits_beside(store: Store, ids: list[str], checkpoint: Thread) -> list[float]:
    """Edit while a checkpoint runs, and return how long each edit took in milliseconds."""
    taken = []
    for number, entry_id in enumerate(ids):
        started = time.perf_counter()
        store.edit(entry_id, message=1, content=f"{_TEXT}beside {number}")
        taken.append((time.perf_counter() - started) * 1e3)
        if not checkpoint.is_alive():
            break
    return taken


def main() -> int:
    """Checkpoint twice: alone, and with edits going on."""
    setting = Setting.from_command_line(__doc__)
    rng = random.Random(7)
    count = min(_EDITS, setting.entries // 4)
    with lent_store(setting) as path, open_store(path) as store:
        rows = store.dataset(DATASET).sql("SELECT entry_id FROM entries").fetchall()
        ids = [str(row[0]) for row in rng.sample(rows, 2 * count + _BESIDE)]
        # Two million objects of ours would make the collector's rounds slow for the store.
        del rows
        _edit_all(store, ids[:count])
        started = time.perf_counter()
        alone = store.checkpoint()
        seconds = time.perf_counter() - started
        _edit_all(store, ids[count : 2 * count])
        # One more of each kind first: only then is everything loaded that edits need.
        store.edit(ids[-1], message=1, content=_TEXT)
        running = Thread(target=store.checkpoint)
        running.start()
        taken = _edits_beside(store, ids[2 * count :], running)
        running.join()
    table(
        ("checkpoint of", "entries", "seconds", "MiB written"),
        [
            (report.step, str(report.folded), f"{seconds:.2f}",
             f"{report.bytes_written / (1 << 20):.1f}")
            for report in alone
        ],
    )  # fmt: skip
    print(f"{len(taken)} edits beside the second: p50 {percentile(taken, 0.5):.2f} ms")
    held = [
        Verdict("checkpoint-10k-edits", seconds, _BAR_SECONDS, "s").tell(),
        Verdict("edit-beside-checkpoint-slowest", max(taken), _BAR_BLOCKED_MS, "ms").tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
