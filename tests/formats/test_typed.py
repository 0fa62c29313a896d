"""The fast lane proves each record; whatever it cannot prove still comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolethread_store.formats import importing as importing_module
from rolethread_store.formats import lanes as lanes_module
from rolethread_store.formats.flowing import import_flow
from tests.formats.bench import NO_SHAPE, Bench

PLAIN = '{"messages":[{"role":"user","content":"hi"}],"tags":["t"],"id":1}'


def line(
    *, role: str = '"user"', content: str = '"hi"', tags: str = '["t"]', other: str = '"x"'
) -> str:
    return f'{{"messages":[{{"role":{role},"content":{content}}}],"tags":{tags},"id":{other}}}'


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which lane each group of records ended in."""
    seen: list[str] = []
    alike, mixed = lanes_module._import_alike, lanes_module._import_mixed

    def see_flow(*given: Any) -> int | None:  # noqa: ANN401
        place = import_flow(*given)
        seen.append("turned back" if place is None else "flow")
        return place

    def see_alike(*given: Any) -> bool:  # noqa: ANN401
        done = alike(*given)
        seen.append("alike" if done else "refused")
        return done

    def see_mixed(*given: Any) -> None:  # noqa: ANN401
        seen.append("mixed")
        mixed(*given)

    monkeypatch.setattr(importing_module, "import_flow", see_flow)
    monkeypatch.setattr(lanes_module, "_import_alike", see_alike)
    monkeypatch.setattr(lanes_module, "_import_mixed", see_mixed)
    return seen


NOT_TEXT = [
    "5", "-0", "1.50", "1e400", "1" * 40, "true", "false", "Infinity", "[]", "{}",
    '{"a":"b"}', '[{"a":"\\u0022"}]', "[[[[[]]]]]",
]  # fmt: skip
# The engine takes these too; Python's reader, or its notion of equality, does not.
LAX = ["NaN", "nan", "-inf", "[1, 2,]", '{"a" : NaN }']


# In passing each value stands in one place, and one of each kind in all three.
QUICK = {"5", "1e400", "true", "{}", '[{"a":"\\u0022"}]', "NaN"}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(
            place, value, marks=[] if place == "content" or value in QUICK else pytest.mark.deep
        )
        for place in ("content", "role", "tags")
        for value in NOT_TEXT + LAX
    ],
)
def test_what_is_no_text_is_never_taken_for_text(
    bench: Bench, lanes: list[str], value: str, place: str
) -> None:
    odd = line(**{place: f'["t",{value}]' if place == "tags" else value})
    outcome = bench.take_bytes("\n".join([PLAIN] * 5 + [odd]).encode())
    assert outcome.sources[0].kept == 6
    assert lanes == ["turned back", "refused", "alike", "mixed"]
    columns = {"role": "messages[1].role", "content": "messages[1].content", "tags": "tags"}
    held = bench.rows(f"SELECT {columns[place]} FROM entries WHERE origin.record = 6")
    assert held == [(None,)]
    if value not in LAX:
        assert json.loads(bench.give_text("chatml").splitlines()[5]) == json.loads(odd)


LIKE_JSON = [
    "5", "-1", "true", "False", "nan", "inf", "null", "{}", "[]", "{{char}} smiles", "{{user}}",
    "[OOC: hi]", "1. first", "-dash-", "2024", '"quoted"', "", " ", "{", "t", "\\", "a\u2028b",
    "[" * 5000 + "]" * 5000,
]  # fmt: skip


def test_text_that_looks_like_json_stays_in_the_fast_lane(bench: Bench, lanes: list[str]) -> None:
    records = [
        {"messages": [{"role": role, "content": text}], "tags": [text], "id": text}
        for text in LIKE_JSON
        for role in ("user", text)
    ]
    for ascii_only in (False, True):
        assert bench.take_records(records, ascii_only=ascii_only).sources[0].kept == len(records)
        assert bench.give("chatml") == records
    assert lanes == ["turned back", "alike"] * 2


UNLIKE = [
    '{"messages":[{"role":"user","content":"hi","more":1}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","content":"hi","\\u0072ole2":1}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","content":5,"x":"y"}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user"}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","Content":"hi"}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","content":"hi","Role":"x"}],"tags":["t"],"id":1}',
    '{"messages":[{"role":null,"content":"hi"}],"tags":["t"],"id":1}',
    '{"messages":[{}],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":["t"],"id":1,"more":null}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":["t"],"ID":1}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":["t"],"id":1,"ID":2}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":["t"]}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":null,"id":1}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":"t","id":1}',
    '{"messages":[{"role":"user","content":"hi"}],"tags":[null],"id":1}',
    '{"messages":[],"tags":["t"],"id":1}',
    '{"messages":[{"role":"user","content":"magic é parquet"}],"tags":[],"id":1,"é":"zstd"}',
    '{"conversations":[{"from":"human","value":"hi"}],"tags":["t"],"id":1}',
]


