"""Where the ids of segments are found in memory."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from rolethread_store.dataset import indexing
from rolethread_store.dataset.indexing import ABSENT
from rolethread_store.store import Store
from tests.scenes import chat, jsonl


def table(counts: dict[int, int]) -> pa.Table:
    ids = pa.array([number.to_bytes(16, "big") for number in counts], pa.binary())
    return pa.table({"id": ids, "count": pa.array(counts.values(), pa.int32())})


@pytest.mark.parametrize("high_bits", [0, 1, 40])
@pytest.mark.parametrize("rows", [1, 2, 1_000])
def test_every_id_is_found_and_no_other(high_bits: int, rows: int) -> None:
    """Whether the ids share their upper half or not, and in whatever order they come."""
    rng = random.Random(rows)
    counts = {
        rng.getrandbits(high_bits) << 64 | rng.getrandbits(64): place for place in range(rows)
    }
    for order in (sorted(counts), list(counts)):
        index = indexing._indexed(table({number: counts[number] for number in order}))
        assert [index.count_of(number) for number in order] == [counts[n] for n in order]
        for number in order:
            for other in (number + 1, number - 1, number ^ 1 << 64, number ^ 1 << 127):
                if other >= 0 and other not in counts:
                    assert index.count_of(other) == ABSENT


def test_indexes_are_loaded_ahead_and_forgotten_when_there_are_too_many(
    fresh_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch has one segment here, so each id needs an index of its own."""
    for part in range(4):
        source = jsonl(tmp_path / f"{part}.jsonl", [chat(f"{part} {n}") for n in range(10)])
        fresh_store.dataset("inn").import_file(source)
    monkeypatch.setattr(indexing, "_KEPT_ROWS", 25)
    entries = fresh_store.dataset("inn").page(100)
    for number in (0, 15, 25, 35, 5):
        fresh_store.edit(entries[number].entry_id, message=0, content=f"new {number}")
    kept = fresh_store._parts.locator._indexes
    assert (kept._rows, len(kept._indexes)) == (20, 2)
    contents = [entry.messages[0].content for entry in fresh_store.dataset("inn").page(100)]
    assert [contents[n] for n in (0, 15, 25, 35, 5)] == [f"new {n}" for n in (0, 15, 25, 35, 5)]
    assert contents[1] == "0 1"
