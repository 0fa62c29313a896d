"""Whatever an entry holds, each target writes valid records of it or says why not."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats import (
    Arrangement,
    Ending,
    Greeting,
    Names,
    NothingToWrite,
    SystemTurns,
)
from tests.formats.targets.offering import LINES, Offer
from tests.formats.test_round_trip import records

ENOUGH = settings(
    max_examples=300 if settings().max_examples > 100 else 12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TAKEN = st.lists(records(), min_size=4, max_size=16)
ARRANGEMENTS = st.builds(
    Arrangement,
    names=st.sampled_from(Names),
    greeting_first=st.sampled_from(Greeting),
    system=st.sampled_from(SystemTurns),
    ending=st.sampled_from(Ending),
    unroll=st.booleans(),
)


@ENOUGH
@given(given_records=TAKEN, chosen=st.sampled_from(LINES), arrangement=ARRANGEMENTS)
def test_lines_are_json_and_every_entry_is_accounted_for(
    offer: Offer,
    given_records: list[dict[str, Any]],
    chosen: tuple[str, str | None],
    arrangement: Arrangement,
) -> None:
    kept = offer.bench.take_records(given_records).sources[0].kept
    # Some targets write a folder and some a file: none may lie where the next one writes.
    with TemporaryDirectory(dir=offer.bench.folder) as folder:
        path = Path(folder) / "any"
        try:
            outcome = offer.write(path, *chosen, arrangement=arrangement)
        except NothingToWrite:
            return
        file = path / outcome.files[0].name if path.is_dir() else path
        lines = file.read_bytes().split(b"\n")[:-1]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert len(lines) == outcome.records >= outcome.entries
    if not arrangement.unroll:
        assert outcome.entries + sum(outcome.skipped.values()) == kept


@ENOUGH
@given(given_records=TAKEN, clean=st.booleans())
def test_tables_hold_every_entry(
    offer: Offer, given_records: list[dict[str, Any]], clean: bool
) -> None:
    kept = offer.bench.take_records(given_records).sources[0].kept
    folder = offer.bench.folder
    for target, shape in (("parquet", None), ("csv", "turns"), ("csv", "entries")):
        try:
            outcome = offer.write(folder / "table", target, shape, clean=clean, force=True)
        except NothingToWrite:
            continue
        assert outcome.entries + sum(outcome.skipped.values()) == kept
        if target == "parquet":
            assert pq.read_table(folder / "table").num_rows == outcome.records
            continue
        # The csv module of Python would end a row at a carriage return that is not quoted.
        with (folder / "table").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        assert len(rows) == outcome.records + 1
        assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("target", ["mistral", "together", "alpaca"])
def test_what_is_written_is_text(offer: Offer, target: str) -> None:
    offer.take()
    for record in offer.records(target):
        for message in record.get("messages", []):
            assert isinstance(message["content"], str)
