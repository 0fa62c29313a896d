"""Every change survives its way into the log and back, and nothing unknown slips in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rolethread_store.model import (
    Alternative,
    Batch,
    BatchKind,
    Change,
    ChangeSet,
    Entry,
    EntryAdded,
    FactPut,
    Message,
    Segment,
)
from rolethread_store.model.facts import Setting, Tag
from tests.scenes import created, entry, history_set

# A text of half a surrogate pair is refused at every door of the store.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


st.register_type_strategy(str, texts)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

kinds = get_args(get_args(Change)[0])
changes: st.SearchStrategy[Change] = st.one_of([st.from_type(kind) for kind in kinds])


@given(st.lists(changes, max_size=4))
def test_a_change_set_survives_its_way_through_the_log(changes: list[Change]) -> None:
    record = history_set(1, *changes)
    body = record.model_dump_json(exclude_none=True).encode()
    assert ChangeSet.model_validate_json(body) == record


@given(st.from_type(Entry))
def test_an_entry_survives_its_way_through_json(one: Entry) -> None:
    assert Entry.model_validate_json(one.model_dump_json(exclude_none=True)) == one


@pytest.mark.parametrize(
    "body",
    [
        '{"set_id":"%s","seq":1,"at":"2026-01-01T00:00:00Z","summary":"","later":1}',
        '{"set_id":"%s","seq":0,"at":"2026-01-01T00:00:00Z","summary":""}',
        '{"set_id":"%s","seq":1,"at":"2026-01-01T00:00:00Z","summary":"","kind":"merge"}',
        '{"set_id":"%s","seq":1,"at":"2026-01-01T00:00:00Z","summary":"",'
        '"changes":[{"kind":"entries-shuffled"}]}',
    ],
)
def test_a_record_with_anything_unknown_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        ChangeSet.model_validate_json(body % UUID(int=1))


def test_nouns_are_frozen() -> None:
    with pytest.raises(ValidationError):
        entry(1, "a").position = 2  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(ValidationError):
        Message(role="user", mood="grim")  # type: ignore[call-arg]  # as above


def test_a_set_names_its_datasets_once_and_settings_are_no_step() -> None:
    settings = FactPut(fact=Setting(key="k", value="v"))
    assert not history_set(1, settings).undoable
    assert history_set(1, settings, FactPut(fact=Tag(key="k", name="n"))).undoable
    record = history_set(1, created(4, "a"), settings, created(3, "b"), created(4, "c"))
    assert record.dataset_ids == (UUID(int=4), UUID(int=3))
    added = EntryAdded(dataset_id=UUID(int=4), entry=entry(1, "a"))
    assert history_set(1, added).dataset_ids == (UUID(int=4),)


def test_a_batch_adds_up_its_segments() -> None:
    digest = "0" * 64
    segments = tuple(
        Segment(number=n, rows=n + 1, size=10, tail_digest=digest, digest=digest) for n in range(3)
    )
    batch = Batch(batch_id=UUID(int=1), kind=BatchKind.MASK, wrapped_key="00", segments=segments)
    assert (batch.rows, batch.size) == (6, 30)
    assert Alternative().content is None
    with pytest.raises(ValidationError):
        Segment(number=0, rows=0, size=0, tail_digest="xyz", digest=digest)
