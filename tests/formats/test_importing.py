from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.formats import RecordUnreadable, read_one
from rolethread_store.formats.sources import SourceMissing
from rolethread_store.model import Progress
from tests.formats.bench import IMPORT_ID, NO_SHAPE, Bench

HELLO = '{"messages":[{"role":"user","content":"hi"}]}'
DATA = Path(__file__).parents[3] / "shared" / "data"
KEPT = {
    "sharegpt_fastchat_dummy.json": ("sharegpt", 500),
    "llamafactory_dpo_en_demo.json": ("sharegpt", 300),
    "llamafactory_glaive_toolcall_en_demo.json": ("sharegpt", 300),
    "llamafactory_kto_en_demo.json": ("chatml", 300),
    "llamafactory_mllm_demo.json": ("chatml", 6),
    "llamafactory_reason_tool_use_demo_50.jsonl": ("chatml", 50),
    "llamafactory_v1_sft_demo.jsonl": ("chatml", 500),
}
SET_ASIDE = {
    "antislop_phrases.json": (2500, "not a JSON object"),
}


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip("the real files are not here")
    return path


@pytest.mark.parametrize("name", KEPT)
def test_real_files_come_back_as_they_were(bench: Bench, name: str) -> None:
    path = real(name)
    text = path.read_text(encoding="utf-8")
    records: list[Any] = (
        json.loads(text)
        if text.startswith("[")
        else [json.loads(line) for line in text.split("\n") if line]
    )
    outcome = bench.take(path)
    format_name, count = KEPT[name]
    assert outcome.formats == {format_name: count}
    assert outcome.sources[0].quarantined == 0
    assert bench.give(format_name) == records
    other = "sharegpt" if format_name == "chatml" else "chatml"
    assert len(bench.give(other)) == len(bench.give(other, clean=True)) == count


@pytest.mark.parametrize("name", SET_ASIDE)
def test_real_files_of_other_shapes_are_set_aside(bench: Bench, name: str) -> None:
    outcome = bench.take(real(name))
    count, reason = SET_ASIDE[name]
    source = outcome.sources[0]
    assert (source.records, source.kept, source.quarantined) == (count, 0, count)
    assert bench.reasons() == [reason] * count


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"messages":[', "not valid JSON"),
        (b'{"messages":[{"role":"user","content":"\\ud83d"}]}', "not valid JSON"),
        (b'{"messages":[{"role":"user","content":"a\x00b"}]}', "not valid JSON"),
        (b'{"messages":[]} {}', "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"texts":"x"}', NO_SHAPE),
        (b'{"messages":{"role":"user"}}', NO_SHAPE),
        (b'{"messages":[{"role":"user"},null]}', "message 1 is not an object"),
        (b'{"messages":["hi"]}', "message 0 is not an object"),
        (b'{"messages":[],"id":1,"id":2}', 'duplicate key "id"'),
        (b'{"messages":[],"messages":[]}', 'duplicate key "messages"'),
        (
            b'{"messages":[{"role":"user","content":"a","content":"b"}]}',
            'message 0 has duplicate key "content"',
        ),
        (b'{"messages":[],"$rt":{}}', 'reserved key "$rt"'),
        (b'{"conversations":[{"from":"gpt","$rt":1}]}', 'message 0 has reserved key "$rt"'),
        (b'{"messages":[{"role":"\xff"}]}', "not UTF-8: byte 0xff at 22"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested more than 4000 levels deep"),
    ],
)
def test_a_bad_record_is_kept_with_its_place_bytes_and_reason(
    bench: Bench, line: bytes, reason: str
) -> None:
    before = (HELLO + "\n\n").encode()
    outcome = bench.take_bytes(before + line + b"\n" + HELLO.encode())
    source = outcome.sources[0]
    assert (source.name, source.records, source.kept, source.quarantined) == (
        "given.jsonl", 3, 2, 1,
    )  # fmt: skip
    row = bench.rows('SELECT import_id, source, record, "offset", reason, raw FROM quarantine')
    assert row == [(IMPORT_ID, "given.jsonl", 3, len(before), reason, line)]
    assert [(one.record, one.offset, one.reason) for one in outcome.samples] == [
        (3, len(before), reason)
    ]
    assert outcome.formats == {"chatml": 2}


@pytest.mark.parametrize("field", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 30])
def test_numbers_no_float_holds_stay_as_they_are_written(bench: Bench, field: str) -> None:
    bench.take_bytes(f'{{"messages":[{{"role":"user","weight":{field}}}],"n":{field}}}'.encode())
    assert bench.give_text("chatml").count(field) == 2


def test_rows_say_where_and_when_they_come_from(bench: Bench) -> None:
    bench.take_bytes(f"{HELLO}\nbad\n{HELLO}".encode(), "folded.json")
    rows = bench.rows(
        "SELECT position, origin.import_id, origin.source, origin.record, origin.format, "
        "message_count, created_at = updated_at FROM entries ORDER BY entry_id"
    )
    assert rows == [
        (1024, IMPORT_ID, "folded.json", 1, "chatml", 1, True),
        (3072, IMPORT_ID, "folded.json", 3, "chatml", 1, True),
    ]


def test_several_files_are_one_import_in_order(bench: Bench) -> None:
    first, second, empty = (bench.folder / name for name in ("a.jsonl", "b.json", "c.jsonl"))
    first.write_text(f"{HELLO}\n{HELLO}\n")
    second.write_text('[{"conversations":[{"from":"human","value":"yo"}]}, 5]')
    empty.write_text("")
    outcome = bench.take(first, second, empty)
    assert [(one.records, one.kept, one.quarantined) for one in outcome.sources] == [
        (2, 2, 0), (2, 1, 1), (0, 0, 0),
    ]  # fmt: skip
    assert outcome.formats == {"chatml": 2, "sharegpt": 1}
    rows = bench.rows("SELECT position, origin.source FROM entries ORDER BY entry_id")
    assert rows == [(1024, "a.jsonl"), (2048, "a.jsonl"), (3072, "b.json")]


