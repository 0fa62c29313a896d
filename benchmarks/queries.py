"""The twelve-query suite through ``store.sql`` against plain DuckDB on plain Parquet.

Both sides get the same words. The plain side is one unencrypted Parquet file of the same
rows and columns in order, written and read with DuckDB's default settings. The sides take
turns, and must give the same answers.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.generate import NEEDLE
from benchmarks.setting import Setting
from benchmarks.stores import ensure_store, open_store
from benchmarks.verdict import Verdict, geomean, table
from rolethread_store.engine import literal
from rolethread_store.segments import ENTRY_COLUMNS
from rolethread_store.store import Store

__all__ = ["compare", "ensure_plain", "main", "suite"]

Rows = list[tuple[Any, ...]]
Asker = Callable[[str], Rows]

_ROUNDS, _MOST_ROUNDS, _PATIENCE = 5, 21, 3.0
_BAR, _WORST_RATIO, _WORST_MS = 1.10, 1.5, 5.0
_SLICE = 50_000


def suite(entries: int, entry_id: str) -> dict[str, str]:
    """Return the twelve queries by name.

    Args:
        entries: How many there are.
        entry_id: One of them.
    """
    rare = json.dumps({"id": f"src-{entries // 3}"}, separators=(",", ":"))
    return {
        "count": "SELECT count(*) FROM entries",
        "tag histogram": "SELECT t, count(*) FROM (SELECT unnest(tags) AS t FROM entries) "
        "GROUP BY t",
        "turn histogram": "SELECT len(messages), count(*) FROM entries GROUP BY 1",
        "contains": "SELECT count(*) FROM entries WHERE list_contains(list_transform(messages, "
        f"lambda m: contains(m.content, {literal(NEEDLE)})), true)",
        "statistics by role": "SELECT m.role, count(*), avg(length(m.content)) FROM "
        "(SELECT unnest(messages) AS m FROM entries) GROUP BY 1",
        "one entry by id": f"SELECT * FROM entries WHERE entry_id = {literal(entry_id)}",
        "page by position": "SELECT entry_id, position, messages FROM entries "
        f"ORDER BY position LIMIT 25 OFFSET {entries // 2}",
        "page by tag": "SELECT entry_id, messages FROM entries "
        "WHERE list_contains(tags, 'tag7') ORDER BY position LIMIT 25",
        "rare equality": f"SELECT entry_id FROM entries WHERE extra = {literal(rare)}",
        "top 3": "SELECT entry_id, position FROM entries ORDER BY position DESC LIMIT 3",
        "tiny sum": "SELECT sum(position) FROM entries",
        "hash of all": "SELECT bit_xor(hash(messages)) FROM entries",
    }


def ensure_plain(setting: Setting, store: Store) -> Path:
    """Return the store's rows as one plain file, made now if it is not there."""
    if setting.plain.exists():
        return setting.plain
    batches = _batches_in_order(store)
    first = next(batches)
    rows = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], batches))
    columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"'
                        for name, kind in ENTRY_COLUMNS.items())  # fmt: skip
    staged = setting.plain.with_suffix(".part")
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        connection.register("stored", rows)
        connection.execute(
            f"COPY (SELECT {columns} FROM stored) TO {literal(str(staged))} (FORMAT parquet)"
        )
    staged.rename(setting.plain)
    return setting.plain


def _batches_in_order(store: Store) -> Iterator[pa.RecordBatch]:
    """Give all rows by position, a slice at a time: no sort of the whole is needed."""
    last = store.sql("SELECT max(position) FROM entries").fetchall()[0][0]
    step = _SLICE * 1024
    for start in range(0, last + 1, step):
        yield from store.sql(
            f"SELECT * EXCLUDE (dataset) FROM entries WHERE position >= {start} "
            f"AND position < {start + step} ORDER BY position"
        ).batches()


def _plain_asker(path: Path) -> Asker:
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE VIEW entries AS SELECT 'bench' AS dataset, * "
        f"FROM read_parquet({literal(str(path))})"
    )
    return lambda query: connection.execute(query).fetchall()


def _timed(ask: Asker, query: str) -> float:
    started = time.perf_counter()
    ask(query)
    return time.perf_counter() - started


def compare(query: str, ours: Asker, plain: Asker) -> tuple[float, float]:
    """Return both medians in milliseconds; quick queries get more rounds."""
    assert sorted(ours(query), key=repr) == sorted(plain(query), key=repr), query
    pairs: list[tuple[float, float]] = []
    began = time.perf_counter()
    while len(pairs) < _ROUNDS or (
        len(pairs) < _MOST_ROUNDS and time.perf_counter() - began < _PATIENCE
    ):
        # Whoever goes second finds warmer caches, so they change places.
        if len(pairs) % 2:
            second = _timed(plain, query)
            pairs.append((_timed(ours, query), second))
        else:
            pairs.append((_timed(ours, query), _timed(plain, query)))
    first, last = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    return first, last


def _tell(figures: Sequence[tuple[str, float, float]]) -> bool:
    table(
        ("query", "ours ms", "plain ms", "ratio"),
        [(name, f"{a:.1f}", f"{b:.1f}", f"{a / b:.2f}") for name, a, b in figures],
    )
    excess = {name: a - _WORST_RATIO * b for name, a, b in figures}
    worst = max(excess, key=lambda name: excess[name])
    print(f"worst beyond {_WORST_RATIO}x: {worst}")
    held = [
        Verdict("query-worst-excess", excess[worst], _WORST_MS, "ms").tell(),
        Verdict("queries", geomean([a / b for _, a, b in figures]), _BAR).tell(),
    ]
    return all(held)


def main() -> int:
    """Measure every query on both sides in turns."""
    setting = Setting.from_command_line(__doc__)
    with open_store(ensure_store(setting)) as store:
        plain = _plain_asker(ensure_plain(setting, store))

        def ours(query: str) -> Rows:
            return store.sql(query).fetchall()

        middle = f"SELECT entry_id FROM entries WHERE position >= {setting.entries * 700} LIMIT 1"
        entry_id = str(plain(middle)[0][0])
        queries = suite(setting.entries, entry_id)
        figures = []
        for name, query in queries.items():
            figures.append((name, *compare(query, ours, plain)))
            print("  {}: {:.1f} ms, plain {:.1f} ms".format(*figures[-1]), flush=True)
        return 0 if _tell(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
