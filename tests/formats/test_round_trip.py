from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats import read_one
from tests.formats.bench import Bench

KEYS = st.sampled_from(
    [
        "id", "ID", "tags", "system", "role", "from", "content", "value", "name", "character",
        "weight", "alternatives", "tool_calls", "tools", "messages", "conversations", "extra",
        "", "a.b", 'q"k', "k'", "$", "$.a", "/x", "key with space", "ключ", "x\u0000y", "\u2028",
        "null", "*", "[0]", "id\\", "reason",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(
        ["", "hi", "null", "{}", "{", "[", '"', "\\", "\\\\", "\u2028\u2029\u0085\v\f", "😀\u200d",
         "a\u0000b", "\r\n", "human", "gpt", "user", "Assistant", "it's", "true", "1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([0, 1, -1, 2**53 + 1, 2**64, -(2**63), 10**30, 0.5, 1.0, 0.1, 1e300, 1e-7]),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXTS, inner, max_size=3),
    max_leaves=6,
)
ROLES = st.sampled_from(
    ["user", "assistant", "system", "human", "gpt", "USER", "Bot", "bard", "tool", "Rex", ""]
)  # fmt: skip


TAGS = st.lists(TEXTS, max_size=2)
OTHERS = st.dictionaries(KEYS, VALUES, max_size=3)


def messages(role: str, content: str) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.fixed_dictionaries({role: ROLES, content: TEXTS})
    odd = st.fixed_dictionaries({}, optional={role: SCALARS, content: VALUES})
    return st.one_of(
        plain,
        st.builds(
            lambda one, more: {**more, **one}, plain, st.dictionaries(KEYS, VALUES, max_size=3)
        ),
        st.builds(
            lambda one, more: {**more, **one}, odd, st.dictionaries(KEYS, VALUES, max_size=3)
        ),
        st.dictionaries(KEYS, VALUES, max_size=4),
    )


def records() -> st.SearchStrategy[dict[str, Any]]:
    chat = st.lists(messages("role", "content"), max_size=3)
    share = st.lists(messages("from", "value"), max_size=3)
    mixed = st.lists(st.one_of(messages("role", "content"), messages("from", "value")), max_size=3)
    plain = st.lists(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": TEXTS}),
        min_size=1,
        max_size=2,
    )
    listed = st.one_of(
        st.fixed_dictionaries({"messages": plain}),
        st.fixed_dictionaries({"messages": plain, "id": SCALARS}),
        st.fixed_dictionaries({"messages": plain, "tags": TAGS, "n": VALUES}),
        st.fixed_dictionaries({"messages": chat}),
        st.fixed_dictionaries({"conversations": share}),
        st.fixed_dictionaries({"conversations": share, "system": TEXTS}),
        st.fixed_dictionaries({"messages": share}),
        st.fixed_dictionaries({"conversations": chat}),
        st.fixed_dictionaries({"messages": mixed}),
        st.fixed_dictionaries({"messages": chat, "conversations": share}),
        st.fixed_dictionaries({"messages": chat, "conversations": SCALARS}),
    )  # fmt: skip
    # A second list would be read as the record's own, and its elements are anything.
    fields = OTHERS.map(
        lambda more: {
            key: value
            for key, value in more.items()
            if key not in ("messages", "conversations") or not isinstance(value, list)
        }
    )
    return st.builds(lambda base, more: {**more, **base}, listed, fields)


def frozen(value: object) -> object:
    """Make JSON values comparable: 1 and true differ, 1 and 1.0 do not, nor key orders."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return ("dict", tuple(sorted((key, frozen(one)) for key, one in value.items())))
    if isinstance(value, list):
        return ("list", tuple(frozen(one) for one in value))
    if isinstance(value, float) and math.isinf(value):
        return ("inf", value > 0)
    return value


TIDE = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FLOOD = settings(TIDE, max_examples=200)


def comes_back(bench: Bench, given_records: list[dict[str, Any]], ascii_only: bool) -> None:
    outcome = bench.take_records(given_records, ascii_only=ascii_only)
    kept = bench.rows("SELECT origin.record, origin.format FROM entries ORDER BY position")
    assert outcome.sources[0].quarantined == 0, outcome.samples
    assert [record for record, _ in kept] == list(range(1, len(given_records) + 1))
    assert outcome.formats == dict(Counter(name for _, name in kept))
    exported = {name: bench.give(name) for name in ("chatml", "sharegpt")}
    for place, (_, name) in enumerate(kept):
        assert frozen(exported[name][place]) == frozen(given_records[place])
        other = "sharegpt" if name == "chatml" else "chatml"
        there = Counter(leaves(exported[other][place]))
        assert not Counter(leaves(given_records[place])) - there
    for name in ("chatml", "sharegpt"):
        assert len(bench.give(name, clean=True)) == len(given_records)


LOTS = st.lists(records(), min_size=4, max_size=24)


@TIDE
@given(given_records=LOTS, ascii_only=st.booleans())
def test_records_come_back_as_they_were(
    bench: Bench, given_records: list[dict[str, Any]], ascii_only: bool
) -> None:
    comes_back(bench, given_records, ascii_only)


@pytest.mark.deep
@pytest.mark.timeout(900)
@FLOOD
@given(given_records=LOTS, ascii_only=st.booleans())
def test_many_records_come_back_as_they_were(
    bench: Bench, given_records: list[dict[str, Any]], ascii_only: bool
) -> None:
    comes_back(bench, given_records, ascii_only)


@TIDE
@given(given_record=records())
def test_one_record_reads_like_a_file_of_it(bench: Bench, given_record: dict[str, Any]) -> None:
    bench.take_records([given_record])
    parsed = read_one(bench.session, json.dumps(given_record))
    row = bench.rows("SELECT messages, tags, extra, origin.format FROM entries")[0]
    assert [message.model_dump() for message in parsed.messages] == row[0]
    assert (list(parsed.tags) if parsed.tags is not None else None) == row[1]
    assert json.loads(parsed.extra or "{}") == json.loads(row[2] or "{}")
    assert parsed.format == row[3]


def leaves(value: object) -> list[str]:
    """Return the values of a record that no conversion may lose; labels may change."""
    if isinstance(value, dict):
        spoken = [
            one
            for key, one in value.items()
            if not (key in ("role", "from") and isinstance(one, str))
        ]
        return [text for one in spoken for text in leaves(one)]
    if isinstance(value, list):
        return [text for one in value for text in leaves(one)]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return [json.dumps(value)]