@pytest.mark.parametrize("odd", UNLIKE)
def test_an_odd_record_leaves_the_fast_lane_alone(bench: Bench, lanes: list[str], odd: str) -> None:
    given = [PLAIN] * 4 + [odd] + [PLAIN] * 4
    outcome = bench.take_bytes("\n".join(given).encode())
    assert outcome.sources[0].kept == len(given)
    assert lanes[:2] == ["turned back", "refused"]
    assert lanes[-1] == "mixed"
    kinds = bench.rows("SELECT origin.format FROM entries ORDER BY position")
    back = [
        json.loads(text)
        for (kind,), text in zip(kinds, bench.give_text("chatml").splitlines(), strict=True)
        if kind == "chatml"
    ]
    assert back == [one for one in map(json.loads, given) if "messages" in one]


BAD = [
    ('{"messages":[null],"tags":["t"],"id":1}', "message 0 is not an object"),
    ('{"messages":null,"tags":["t"],"id":1}', NO_SHAPE),
    ('{"messages":[{"role":"user","content":"a","content":"b"}],"tags":["t"],"id":1}',
     'message 0 has duplicate key "content"'),
    ('{"messages":[{"role":"user","content":"a","\\u0063ontent":"b"}],"tags":["t"],"id":1}',
     'message 0 has duplicate key "content"'),
    ('{"messages":[{"role":"user","content":"a"}],"tags":["t"],"id":1,"id":1}',
     'duplicate key "id"'),
    ('{"messages":[{"role":"user","content":"a"}],"tags":["t"],"id":', "not valid JSON"),
    ('{"messages":[{"role":"user","content":"\\ud800"}],"tags":["t"],"id":1}', "not valid JSON"),
    ("[1]", "not a JSON object"),
    ("5", "not a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_a_bad_record_is_set_aside_and_its_neighbours_kept(
    bench: Bench, bad: str, reason: str
) -> None:
    outcome = bench.take_bytes("\n".join([PLAIN, bad, PLAIN]).encode())
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (2, 1)
    assert bench.rows("SELECT record, reason, raw FROM quarantine") == [(2, reason, bad.encode())]
    assert outcome.formats == {"chatml": 2}
    path = bench.folder / "given.jsonl"
    assert bench.take(path, dry_run=True) == outcome


def test_positions_and_ids_follow_the_file_whatever_lane_a_record_takes(bench: Bench) -> None:
    odd = '{"messages":[{"role":"user","content":"hi","x":1}],"tags":["t"],"id":1}'
    bench.take_bytes("\n".join([PLAIN, odd, "bad", odd, PLAIN]).encode())
    rows = bench.rows("SELECT position, origin.record FROM entries ORDER BY entry_id")
    assert rows == [(1024, 1), (2048, 2), (4096, 4), (5120, 5)]


@pytest.mark.parametrize("roles", [["human", "gpt"], ["User", "bard"], ["user", "tool"]])
@pytest.mark.parametrize(
    ("listed", "role", "content"),
    [("messages", "role", "content"), ("conversations", "from", "value"),
     ("conversations", "role", "content"), ("messages", "from", "value")],
)  # fmt: skip
def test_every_plain_shape_and_label_takes_the_fast_lane(
    bench: Bench, lanes: list[str], roles: list[str], listed: str, role: str, content: str
) -> None:
    records = [
        {listed: [{role: word, content: text} for word in roles], "k": None}
        for text in ("hi", None)
    ]
    records = [records[0], *records]
    outcome = bench.take_records(records)
    assert lanes == ["turned back", "alike"]
    assert bench.give(next(iter(outcome.formats))) == records


@pytest.mark.parametrize("listed", ["messages", "conversations"])
@pytest.mark.parametrize(("role", "content"), [("role", "content"), ("from", "value")])
def test_messages_of_role_and_content_are_written_so(
    bench: Bench, lanes: list[str], listed: str, role: str, content: str
) -> None:
    words = ["user", "assistant"] if role == "role" else ["human", "gpt"]
    usual = {listed: [{role: word, content: "hi"} for word in words]}
    outcome = bench.take_records([usual] * 3)
    assert (bench.plain, lanes) == ([True], ["flow"])
    assert bench.give(next(iter(outcome.formats))) == [usual] * 3
    for unusual in ({role: "Bard", content: "hi"}, {role: words[0], content: None}):
        records = [usual, {listed: [unusual]}, usual]
        bench.take_records(records)
        assert bench.plain == [False], "a label or a null is kept beside the text"
        assert bench.give(next(iter(outcome.formats))) == records


def test_odd_records_leave_their_neighbours_plain(bench: Bench, lanes: list[str]) -> None:
    odd = '{"messages":[{"role":"user","content":"hi","x":1}],"tags":["t"],"id":1}'
    bench.take_bytes("\n".join([PLAIN, PLAIN, odd]).encode())
    assert (bench.plain, lanes) == ([True, False], ["turned back", "refused", "alike", "mixed"])