def test_a_missing_file_is_found_before_any_is_read(bench: Bench) -> None:
    path = bench.folder / "a.jsonl"
    path.write_text(HELLO)
    with pytest.raises(SourceMissing):
        bench.take(path, bench.folder / "none.jsonl")
    assert bench.rows("SELECT count(*) FROM entries") == [(0,)]


def test_a_dry_run_counts_the_same_and_writes_nothing(bench: Bench) -> None:
    path = bench.folder / "a.jsonl"
    path.write_text(f'{HELLO}\n{{"messages":[3]}}\nbad\n{{"conversations":[]}}')
    wet = bench.take(path)
    dry = bench.take(path, dry_run=True)
    assert dry == wet
    assert bench.rows("SELECT count(*) FROM entries") == [(0,)]


def test_what_the_columns_hold(bench: Bench) -> None:
    record = {
        "messages": [
            {"role": "Bot", "content": "x", "name": "Rex", "weight": 0.5, "mood": None},
            {"role": 3, "content": [{"type": "text"}], "name": 4, "weight": 2**53 + 1},
            {"role": "assistant", "content": None, "alternatives": ["a"], "character": "c"},
        ],
        "tags": ["b", "a", "b"],
        "id": None,
    }
    bench.take_records([record])
    messages, tags, extra = bench.rows("SELECT messages, tags, extra FROM entries")[0]
    assert [tuple(message.values()) for message in messages] == [
        ("assistant", "x", "Rex", None, 0.5, None, '{"mood":null,"$rt":{"role":"Bot"}}'),
        (None, None, None, None, None, None,
         '{"role":3,"content":[{"type":"text"}],"name":4,"weight":9007199254740993}'),
        ("assistant", None, None, "c", None, None, '{"content":null,"alternatives":["a"]}'),
    ]  # fmt: skip
    assert (tags, extra) == (["b", "a", "b"], '{"id":null}')


@pytest.mark.parametrize(
    ("record", "format_name", "roles"),
    [
        ({"messages": [{"role": "user"}]}, "chatml", ["user"]),
        ({"conversations": [{"from": "human"}]}, "sharegpt", ["user"]),
        ({"messages": [{"from": "gpt"}]}, "sharegpt", ["assistant"]),
        ({"conversations": [{"role": "USER"}]}, "chatml", ["user"]),
        ({"messages": [{"role": "bard"}]}, "chatml", ["bard"]),
        ({"conversations": [{"from": "bard"}]}, "sharegpt", ["assistant"]),
        ({"conversations": [{"from": "Rex"}], "system": "s"}, "sharegpt", ["system", "Rex"]),
        ({"conversations": [{"from": "gpt"}], "system": ""}, "sharegpt", ["assistant"]),
        ({"messages": [], "conversations": []}, "chatml", []),
        ({"conversations": []}, "sharegpt", []),
    ],
)
def test_format_and_roles(
    bench: Bench, record: dict[str, Any], format_name: str, roles: list[str]
) -> None:
    outcome = bench.take_records([record])
    assert outcome.formats == {format_name: 1}
    listed = bench.rows("SELECT list_transform(messages, lambda m: m.role) FROM entries")
    assert listed == [(roles,)]
    assert bench.give(format_name) == [record]


def test_a_plain_file_with_a_few_odd_records(bench: Bench) -> None:
    plain = [
        {"messages": [{"role": "user", "content": f"text {n}"}], "tags": ["t"], "id": n}
        for n in range(300)
    ]
    odd: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": 5}], "tags": ["t"], "id": 1},
        {"messages": [{"role": None, "content": "x"}], "tags": ["t"], "id": 1},
        {"messages": [{"role": "user", "content": None}], "tags": [], "id": {"a": None}},
        {"messages": [{"role": "user"}, {"content": "x"}], "tags": ["t"], "id": 1},
        {"messages": [{"role": "user", "content": "x"}], "tags": [None], "id": 1},
        {"messages": [{"role": "user", "content": "x"}], "tags": None, "id": 1},
        {"messages": [{"role": "user", "content": "x"}], "tags": ["t"], "ID": 1},
        {"messages": [{"role": "user", "content": "x"}], "tags": ["t"], "id": 1, "more": 2},
        {"messages": [{"role": "user", "content": "x", "more": 1}], "tags": ["t"], "id": 1},
        {"messages": [{"content": "x", "role": "gpt"}], "id": 1, "tags": ["t"]},
        {"messages": [{}, {"role": "user", "content": "x"}], "tags": ["t"], "id": 1},
    ]
    records = [*plain[:250], *odd, *plain[250:]]
    assert bench.take_records(records).sources[0].kept == len(records)
    assert bench.give("chatml") == records


def test_progress_ends_where_the_files_end(bench: Bench) -> None:
    heard: list[Progress] = []
    path = bench.folder / "a.jsonl"
    path.write_text(HELLO + "\n")
    bench.take(path, listener=heard.append)
    assert heard[-1] == Progress(len(HELLO) + 1, len(HELLO) + 1, "bytes read")


def test_one_record_that_cannot_be_read_says_why(bench: Bench) -> None:
    with pytest.raises(RecordUnreadable, match="message 0 is not an object"):
        read_one(bench.session, '{"messages":[1]}')
    with pytest.raises(RecordUnreadable, match="not valid JSON"):
        read_one(bench.session, "{")
