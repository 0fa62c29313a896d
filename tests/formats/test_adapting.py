"""The odd lane: records of foreign shapes among others, each read, kept or set aside."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rolethread_store.formats import chosen_target
from rolethread_store.formats.adapters import Adapter, Draft, Reading, RecordOdd, Turn
from rolethread_store.model import FactKind
from rolethread_store.model.facts import Character
from tests.formats.bench import NO_SHAPE, Bench
from tests.formats.crafted import DIARY, LOG, PARLEY, use

HELLO = '{"messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture(autouse=True)
def _crafted(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch)


def test_an_odd_record_is_read_and_kept_word_for_word(bench: Bench) -> None:
    text = (
        '{ "parley": [["Rex", "Ho!", "Hé!"], ["Ann", "Hi\\u2028."]], "at": 123456789012345678901 }'
    )
    outcome = bench.take_bytes(f"{HELLO}\n{text}\n{HELLO}\n".encode())
    assert outcome.formats == {"chatml": 2, "parley": 1}
    assert outcome.evidence == {"parley": "a parley"}
    [row] = bench.rows(
        "SELECT position, messages, tags, extra, origin.record, origin.format, message_count "
        "FROM entries WHERE origin.format = 'parley'"
    )
    position, messages, tags, extra, record, _, count = row
    assert (position, tags, record, count) == (2048, ["parley"], 2, 2)
    assert [(one["role"], one["content"], one["name"]) for one in messages] == [
        ("user", "Ho!", "Rex"), ("user", "Hi\u2028.", "Ann"),
    ]  # fmt: skip
    assert messages[0]["alternatives"] == [{"content": "Hé!", "extra": '{"rank":0}'}]
    assert messages[1]["alternatives"] is None
    assert json.loads(extra) == {"at": 123456789012345678901}
    assert bench.rows("SELECT decode(raw) FROM originals") == [(text,)]
    first, parley, last = bench.give("chatml")
    assert first == last == json.loads(HELLO)
    assert "$rt" not in parley


def test_the_drafts_of_a_record_stand_beside_each_other(bench: Bench) -> None:
    lines = [["Rex", "1"], "---", ["Rex", "2"], "---", ["Rex", "3"]]
    outcome = bench.take_records([{"parley": lines}, {"parley": [["Rex", "4"]]}])
    source = outcome.sources[0]
    assert (source.records, source.kept, source.entries) == (2, 2, 4)
    rows = bench.rows(
        "SELECT position, messages[1].content, origin.record, extra FROM entries ORDER BY position"
    )
    assert [row[:3] for row in rows] == [
        (1024, "1", 1), (1025, "2", 1), (1026, "3", 1), (2048, "4", 2),
    ]  # fmt: skip
    marks = [None if row[3] is None else json.loads(row[3])["$rt"] for row in rows]
    assert marks == [None, {"part": 1}, {"part": 2}, None]
    kept = bench.rows(
        "SELECT decode(raw), entry_id = lead_id FROM originals JOIN entries USING (entry_id) "
        "ORDER BY position"
    )
    assert [lead for _, lead in kept] == [True, False, False, True]
    assert [None if text is None else json.loads(text) for text, _ in kept] == [
        {"parley": lines}, None, None, {"parley": [["Rex", "4"]]},
    ]  # fmt: skip


def test_more_drafts_than_there_is_room_for_keep_their_order(bench: Bench) -> None:
    lines: list[Any] = []
    for number in range(1500):
        lines += [["Rex", str(number)], "---"]
    bench.take_records([{"parley": [*lines, ["Rex", "1500"]]}, {"parley": [["Rex", "1501"]]}])
    rows = bench.rows("SELECT messages[1].content FROM entries ORDER BY position, entry_id")
    assert [row[0] for row in rows] == [str(number) for number in range(1502)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"parley":[],"n":1}', "Parley: nobody speaks"),
        ('{"parley":[["Rex"]]}', "Parley: cannot be read (ValueError)"),
        ('{"parley":5}', "Parley: cannot be read (TypeError)"),
        ('{"parley":[["Rex","a"]],"at":NaN}', "NaN is no JSON number"),
        ('{"parley":[["Rex","a"]],"at":1e999}', "the number 1e999 is larger than can be kept"),
        ('{"parley":[["Rex","a"]],"x":{"k":1,"k":2}}', 'duplicate key "k"'),
        ('{"parley":[["Rex",5]]}', "Parley: a content is no text"),
        ('{"roll":{}}', "Roll: holds neither turns nor definitions"),
        ('{"ship":1}', NO_SHAPE),
        ('{"ship":NaN,"ship":1}', NO_SHAPE),
    ],
)
def test_an_odd_record_that_cannot_be_read_says_why(bench: Bench, text: str, reason: str) -> None:
    good = '{"parley":[["Rex","a"]]}'
    outcome = bench.take_bytes(f"{HELLO}\n{good}\n{text}\n{good}".encode())
    source = outcome.sources[0]
    assert (source.records, source.kept, source.quarantined) == (4, 3, 1)
    assert bench.rows("SELECT record, reason, raw FROM quarantine") == [(3, reason, text.encode())]
    assert outcome.formats == {"chatml": 1, "parley": 2}


@pytest.mark.parametrize(
    "error", [AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError]
)
def test_a_mistake_in_an_adapter_costs_one_record(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def read(*_: object) -> Reading:
        raise error("private words of a record")

    def recognise(*_: object) -> str | None:
        raise error("private words of a record")

    use(monkeypatch, (replace(DIARY, recognise=recognise), replace(PARLEY, read=read)))
    outcome = bench.take_bytes(f'{{"parley":[]}}\n{HELLO}'.encode())
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (1, 1)
    assert bench.reasons() == [f"Parley: cannot be read ({error.__name__})"]


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (Draft((Turn("user", "a\ud83d"),)), "half of a surrogate pair"),
        (Draft((Turn("user", "a", weight=float("nan")),)), "a weight is no finite number"),
        (Draft((Turn("user", "a", extra={"$rt": 1}),)), 'reserved key "$rt"'),
        (Draft((Turn("user", "a"),), extra={"$rt": {}}), 'reserved key "$rt"'),
        (Draft((Turn("user", "a"),), extra={"n": float("inf")}), "cannot be read (ValueError)"),
        (Draft((Turn("user", "a"),), tags=(3,)), "a tag is no text"),  # type: ignore[arg-type]
    ],
)
def test_what_no_column_can_hold_is_set_aside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, draft: Draft, reason: str
) -> None:
    crafted = Adapter("ship", "Ship", lambda record: "", lambda record, options: Reading((draft,)))
    use(monkeypatch, (crafted,))
    outcome = bench.take_bytes(f'{{"ship":1}}\n{HELLO}'.encode())
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (1, 1)
    assert bench.reasons() == [f"Ship: {reason}"]


def test_lists_of_messages_that_are_no_messages_of_ours(bench: Bench) -> None:
    records: list[dict[str, Any]] = [
        {"messages": [{"who": "Ann", "words": "hi"}]},
        {"messages": [{"who": "Ann", "role": "user", "content": "ours"}]},
        {"messages": [{"content": "no adapter knows it"}]},
        {"messages": []},
        {"conversations": [{"from": "gpt", "value": "ours", "who": "x"}]},
    ]
    outcome = bench.take_records(records)
    assert outcome.formats == {"chatml": 3, "diary": 1, "sharegpt": 1}
    formats = bench.rows("SELECT origin.format FROM entries ORDER BY position")
    assert [row[0] for row in formats] == ["diary", "chatml", "chatml", "chatml", "sharegpt"]


def test_few_odd_records_leave_the_fast_lane_to_the_others(bench: Bench) -> None:
    records: list[dict[str, Any]] = [
        {"parley": [["Rex", str(n)]]} if n % 100 == 7 else json.loads(HELLO) for n in range(1000)
    ]
    outcome = bench.take_records(records)
    assert outcome.formats == {"chatml": 990, "parley": 10}
    assert bench.plain == [True, False]
    assert bench.rows("SELECT count(*), count(DISTINCT position) FROM entries") == [(1000, 1000)]
    order = bench.rows("SELECT origin.record FROM entries ORDER BY position")
    assert [row[0] for row in order] == list(range(1, 1001))


def test_definitions_come_beside_those_that_are_there(bench: Bench) -> None:
    ours = Character(key="rex", name="Rex", description="A dog.")
    bench.known = {(FactKind.CHARACTER, "rex"): ours}
    outcome = bench.take_records(
        [
            {"parley": [["Rex", "a"]], "cast": {"rex": "Rex", "ann": "Ann"}},
            {"parley": [["Rex", "b"]], "cast": {"rex": "King Rex"}},
            {"parley": [["Rex", "c"]], "cast": {"rex": "King Rex"}},
            {"roll": {"rex": ["Rex", "A king."], "tom": ["Tom", "A cat."]}},
        ]
    )
    assert [(fact.key, getattr(fact, "name", None)) for fact in outcome.facts] == [
        ("ann", "Ann"), ("rex-2", "King Rex"), ("rex-3", "Rex"), ("tom", "Tom"),
    ]  # fmt: skip
    assert [(one.kind, one.key, one.new_key) for one in outcome.renamed] == [
        ("character", "rex", "rex-2"), ("character", "rex", "rex-3"),
    ]  # fmt: skip
    source = outcome.sources[0]
    assert (source.records, source.kept, source.entries) == (4, 4, 3)
    spoken = bench.rows("SELECT messages[1].character FROM entries ORDER BY position")
    assert spoken == [("rex",), ("rex-2",), ("rex-2",)]


def test_a_document_gives_records_with_their_places(bench: Bench) -> None:
    data = "TAPE 1\nAnn: hi\n%\x00%\nRex: hé\nnobody".encode()
    outcome = bench.take_bytes(data, "night.bin")
    assert outcome.evidence == {"tape": "TAPE", "parley": "a parley"}
    source = outcome.sources[0]
    assert (source.records, source.kept, source.quarantined) == (4, 2, 2)
    assert bench.rows('SELECT record, "offset", reason, raw FROM quarantine ORDER BY record') == [
        (2, 15, "noise on the tape", b"%\x00%"),
        (4, 0, "Tape: cannot be read after 3 records (ValueError)", data),
    ]
    rows = bench.rows(
        "SELECT position, origin.record, messages[1].content, extra FROM entries ORDER BY position"
    )
    assert [(row[0], row[1], row[2]) for row in rows] == [(1024, 1, "hi"), (3072, 3, "hé")]
    assert [row[3] for row in rows] == [None, None]
    assert bench.rows("SELECT decode(raw) FROM originals ORDER BY entry_id") == [
        ("Ann: hi",), ("Rex: hé",),
    ]  # fmt: skip


def test_bytes_that_are_no_text_are_kept_too(bench: Bench) -> None:
    small, large = b"\x89PNG\r\n", b"\xff" * ((1 << 20) + 1)
    bench.take_bytes(small, "a.log")
    assert bench.rows("SELECT extra FROM entries") == [(None,)]
    assert bench.rows("SELECT raw FROM originals") == [(small,)]
    outcome = bench.take_bytes(large, "b.log")
    [extra] = bench.rows("SELECT extra FROM entries")[0]
    digest = f"xxh3-128:{outcome.sources[0].digest}"
    assert json.loads(extra) == {"$rt": {"raw_digest": digest, "raw_size": len(large)}}
    assert bench.rows("SELECT raw FROM originals") == [(None,)]


def test_what_earlier_imports_kept_in_an_entry_is_not_exported(bench: Bench) -> None:
    bench.take_records([json.loads(HELLO)] * 4)
    extras = [
        '{"a":1e400,"$rt":{"raw":"Hortense"}}', '{"$rt":{"raw":"Hortense"}}', '{"b":null}',
        '{"b":null,"$rt":{"part":1}}',
    ]  # fmt: skip
    for record, extra in enumerate(extras, 1):
        bench.rows(f"UPDATE entries SET extra = '{extra}' WHERE origin.record = {record}")
    table, sheet = chosen_target("parquet").rows, chosen_target("csv", "entries").rows
    told = bench.rows(f"SELECT {table.columns['extra']} FROM entries ORDER BY position")
    assert told == [('{"a":1e400}',), (None,), ('{"b":null}',), ('{"b":null}',)]
    assert "Hortense" not in str(bench.rows(f"SELECT {sheet.text} FROM entries"))


@pytest.mark.parametrize("data", [b"TAPE", b"TAPE\n", b"TAPE\n%"])
def test_a_document_without_a_record_is_set_aside(bench: Bench, data: bytes) -> None:
    outcome = bench.take_bytes(data)
    source = outcome.sources[0]
    assert (source.records, source.kept, source.quarantined) == (1, 0, 1)


def test_a_document_is_known_before_its_encoding_matters(bench: Bench) -> None:
    assert LOG.recognise(b"\x89P", "x.log")
    outcome = bench.take_bytes(b"\x89PNG \xff\xfe\x00 no text", "x.log")
    assert outcome.formats == {"parley": 1}


def test_a_reason_given_by_an_adapter_is_its_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> Reading:
        raise RecordOdd("turn 3 has no speaker")

    use(monkeypatch, (replace(PARLEY, read=read),))
    bench.take_records([{"parley": []}])
    assert bench.reasons() == ["Parley: turn 3 has no speaker"]
