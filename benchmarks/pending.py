"""The twelve queries with 10,000 pending edits against the same store checkpointed.

Two copies of the store get the same edits, scattered over all entries: a new text for one
message each, and a tag for a tenth of them. One copy is checkpointed. Both answer each
query in turns, and must give the same.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

from benchmarks.queries import Rows, compare, suite
from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, geomean, table
from rolethread_store.store import Store

__all__ = ["main"]

_EDITS = 10_000
_TAGGED = 1_000
_BAR = 1.25


def _edited(stack: ExitStack, setting: Setting, ids: list[str]) -> Store:
    store = stack.enter_context(open_store(stack.enter_context(lent_store(setting))))
    for number, entry_id in enumerate(ids):
        store.edit(entry_id, message=1, content=f"An edited line, number {number}.")
    store.dataset(DATASET).add_tags(["edited"], entries=ids[: min(_TAGGED, len(ids) // 10)])
    return store


def _chosen(setting: Setting) -> list[str]:
    with lent_store(setting) as path, open_store(path) as store:
        rows = store.sql("SELECT entry_id FROM entries ORDER BY position").fetchall()
    return [str(row[0]) for row in random.Random(11).sample(rows, min(_EDITS, len(rows) // 2))]


def _asker(store: Store) -> Callable[[str], Rows]:
    return lambda query: store.sql(query).fetchall()


def main() -> int:
    """Edit both copies, checkpoint one, and measure every query on both in turns."""
    setting = Setting.from_command_line(__doc__)
    ids = _chosen(setting)
    # So many edits are due for a checkpoint, which closing would make.
    unlimited = mock.patch("rolethread_store.dataset.planning.PENDING_LIMIT", 10**9)
    with unlimited, ExitStack() as stack:
        pending = _edited(stack, setting, ids)
        folded = _edited(stack, setting, ids)
        started = time.perf_counter()
        folded.checkpoint()
        print(f"checkpoint of {len(ids):,} edits: {time.perf_counter() - started:.1f} s")
        assert (pending.status().pending, folded.status().pending) == (len(ids), 0)
        figures = []
        for name, query in suite(setting.entries, ids[0]).items():
            # Edits have their own times in the two copies.
            asked = query.replace("SELECT *", "SELECT * EXCLUDE (updated_at)")
            figures.append((name, *compare(asked, _asker(pending), _asker(folded))))
            print("  {}: {:.1f} ms, checkpointed {:.1f} ms".format(*figures[-1]), flush=True)
        table(
            ("query", "pending ms", "checkpointed ms", "ratio"),
            [(name, f"{a:.1f}", f"{b:.1f}", f"{a / b:.2f}") for name, a, b in figures],
        )
        held = Verdict("pending", geomean([a / b for _, a, b in figures]), _BAR).tell()
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
