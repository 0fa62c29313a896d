from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.engine import QueryInvalid
from rolethread_store.formats import (
    FormatUnknown,
    LineOptions,
    OutputExists,
    OutputUnwritable,
    export_lines,
    render_one,
)
from tests.formats.bench import Bench

ROWS = "SELECT * FROM entries ORDER BY position"


def given(bench: Bench, *records: dict[str, Any]) -> None:
    assert bench.take_records(list(records)).sources[0].kept == len(records)


def test_converting_changes_names_and_labels_and_keeps_the_rest(bench: Bench) -> None:
    given(
        bench,
        {
            "conversations": [
                {"from": "human", "value": "q", "id": 1},
                {"from": "Bing", "value": [1], "content": "c"},
                {"from": 5, "role": "r"},
            ],
            "system": "s",
            "messages": None,
            "tools": [{}],
        },
    )
    assert bench.give("chatml") == [
        {
            "messages": [
                {"role": "system", "content": "s"},
                {"role": "user", "content": "q", "id": 1},
                {"role": "assistant", "content": [1], "original_content": "c"},
                {"role": 5, "original_role": "r"},
            ],
            "original_messages": None,
            "tools": [{}],
        }
    ]


def test_clean_is_what_a_trainer_reads(bench: Bench) -> None:
    given(
        bench,
        {
            "messages": [
                {"role": "Human", "content": "q", "name": "Ann", "weight": 1, "x": 1},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": [{"type": "text"}], "tool_call_id": "1"},
            ],
            "tags": ["t"],
            "tools": [{"a": 1}],
            "id": 3,
        },
    )
    assert bench.give("chatml", clean=True) == [
        {
            "messages": [
                {"role": "user", "content": "q", "name": "Ann"},
                {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                {"role": "tool", "content": [{"type": "text"}], "tool_call_id": "1"},
            ],
            "tools": [{"a": 1}],
        }
    ]
    assert bench.give("sharegpt", clean=True)[0]["conversations"][0] == {
        "from": "human",
        "value": "q",
    }


def test_an_edited_role_or_text_wins_over_what_the_source_had(bench: Bench) -> None:
    given(
        bench,
        {
            "conversations": [
                {"from": "bing", "value": ["parts"]},
                {"from": "bing", "value": "b"},
            ],
            "system": "s",
        },
    )
    edited = (
        "SELECT * REPLACE (list_transform(messages, lambda m, i: CASE WHEN i = 2 THEN "
        "struct_update(m, content := 'new') WHEN i = 3 THEN struct_update(m, role := 'user') "
        "ELSE struct_update(m, content := 'other') END) AS messages) FROM entries"
    )
    text = render_one(bench.session, edited, LineOptions("sharegpt"))
    assert json.loads(text) == {
        "conversations": [{"from": "bing", "value": "new"}, {"from": "human", "value": "b"}],
        "system": "other",
    }


def test_tags_and_alternatives_given_later_do_not_replace_fields_of_the_source(
    bench: Bench,
) -> None:
    given(bench, {"messages": [{"role": "user", "content": "q", "alternatives": 1}], "tags": "x"})
    edited = (
        "SELECT * REPLACE (['t'] AS tags, list_transform(messages, lambda m: struct_update(m, "
        "alternatives := [{'content': 'w', 'extra': NULL::VARCHAR}])) AS messages) FROM entries"
    )
    assert json.loads(render_one(bench.session, edited, LineOptions("chatml"))) == {
        "messages": [
            {
                "role": "user",
                "content": "q",
                "alternatives": [{"content": "w", "extra": None}],
                "original_alternatives": 1,
            }
        ],
        "tags": ["t"],
        "original_tags": "x",
    }


def test_weights_print_as_json_numbers(bench: Bench) -> None:
    weights = [0, 1, 1.0, -1, 0.5, 0.1, 12345678.1234567, 1e-7]
    given(bench, {"messages": [{"role": "user", "weight": weight} for weight in weights]})
    assert [one["weight"] for one in bench.give("chatml")[0]["messages"]] == weights
    assert '"weight":1}' in bench.give_text("chatml")


def test_a_record_stays_on_its_line(bench: Bench) -> None:
    text = "\u2028\u2029\u0085\v\f\r\n\x00😀"
    given(bench, {"messages": [{"role": "user", "content": text}], "note": text})
    written = bench.give_text("chatml")
    assert written.count("\n") == 1
    assert json.loads(written)["messages"][0]["content"] == text


def test_a_file_that_is_there_is_replaced_only_by_force(bench: Bench, tmp_path: Path) -> None:
    given(bench, {"messages": []})
    path = tmp_path / "there.jsonl"
    path.write_text("precious")
    with pytest.raises(OutputExists):
        export_lines(bench.session, ROWS, LineOptions(), path)
    assert path.read_text() == "precious"
    outcome = export_lines(bench.session, ROWS, LineOptions(), path, force=True)
    assert path.read_text() == '{"messages":[]}\n'
    assert (outcome.entries, outcome.bytes) == (1, 16)


def test_a_failing_export_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    given(bench, {"messages": []}, {"messages": []})
    folder = tmp_path / "out"
    folder.mkdir()
    failing = (
        "SELECT * REPLACE (CASE WHEN position > 1024 THEN error('no') ELSE extra END AS extra) "
        "FROM entries ORDER BY position"
    )
    with pytest.raises(QueryInvalid):
        export_lines(bench.session, failing, LineOptions(), folder / "x.jsonl")
    assert list(folder.iterdir()) == []
    with pytest.raises(OutputUnwritable):
        export_lines(bench.session, ROWS, LineOptions(), tmp_path / "no" / "x.jsonl")


def test_an_unknown_format_and_a_folder_are_refused(bench: Bench, tmp_path: Path) -> None:
    given(bench, {"messages": []})
    with pytest.raises(FormatUnknown):
        export_lines(bench.session, ROWS, LineOptions("prose"), tmp_path / "x")
    with pytest.raises(OutputExists):
        export_lines(bench.session, ROWS, LineOptions(), tmp_path)


def test_nothing_to_write_makes_an_empty_file(bench: Bench, tmp_path: Path) -> None:
    bench.take_bytes(b"")
    outcome = export_lines(bench.session, ROWS, LineOptions(), tmp_path / "x.jsonl")
    assert (outcome.entries, (tmp_path / "x.jsonl").read_bytes()) == (0, b"")
