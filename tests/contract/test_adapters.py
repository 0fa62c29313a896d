"""What every adapter promises, tried on the samples beside it and on damaged copies of them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolethread_store.formats.adapters import (
    ADAPTERS,
    Adapter,
    JsonObject,
    ReadingOptions,
    RecordOdd,
)
from rolethread_store.formats.document_files import HEAD_BYTES, document_kind
from rolethread_store.formats.records import read_groups
from rolethread_store.store import Store

SAMPLES = Path(__file__).parents[1] / "formats" / "samples"
OPTIONS = (
    ReadingOptions(),
    ReadingOptions(frozenset({"rex", "Ann"}), "Somebody"),
)
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 0.5, "", "text", "\x00", [], [None], [[]], {}, {"": None},
    ["a", 1, {"b": []}], {"role": "user", "content": "x"}, "9" * 40, {"a": {"b": {"c": {}}}},
)  # fmt: skip


def sample_files(adapter: Adapter) -> list[Path]:
    folder = SAMPLES / adapter.name
    return sorted(one for one in folder.glob("*") if one.is_file()) if folder.is_dir() else []


def records_of(path: Path) -> list[JsonObject]:
    """The records of a sample, as an import would hand them to an adapter."""
    data = path.read_bytes()
    kind = document_kind(data[:HEAD_BYTES], path.name)
    if kind is not None:
        found = list(kind[0].read(data))
        assert [one.fault for one in found] == [None] * len(found)
        return [one.record for one in found if one.record is not None]
    texts = [text for group in read_groups(path) for text in group["line"].to_pylist()]
    return [json.loads(text) for text in texts]


@cache
def samples(adapter: Adapter) -> tuple[tuple[str, JsonObject], ...]:
    return tuple(
        (f"{path.name}:{number}", record)
        for path in sample_files(adapter)
        for number, record in enumerate(records_of(path), start=1)
    )


each_adapter = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)


def test_adapters_have_names_of_their_own() -> None:
    names = [adapter.name for adapter in ADAPTERS]
    assert len(set(names)) == len(names)
    assert not {"chatml", "sharegpt", "alpaca"} & set(names)
    assert {path.name for path in SAMPLES.glob("*") if path.is_dir()} >= set(names)


@each_adapter
def test_samples_are_recognised_by_their_own_adapter_alone(adapter: Adapter) -> None:
    assert samples(adapter), f"there is no sample at {SAMPLES / adapter.name}"
    for place, record in samples(adapter):
        found = {one.name: one.recognise(record) for one in ADAPTERS}
        known = [name for name, evidence in found.items() if evidence is not None]
        assert known == [adapter.name], place
        assert found[adapter.name], place


@each_adapter
def test_samples_read_into_entries_or_definitions(adapter: Adapter) -> None:
    for place, record in samples(adapter):
        before = copy.deepcopy(record)
        for options in OPTIONS:
            reading = adapter.read(record, options)
            assert reading.drafts or reading.facts, place
            for draft in reading.drafts:
                assert all(isinstance(turn.role, str) and turn.role for turn in draft.turns), place
                json.dumps([draft.extra, [turn.extra for turn in draft.turns]], allow_nan=False)
            assert adapter.read(copy.deepcopy(record), options) == reading, place
        assert record == before, f"{place}: reading changes no record"


@each_adapter
def test_samples_import_whole(adapter: Adapter, fresh_store: Store) -> None:
    dataset = fresh_store.dataset("samples")
    for path in sample_files(adapter):
        report = dataset.import_file(path, again=True)
        assert (report.kept, report.quarantined) == (report.records, 0), path.name
        assert report.records == len(records_of(path))
        assert set(report.formats) <= {adapter.name}
    assert dataset.count() == sum(
        len(adapter.read(record, OPTIONS[0]).drafts) for _, record in samples(adapter)
    )


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Every container in a value with each of its keys or indices."""
    inner = list(value.items()) if isinstance(value, dict) else []
    inner = list(enumerate(value)) if isinstance(value, list) else inner
    for key, child in inner:
        yield value, key
        yield from places_in(child)


def damaged(record: JsonObject, chance: random.Random) -> JsonObject:
    """Drop, replace, retype, rename or nest some of a record's values."""
    made = copy.deepcopy(record)
    for _ in range(chance.randint(1, 4)):
        places = list(places_in(made))
        if not places:
            break
        holder, key = chance.choice(places)
        deed = chance.randrange(6)
        if deed == 0:
            del holder[key]
        elif deed == 1:
            holder[key] = copy.deepcopy(chance.choice(JUNK))
        elif deed == 2:
            holder[key] = [holder[key]]
        elif deed == 3:
            holder[key] = {"inner": holder[key]}
        elif deed == 4 and isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        else:
            deep: Any = holder[key]
            for _ in range(chance.choice((3, 200))):
                deep = [deep]
            holder[key] = deep
    return made


@pytest.mark.skipif(not ADAPTERS, reason="there is no adapter yet")
@settings(max_examples=10_000 if settings().max_examples > 100 else 200)
@given(seed=st.integers(0, 2**32), which=st.integers(0, 2**16), options=st.sampled_from(OPTIONS))
def test_damaged_records_are_read_or_refused(
    seed: int, which: int, options: ReadingOptions
) -> None:
    chance = random.Random(seed)
    adapter = ADAPTERS[which % len(ADAPTERS)]
    record = damaged(chance.choice(samples(adapter))[1], chance)
    for one in ADAPTERS:
        evidence = one.recognise(record)
        assert evidence is None or isinstance(evidence, str)
        if evidence is not None:
            with suppress(RecordOdd):
                one.read(record, options)
