from __future__ import annotations

import csv
import datetime as dt
import decimal
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats import tables_csv, tables_grouping
from rolethread_store.formats.sources import SourceOptions
from rolethread_store.formats.tables_options import TableOptions, TableOptionsInvalid
from rolethread_store.formats.tables_rows import TableUnreadable
from tests.formats.sources.reading import records_of, table_records

DATA = Path(__file__).parents[3] / "shared" / "data"
LOOSE = settings(
    max_examples=max(60, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given.csv"


def values(rows: list[dict[str, Any]]) -> list[Any]:
    for row in rows:
        assert row["record"] == row["offset"]
        assert row["line"] is None or row["line"].encode() == row["raw"]
    return [json.loads(row["line"]) for row in rows if row["fault"] is None]


def test_cells_are_text_and_stay_it(path: Path) -> None:
    path.write_text('id,text,n\n007,"a ""b"", c\nd",1.50\n008,true,NaN\n', newline="")
    assert values(table_records(path)) == [
        {"id": "007", "text": 'a "b", c\nd', "n": "1.50"},
        {"id": "008", "text": "true", "n": "NaN"},
    ]


def test_nothing_is_left_out_and_empty_is_empty(path: Path) -> None:
    path.write_text('a,b\n1,\n2,""\n\n,3\n')
    rows = table_records(path)
    assert values(rows) == [{"a": "1"}, {"a": "2", "b": ""}, {"b": "3"}]
    assert [row["record"] for row in rows] == [1, 2, 3]


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
CELLS = st.text(CHARACTERS | st.sampled_from('"\\,;\t\n{}[]'), max_size=8)


@LOOSE
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8),
    divider=st.sampled_from(",\t;"),
)
def test_any_text_comes_through(path: Path, rows: list[list[str]], divider: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=divider, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([["messages", 'é\\"x'], *rows])
    path.write_bytes(written.getvalue().encode())
    for row, value in zip(rows, [r["line"] for r in table_records(path)], strict=True):
        expected = [_as_json(row[0]), row[1]]
        assert list(json.loads(value).values()) == expected


def _as_json(cell: str) -> Any:  # noqa: ANN401
    try:
        value = json.loads(cell)
    except ValueError:
        return cell
    return value if isinstance(value, list | dict) else cell


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"a,b\r\n1,2\r\n", "t.csv"),
        (b"a;b\n1;2", "t.csv"),
        (b"a\tb\n1\t2\n", "t.tsv"),
        (b"\xef\xbb\xbfa,b\n1,2\n", "t.CSV"),
        ("a,b\n1,2\n".encode("utf-16"), "t.csv"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "t.csv.gz"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "t.csv"),
    ],
)
def test_a_name_and_a_first_line_tell_a_table(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert values(table_records(path)) == [{"a": "1", "b": "2"}]


def test_a_table_by_any_other_name(tmp_path: Path) -> None:
    path = tmp_path / "given.txt"
    path.write_text("a,b\n1,2\n")
    assert values(table_records(path, kind="csv")) == [{"a": "1", "b": "2"}]
    json_lines = tmp_path / "given.csv"
    json_lines.write_text('{"a":1}\n{"b":2}\n')
    assert [row["line"] for row in table_records(json_lines, kind="csv")] == [
        '{"a":1}\n', '{"b":2}\n',
    ]  # fmt: skip


def test_rows_that_are_none_are_told_in_their_place(path: Path) -> None:
    path.write_bytes(b"a,b\n1,2\n3\n4,5,6\n7,\xff\n8,9\n")
    rows = table_records(path)
    assert [(row["record"], row["raw"], row["fault"]) for row in rows] == [
        (1, b'{"a":"1","b":"2"}', None),
        (2, b"3", "1 cells in a table of 2 columns"),
        (3, b"4,5,6", "3 cells in a table of 2 columns"),
        (4, b'{"a":"7","b":"\xff"}', "not UTF-8: byte 0xff at 14"),
        (5, b'{"a":"8","b":"9"}', None),
    ]


def test_numbers_go_on_over_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_csv, "_BLOCK_BYTES", 64)
    chance = random.Random(3)
    lines = [b"x" if chance.random() < 0.2 else b"%d,y" % number for number in range(1, 300)]
    path.write_bytes(b"a,b\n" + b"\n".join(lines))
    rows = table_records(path)
    assert [row["record"] for row in rows] == list(range(1, 300))
    for row, line in zip(rows, lines, strict=True):
        assert (row["raw"] == b"x") == (line == b"x") == (row["fault"] is not None)
        assert row["fault"] or row["raw"].startswith(b'{"a":"' + line.split(b",")[0] + b'"')


def test_a_quote_that_is_never_closed_is_told(path: Path) -> None:
    path.write_text('a,b\n1,2\n3,"4\n5,6\n7,8\n')
    rows = table_records(path)
    assert [(row["record"], row["fault"]) for row in rows] == [
        (1, None), (2, "a quoted cell is never closed"),
    ]  # fmt: skip
    assert rows[1]["raw"] == b'{"a":"3","b":"4\\n5,6\\n7,8\\n"}'


