"""Instructions and answers: both lanes read the same, and nothing is lost on the way in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats import read_one
from tests.formats.bench import Bench
from tests.formats.test_importing import real

Row = tuple[str, list[list[str | None]], list[str] | None, Any]


def rows(bench: Bench) -> list[Row]:
    return [
        (kind, messages, tags, None if extra is None else json.loads(extra))
        for kind, messages, tags, extra in bench.session.rows(
            "SELECT origin.format, list_transform(messages, lambda one: [one.role, one.content]), "
            "tags, extra FROM entries ORDER BY position"
        )
    ]


def test_what_becomes_of_each_field(bench: Bench) -> None:
    records = [
        ({"instruction": "Sing", "input": "", "output": "La"}, "alpaca", None),
        ({"instruction": "Sing é", "input": "low", "output": "42"}, "alpaca",
         {"$rt": {"input": 6}}),
        ({"instruction": "Sing", "output": "La"}, "alpaca", {"$rt": {"input": False}}),
        ({"instruction": "Sing", "input": None, "output": "La"}, "alpaca",
         {"input": None, "$rt": {"input": False}}),
        ({"instruction": "Sing", "input": "", "response": "La"}, "gpteacher", None),
        ({"instruction": "Sing", "context": "", "response": "La", "category": "x"}, "dolly",
         {"category": "x"}),
    ]  # fmt: skip
    outcome = bench.take_records([record for record, _, _ in records])
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (6, 0)
    assert outcome.formats == {"alpaca": 4, "dolly": 1, "gpteacher": 1}
    assert [(kind, extra) for kind, _, _, extra in rows(bench)] == [
        (kind, extra) for _, kind, extra in records
    ]
    assert rows(bench)[1][1] == [["user", "Sing é\n\nlow"], ["assistant", "42"]]


def test_history_and_system_are_turns(bench: Bench) -> None:
    record = {
        "instruction": "c", "input": "", "output": "d", "system": "Be brief",
        "history": [["a", "b"]], "tags": ["t"],
    }  # fmt: skip
    bench.take_records([record])
    turns = [["system", "Be brief"], ["user", "a"], ["assistant", "b"], ["user", "c"],
             ["assistant", "d"]]  # fmt: skip
    assert rows(bench) == [("alpaca", turns, ["t"], None)]


@pytest.mark.parametrize("history", [["a"], [["a"]], [["a", 1]], "a", [], None])
def test_a_history_of_another_shape_stays_as_it_is(bench: Bench, history: object) -> None:
    bench.take_records([{"instruction": "c", "input": "", "output": "d", "history": history}])
    ((_, turns, _, extra),) = rows(bench)
    assert turns == [["user", "c"], ["assistant", "d"]]
    assert extra == {"history": history}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"instruction":"a","output":"b","output":"c"}', 'duplicate key "output"'),
        ('{"instruction":"a","output":"b","$rt":1}', 'reserved key "$rt"'),
    ],
)
def test_what_cannot_be_read_is_set_aside(bench: Bench, record: str, reason: str) -> None:
    bench.take_bytes(record.encode())
    assert bench.reasons() == [reason]


TEXTS = st.one_of(
    st.sampled_from(
        ["", "hi", "42", "null", "true", "{}", "[", "NaN", "a\n\nb", "\u2028", "\u0000"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
FIELDS = {
    "instruction": TEXTS, "input": TEXTS, "output": TEXTS,
}  # fmt: skip


@settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    records=st.lists(
        st.fixed_dictionaries({**FIELDS, "system": TEXTS, "tags": st.lists(TEXTS, max_size=2)}),
        min_size=1,
        max_size=4,
    ),
    odd=st.booleans(),
)
def test_a_file_reads_as_its_records_do(
    bench: Bench, records: list[dict[str, Any]], odd: bool
) -> None:
    if odd:
        records.append({"instruction": 1, "output": None})
    bench.take_records(records)
    kept = records[:-1] if odd else records
    singly = [read_one(bench.session, json.dumps(record)) for record in kept]
    assert rows(bench) == [
        (
            one.format,
            [[message.role, message.content] for message in one.messages],
            None if one.tags is None else list(one.tags),
            None if one.extra is None else json.loads(one.extra),
        )
        for one in singly
    ]


def test_an_instruction_with_a_label_is_read_by_itself(bench: Bench) -> None:
    """A column named like a verdict does not send the answers of a whole file into quarantine."""
    bench.take_records(
        [
            {"instruction": "Sing", "context": "low", "response": "La", "label": 3},
            {"instruction": "Sing", "response": "La", "kto_tag": True, "system_prompt": "Hum"},
        ]
    )
    assert [(kind, messages) for kind, messages, _, _ in rows(bench)] == [
        ("dolly", [["user", "Sing\n\nlow"], ["assistant", "La"]]),
        ("gpteacher", [["system", "Hum"], ["user", "Sing"], ["assistant", "La"]]),
    ]


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("llamafactory_alpaca_en_demo.json", "alpaca", 999),
        ("gpteacher_roleplay.json", "gpteacher", 1923),
    ],
)
def test_real_files(bench: Bench, name: str, kind: str, count: int) -> None:
    path: Path = real(name)
    outcome = bench.take(path)
    assert outcome.formats == {kind: count}
    assert outcome.sources[0].quarantined == 0
