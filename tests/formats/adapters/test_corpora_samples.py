"""Every sample of a corpus's shape: told from all others, read whole, and never harmful."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolethread_store.formats.adapters import (
    ADAPTERS,
    Adapter,
    Draft,
    Reading,
    ReadingOptions,
    RecordOdd,
)
from rolethread_store.formats.adapters.corpora import CORPORA
from tests.formats.adapters.corpora_samples import (
    ADAPTER_BY_NAME,
    read,
    records,
    sample_files,
)

each_file = pytest.mark.parametrize(
    "path", sample_files(), ids=lambda path: f"{path.parent.name}/{path.stem}"
)

# Marks that stand for names or roles, and a beginning that is said twice.
_MARKS = re.compile(
    r"<\|[^|>]+\|>:?|<eo[a-z]>|\n\n(?:Human|Assistant):|\{\{char\}\}|<FIRST>|<SECOND>"
    r"|Tell me how the lighthouse was lost\. "
)
_WORDS = 10


def test_every_adapter_has_samples() -> None:
    assert {path.parent.name for path in sample_files()} == set(ADAPTER_BY_NAME)


def test_names_are_unique() -> None:
    assert len(ADAPTER_BY_NAME) == len(CORPORA)


@each_file
def test_a_sample_is_recognised_by_its_own_adapter_alone(path: Path) -> None:
    for record in records(path):
        known = [adapter.name for adapter in ADAPTERS if adapter.recognise(record)]
        assert known == [path.parent.name]


@each_file
def test_more_columns_do_not_hide_a_shape(path: Path) -> None:
    more = {"id": 1, "source": "a", "metadata": {"b": [None]}, "score": 0.5}
    for record in records(path):
        assert ADAPTER_BY_NAME[path.parent.name].recognise({**more, **record})


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)


def _everything(reading: Reading) -> str:
    facts = [fact.model_dump() for fact in reading.facts]
    cards = [json.loads(fact["extra"]) for fact in facts if fact.get("extra")]
    drafts = [asdict(draft) for draft in reading.drafts]
    return "\n".join(_strings([drafts, facts, cards]))


@each_file
def test_every_text_of_a_sample_is_kept(path: Path) -> None:
    for record in records(path):
        kept = _everything(read(path.parent.name, record))
        pieces = (piece.strip() for text in _strings(record) for piece in _MARKS.split(text))
        # Shorter ones are labels; short speeches are looked at where each shape is.
        assert [one for one in pieces if len(one) >= _WORDS and one not in kept] == []


@each_file
def test_reading_leaves_the_record_alone_and_gives_plain_json(path: Path) -> None:
    for record in records(path):
        before = copy.deepcopy(record)
        reading = read(path.parent.name, record)
        assert record == before
        assert reading == read(path.parent.name, record)
        assert reading.drafts
        for draft in reading.drafts:
            assert json.dumps(asdict(draft), ensure_ascii=False, allow_nan=False)
            assert all(turn.role for turn in draft.turns)


_odd_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "text", "content", "from", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
) | st.sampled_from([10**400, -(10**400), [[[[[[]]]]]], [{}], {"": {}}, "<|user|>", "\n\nHuman:"])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from _places(value[key], (*path, key))


@st.composite
def _mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a sample with a few of its fields dropped, replaced or given another name."""
    path = draw(st.sampled_from(sample_files()))
    record: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(records(path))))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(record))
        if not places:
            break
        *above, key = draw(st.sampled_from(places))
        held: Any = record
        for step in above:
            held = held[step]
        action = draw(st.sampled_from(["drop", "replace", "nest", "rename"]))
        if action == "replace":
            held[key] = copy.deepcopy(draw(_odd_values))
        elif action == "nest":
            held[key] = [{"replies": held[key]}]
        elif action == "drop" or not isinstance(held, dict):
            del held[key]
        else:
            held[draw(st.sampled_from(["role", "text", "chosen", "$rt", "prompt", ""]))] = held.pop(
                key
            )
    return record


def _read_or_reason(adapter: Adapter, record: dict[str, Any]) -> tuple[tuple[Draft, ...], str]:
    try:
        return adapter.read(record, ReadingOptions()).drafts, ""
    except RecordOdd as odd:
        return (), str(odd)


@settings(max_examples=5 * settings().max_examples)
@given(record=_mutated())
def test_a_spoilt_record_is_read_or_refused_with_a_reason(record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)
    for adapter in CORPORA:
        if adapter.recognise(record) is None:
            continue
        drafts, reason = _read_or_reason(adapter, record)
        assert drafts or reason
        for draft in drafts:
            assert draft.turns
            assert all(isinstance(turn.role, str) and turn.role for turn in draft.turns)
            assert all(isinstance(turn.content, str | None) for turn in draft.turns)
            assert "$rt" not in (draft.extra or {})
            json.dumps(asdict(draft), allow_nan=False)
    assert record == before


@given(record=st.dictionaries(st.text(max_size=12), _odd_values, max_size=5))
def test_recognising_never_fails(record: dict[str, Any]) -> None:
    for adapter in CORPORA:
        assert adapter.recognise(record) is None or record


def test_a_deep_tree_is_read() -> None:
    reply: dict[str, Any] = {"text": "end", "role": "assistant"}
    for number in range(600):
        role = "prompter" if number % 2 else "assistant"
        reply = {"text": str(number), "role": role, "replies": [reply]}
    reading = read("oasst", {"message_tree_id": "t", "prompt": reply})
    assert len(reading.drafts[0].turns) == 601