def test_a_table_that_breaks_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    chance = random.Random(4)
    data = b"a,b\n" + b"".join(b"%d,%x\n" % (n, chance.getrandbits(64)) for n in range(5000))
    path.write_bytes(gzip.compress(data)[:-2000])
    rows = table_records(path)
    assert len(rows) > 1000
    assert [row["fault"] for row in rows[:-1]] == [None] * (len(rows) - 1)
    assert rows[-1]["fault"] == "the compressed file ends early"


def test_a_zero_in_a_cell_is_text(path: Path) -> None:
    path.write_bytes(b"first,second\nsome text,a\0b\n")
    assert values(table_records(path)) == [{"first": "some text", "second": "a\0b"}]


def test_long_cells(path: Path) -> None:
    path.write_text(f'a,b\n"{"x" * 200_000}",1\n')
    assert len(values(table_records(path))[0]["a"]) == 200_000


def test_what_is_no_table_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (b"", b"a,b", b"a,b\n"):
        path.write_bytes(data)
        assert table_records(path) == []
    path.write_bytes("a,é\n1,2\n".encode("cp1252"))
    with pytest.raises(TableUnreadable, match="names of its columns are not UTF-8"):
        table_records(path)
    assert values(records_of(path, SourceOptions("cp1252"))) == [{"a": "1", "é": "2"}]
    monkeypatch.setattr(tables_csv, "_BLOCK_BYTES", 64)
    path.write_bytes(b"a,b\n1," + b"x" * 500 + b"\n2,3\n")
    with pytest.raises(TableUnreadable, match="a row is longer"):
        table_records(path)


def test_json_in_cells_is_read_where_it_belongs(path: Path) -> None:
    messages = [{"role": "user", "content": 'say "hi"\n{'}]
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ["messages", "chosen", "other"],
                [json.dumps(messages), "{}", "[1]"],
                ["[sighs]", "{{char}} nods", "{}"],
                [json.dumps(messages, indent=1), " [] ", ""],
                ['["a", b]', '[1],"x":[2]', ""],
            ]
        )
    assert values(table_records(path)) == [
        {"messages": messages, "chosen": {}, "other": "[1]"},
        {"messages": "[sighs]", "chosen": "{{char}} nods", "other": "{}"},
        {"messages": messages, "chosen": []},
        {"messages": '["a", b]', "chosen": '[1],"x":[2]'},
    ]


def test_columns_take_the_names_they_are_given(path: Path) -> None:
    path.write_text("q,a,instruction\nWhy?,So.,x\n")
    assert values(table_records(path, "instruction=q", "output=a")) == [
        {"instruction": "Why?", "output": "So.", "instruction_": "x"}
    ]
    with pytest.raises(TableOptionsInvalid, match="no column “b”") as caught:
        table_records(path, "output=b")
    assert caught.value.hint == "it has: q, a, instruction"


@pytest.mark.parametrize("columns", [["content"], ["=a"], ["a="], ["a=x", "a=y"], ["a=x", "b=x"]])
def test_options_that_make_no_sense_are_refused(columns: list[str]) -> None:
    with pytest.raises(TableOptionsInvalid):
        TableOptions.parse(columns)
    with pytest.raises(TableOptionsInvalid, match="no kind of table"):
        TableOptions.parse(kind="xls")


MELD = """Utterance,Speaker,Emotion,Dialogue_ID
Hi.,Ann,joy,0
"Yo,
all",Rex,,1
Ho.,Rex,neutral,0
lost,Ann,,
odd row
Bye.,Ann,sad,1
"""


def test_rows_of_a_conversation_are_one_record(path: Path) -> None:
    path.write_text(MELD)
    rows = table_records(path, "name=Speaker", "content=Utterance", group="Dialogue_ID")
    assert values(rows) == [
        {"transcript": {"turns": [
            {"text": "Hi.", "speaker": "Ann", "Emotion": "joy"},
            {"text": "Ho.", "speaker": "Rex", "Emotion": "neutral"},
        ]}, "Dialogue_ID": "0"},
        {"transcript": {"turns": [
            {"text": "Yo,\nall", "speaker": "Rex"},
            {"text": "Bye.", "speaker": "Ann", "Emotion": "sad"},
        ]}, "Dialogue_ID": "1"},
    ]  # fmt: skip
    assert [(row["record"], row["fault"]) for row in rows] == [
        (1, None), (2, None), (4, "the row does not say which conversation it belongs to"),
        (5, "1 cells in a table of 4 columns"),
    ]  # fmt: skip
    assert json.loads(rows[2]["raw"]) == {"text": "lost", "speaker": "Ann"}


def test_rows_with_roles_are_messages(path: Path) -> None:
    path.write_text("chat,who,content,name\n7,user,hi,Ann\n7,assistant,ho,\n8,user,x,\n")
    rows = table_records(path, "role=who", group="chat")
    assert values(rows) == [
        {"messages": [{"role": "user", "content": "hi", "name": "Ann"},
                      {"role": "assistant", "content": "ho"}], "chat": "7"},
        {"messages": [{"role": "user", "content": "x"}], "chat": "8"},
    ]  # fmt: skip


