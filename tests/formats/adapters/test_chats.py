"""What holds for every adapter of chats and cards, on its samples and on damaged ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats.adapters import ADAPTERS, Json, Reading, ReadingOptions, RecordOdd
from rolethread_store.formats.adapters.chats import CHATS
from tests.formats.mutations import damaged
from tests.formats.sampling import PLAIN, SAMPLES, adapter, records

FILES = [(one.name, path) for one in CHATS for path in sorted((SAMPLES / one.name).glob("*"))]
RECORDS = [record for _, path in FILES for record in records(path)]
HARD = settings(
    max_examples=max(200, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_every_adapter_has_a_sample() -> None:
    assert [one.name for one in CHATS if not list((SAMPLES / one.name).glob("*"))] == []
    assert len({one.name for one in CHATS}) == len(CHATS)


@pytest.mark.parametrize(
    ("name", "path"), FILES, ids=[f"{name}/{path.name}" for name, path in FILES]
)
def test_samples_are_known_by_their_own_adapter_alone_and_read(name: str, path: Path) -> None:
    for record in records(path):
        before = json.dumps(record)
        knowing = [one.name for one in ADAPTERS if one.recognise(record)]
        assert knowing == [name]
        reading = adapter(name).read(record, PLAIN)
        assert json.dumps(record) == before, "reading changes nothing"
        assert reading == adapter(name).read(record, PLAIN)
        assert reading.drafts or reading.facts
        for draft in reading.drafts:
            assert draft.turns
            assert json.loads(json.dumps(asdict(draft))) is not None
            for turn in draft.turns:
                assert turn.role
                assert turn.content is not None or turn.extra or turn.alternatives
        keys = [(fact.kind, fact.key) for fact in reading.facts]
        assert len(set(keys)) == len(keys)
        assert all(key for _, key in keys)
        spoken = {turn.character for draft in reading.drafts for turn in draft.turns}
        assert spoken - {None} <= {key for _, key in keys}


@HARD
@given(record=damaged(RECORDS), user=st.none() | st.just("Ann"))
def test_a_damaged_record_is_read_or_odd(record: Json, user: str | None) -> None:
    options = ReadingOptions(frozenset({"ann"} if user else ()), user)
    for one in CHATS:
        if not isinstance(record, dict) or one.recognise(record) is None:
            continue
        try:
            reading = one.read(record, options)
        except RecordOdd:
            reading = Reading()
        for draft in reading.drafts:
            json.dumps(asdict(draft), allow_nan=False)
            assert all(turn.role and isinstance(turn.role, str) for turn in draft.turns)
            assert all(isinstance(turn.content, str | None) for turn in draft.turns)
            assert all(isinstance(turn.name, str | None) for turn in draft.turns)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "user", "content": "hi"}]},
        {"conversations": [{"from": "human", "value": "hi"}]},
        {"conversations": []},
        {"instruction": "i", "input": "", "output": "o"},
        {"name": "x", "type": "y", "id": 1, "messages": []},
        {"entries": {}},
        {"entries": [{"text": "no key"}]},
        {"prompt": "p", "actions": ["a"]},
        {"data": [["a", "b"]]},
        {"name": "Ann", "description": "d", "scenario": "s"},
        {"chat": {"messages": [], "title": "t"}},
        {"mapping": {}},
    ],
)
def test_records_of_other_shapes_are_left_alone(record: dict[str, Any]) -> None:
    assert [one.name for one in CHATS if one.recognise(record)] == []
