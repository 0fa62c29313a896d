"""One durable edit through the library against the disk: append and ``fdatasync``.

Three stores, from a thousand entries to the size asked for, are edited in turns of twenty,
at ids that nothing has read before: a slow spell of the disk meets all of them, and they
do not drive each other out of the processor's caches. After every edit a file beside the
store takes as many bytes as an edit's frame has, with one ``write`` and one ``fdatasync``.
A process's first edit also starts the engine and a log file, and is told apart. At the end
the largest store takes edits in one transaction.
"""

from __future__ import annotations

import os
import random
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.setting import Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, percentile, table
from rolethread_store.store import Store

__all__ = ["main"]

_EDITS = 400
_TURN = 20
_IN_BLOCK = 10_000
_BAR, _BAR_P99, _BAR_FLAT, _BAR_BLOCK = 1.5, 3.0, 1.2, 0.5
_TEXT = "The lantern gutters, and she answers without turning round. " * 8


@dataclass
class _Bench:
    """One store with its ids to come and its figures in milliseconds."""

    entries: int
    store: Store
    ids: list[str]
    bare: int
    first: float = 0.0
    edits: list[float] = field(default_factory=list)
    appends: list[float] = field(default_factory=list)
    frame: int = 0

    @property
    def log(self) -> Path:
        """The log file that this process writes."""
        return max((self.store.path / "log").iterdir())

    @property
    def used(self) -> int:
        """Bytes of the log file, without the room behind them."""
        return len(self.log.read_bytes().rstrip(b"\0"))

    def edit(self, number: int) -> float:
        """Edit the next entry and return how long it took."""
        entry_id = self.ids[number]
        text = f"{_TEXT}{number}"
        started = time.perf_counter()
        self.store.edit(entry_id, message=1, content=text)
        return (time.perf_counter() - started) * 1e3

    def append(self, size: int) -> float:
        """Append random bytes to a bare file and return how long it took."""
        content = os.urandom(size)
        started = time.perf_counter()
        os.write(self.bare, content)
        os.fdatasync(self.bare)
        return (time.perf_counter() - started) * 1e3

    def begin(self) -> None:
        """Make the first edits, which start engine and log file, and measure a frame."""
        self.first = self.edit(0)
        before = self.used
        self.edit(1)
        self.frame = self.used - before
        self.append(self.frame)

    def round(self, number: int) -> None:
        """Make one edit and one bare append of its size."""
        self.edits.append(self.edit(number))
        self.appends.append(self.append(self.frame))


def _prepared(stack: ExitStack, setting: Setting, rng: random.Random) -> _Bench:
    path = stack.enter_context(lent_store(setting))
    with open_store(path) as other:
        rows = other.sql("SELECT entry_id FROM entries ORDER BY position").fetchall()
    ids = [str(row[0]) for row in rng.sample(rows, min(_EDITS, len(rows)))]
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    bare = os.open(path.parent / "bare", flags, 0o600)
    stack.callback(os.close, bare)
    return _Bench(setting.entries, stack.enter_context(open_store(path)), ids, bare)


def _in_block(bench: _Bench) -> float:
    """Make many edits in one transaction; return the milliseconds each took, commit included."""
    ids = [bench.ids[number % len(bench.ids)] for number in range(_IN_BLOCK)]
    started = time.perf_counter()
    with bench.store.transaction():
        for number, entry_id in enumerate(ids):
            bench.store.edit(entry_id, message=1, content=f"{_TEXT}{number}")
    return (time.perf_counter() - started) * 1e3 / _IN_BLOCK


def _row(bench: _Bench) -> tuple[str, ...]:
    figures = (
        percentile(bench.edits, 0.5),
        percentile(bench.edits, 0.99),
        percentile(bench.appends, 0.5),
        percentile(bench.appends, 0.99),
        bench.first,
    )
    ratio = f"{figures[0] / figures[2]:.2f}"
    return (f"{bench.entries:,}", str(bench.frame), *(f"{f:.2f}" for f in figures), ratio)


def main() -> int:
    """Edit all sizes in turns."""
    setting = Setting.from_command_line(__doc__)
    sizes = sorted({1_000, max(1_000, setting.entries // 10), setting.entries})
    rng = random.Random(20_26)
    with ExitStack() as stack:
        benches = [_prepared(stack, setting.of_size(size), rng) for size in sizes]
        for bench in benches:
            bench.begin()
        for begin in range(2, min(len(bench.ids) for bench in benches), _TURN):
            for bench in benches:
                for number in range(begin, min(begin + _TURN, len(bench.ids))):
                    bench.round(number)
        in_block = _in_block(benches[-1])
    table(
        ("entries", "frame B", "edit p50 ms", "p99", "append p50 ms", "p99", "first edit", "ratio"),
        [_row(bench) for bench in benches],
    )
    medians = [percentile(bench.edits, 0.5) for bench in benches]
    worst = max(percentile(bench.edits, 0.5) / percentile(bench.appends, 0.5) for bench in benches)
    # Slow spells of a disk hit both: its floor at this percentile is its own.
    tail = max(percentile(bench.edits, 0.99) / percentile(bench.appends, 0.99) for bench in benches)
    print(f"{_IN_BLOCK:,} edits in one transaction: {1e3 / in_block:,.0f} a second")
    held = [
        Verdict("edit-flat", medians[-1] / medians[0], _BAR_FLAT).tell(),
        Verdict("edit", worst, _BAR).tell(),
        Verdict("edit-p99", tail, _BAR_P99).tell(),
        Verdict("edit-in-transaction", in_block, _BAR_BLOCK, "ms").tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