def test_grouping_needs_to_know_who_says_what(path: Path) -> None:
    path.write_text("g,a,b\n1,2,3\n")
    with pytest.raises(TableOptionsInvalid, match="holds the text"):
        table_records(path, group="g")
    with pytest.raises(TableOptionsInvalid, match="holds who speaks"):
        table_records(path, "content=a", group="g")


@LOOSE
@given(groups=st.lists(st.none() | st.integers(0, 5), max_size=30), size=st.integers(1, 400))
def test_groups_of_any_order(path: Path, groups: list[int | None], size: int) -> None:
    table = pa.table(
        {"g": pa.array(groups, pa.int64()), "role": ["user"] * len(groups),
         "content": [str(place) for place in range(len(groups))]}
    )  # fmt: skip
    pq.write_table(table, path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables_grouping, "_BUNCH_BYTES", size)
        rows = table_records(path, group="g")
    expected: dict[int, list[str]] = {}
    for place, group in enumerate(groups):
        if group is not None:
            expected.setdefault(group, []).append(str(place))
    got = {one["g"]: [turn["content"] for turn in one["messages"]] for one in values(rows)}
    assert list(got.items()) == list(expected.items())
    assert [row["record"] for row in rows] == sorted(row["record"] for row in rows)
    assert len(rows) == len(expected) + groups.count(None)


def test_a_table_too_large_to_group_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables_grouping, "_HELD_BYTES", 10)
    path.write_text("g,role,content\n1,user,a long text\n")
    with pytest.raises(TableUnreadable, match="to group"):
        table_records(path, group="g")


TOOL = pa.struct([("name", pa.string()), ("arguments", pa.string())])
MESSAGE = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(TOOL))]
)
TYPED = pa.table(
    {
        "messages": pa.array(
            [
                [{"role": "user", "content": "hi", "tool_calls": None},
                 {"role": "assistant", "content": None, "tool_calls": [{"name": "f"}]}],
                [],
                None,
            ],
            pa.list_(MESSAGE),
        ),
        "big": pa.array([2**60 + 1, None, -1]),
        "float": [1.5, 1e300, 0.1],
        "exact": pa.array([decimal.Decimal("1.10")] * 3),
        "flag": [True, None, False],
        "meta": pa.array([{"a": 1, "b": None}, None, {"a": None, "b": "x"}]),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "when": pa.array([dt.date(2026, 1, 2), None, None]),
        "sort": pa.array(["x", "y", None]).dictionary_encode(),
        "none": pa.nulls(3),
        "texts": pa.array([["a", None], None, []], pa.list_(pa.large_string())),
        "view": pa.array(["ü\u2028", None, ""], pa.string_view()),
    }
)  # fmt: skip
TYPED_VALUES = [
    {
        "messages": [{"role": "user", "content": "hi"},
                     {"role": "assistant", "tool_calls": [{"name": "f"}]}],
        "big": 2**60 + 1, "float": 1.5, "exact": 1.1, "flag": True, "meta": {"a": 1, "b": None},
        "map": {"k": 1}, "when": "2026-01-02", "sort": "x", "texts": ["a", None],
        "view": "ü\u2028",
    },
    {"messages": [], "float": 1e300, "exact": 1.1, "map": {}, "sort": "y"},
    {"big": -1, "float": 0.1, "exact": 1.1, "flag": False, "meta": {"a": None, "b": "x"},
     "texts": [], "view": ""},
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_columnar_files_keep_their_types(tmp_path: Path, kind: str, packed: bool) -> None:
    path = tmp_path / "given.bin"
    if kind == "parquet":
        pq.write_table(TYPED, path, row_group_size=2)
    else:
        feather.write_feather(TYPED, path)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    rows = table_records(path)
    assert values(rows) == TYPED_VALUES
    assert [row["record"] for row in rows] == [1, 2, 3]
    assert '"exact":1.10' in rows[0]["line"]


def test_floats_that_are_no_numbers_keep_their_words(path: Path) -> None:
    pq.write_table(pa.table({"n": [float("nan"), float("inf"), float("-inf")]}), path)
    assert [row["line"] for row in table_records(path)] == [
        '{"n":NaN}', '{"n":Infinity}', '{"n":-Infinity}',
    ]  # fmt: skip


def test_a_damaged_columnar_file_is_refused(path: Path) -> None:
    pq.write_table(TYPED, path)
    whole = path.read_bytes()
    for damaged in (whole[:-20], whole[:100] + b"\xff" * 40 + whole[140:]):
        path.write_bytes(damaged)
        with pytest.raises(TableUnreadable, match=r"given\.csv cannot be read as a table"):
            table_records(path)
        assert path.read_bytes() == damaged


def test_a_real_parquet_file() -> None:
    path = DATA / "oxen_sft_100.parquet"
    if not path.exists():
        pytest.skip("the real files are not here")
    rows = values(table_records(path))
    assert rows == pq.read_table(path).to_pylist()
    assert len(rows) == 100
