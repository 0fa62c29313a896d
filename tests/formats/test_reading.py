from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.errors import InvalidInput
from rolethread_store.formats import lines, nested
from rolethread_store.formats.layout import Container, detect_layout
from rolethread_store.formats.pieces import RecordTooLarge
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.sources import SourceMissing, SourceNotText, find_sources

LOOSE = settings(
    max_examples=max(50, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXTS = st.text(st.sampled_from('ab"\\{}[],: \n\u2028é😀'), max_size=6)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)


def read(path: Path, data: bytes, group_bytes: int = 1 << 20) -> list[dict[str, Any]]:
    path.write_bytes(data)
    rows = [row for table in read_groups(path, group_bytes) for row in table.to_pylist()]
    assert path.read_bytes() == data
    for row in rows:
        assert data[row["offset"] :].startswith(row["raw"])
        assert (row["line"] is None) == (row["fault"] or "").startswith("not UTF-8")
    assert [row["record"] for row in rows] == sorted({row["record"] for row in rows})
    return rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given"


@LOOSE
@given(values=st.lists(OBJECTS, max_size=6), chunk=st.integers(1, 40), crlf=st.booleans())
def test_lines_of_any_chunking(
    path: Path, values: list[dict[str, Any]], chunk: int, crlf: bool
) -> None:
    data = ("\r\n" if crlf else "\n").join(
        json.dumps(value, ensure_ascii=False) for value in values
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lines, "_CHUNK_BYTES", chunk)
        rows = read(path, data.encode(), group_bytes=chunk * 3)
    assert [json.loads(row["line"]) for row in rows] == values
    assert [row["record"] for row in rows] == list(range(1, len(values) + 1))


@LOOSE
@given(
    values=st.lists(JSON, max_size=6),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
)
def test_arrays_of_any_chunking(
    path: Path, values: list[Any], chunk: int, indent: int | None, ascii_only: bool
) -> None:
    data = " \n" + json.dumps(values, indent=indent, ensure_ascii=ascii_only) + "\n "
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nested, "_CHUNK_BYTES", chunk)
        rows = read(path, data.encode())
    assert [json.loads(row["line"]) for row in rows] == values
    assert all(row["fault"] is None for row in rows)


@LOOSE
@given(
    values=st.lists(OBJECTS.filter(len), min_size=1, max_size=5),
    chunk=st.integers(1, 40),
    between=st.sampled_from(["", "\n", "\n\n", " ", ",\n", "\r\n"]),
)
def test_objects_side_by_side_of_any_chunking(
    path: Path, values: list[dict[str, Any]], chunk: int, between: str
) -> None:
    data = between.join(json.dumps(value, indent=1) for value in values)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nested, "_CHUNK_BYTES", chunk)
        rows = read(path, data.encode())
    assert [json.loads(row["line"]) for row in rows] == values


@LOOSE
@given(data=st.binary(max_size=60) | st.text('{}[]",\\a \n', max_size=60).map(str.encode))
def test_no_byte_of_any_file_goes_unaccounted_for(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        if find_sources([path])[0].size is None:
            return  # It looks like UTF-16, so other bytes are read.
        rows = read(path, data)
    except InvalidInput:
        # A table, an archive or no text at all, refused whole with the reason; never JSON.
        assert data.lstrip()[:1] not in (b"{", b"[")
        return
    rest = data.removeprefix(b"\xef\xbb\xbf")
    for row in rows:
        before, _, rest = rest.partition(row["raw"])
        assert not before.strip(b" \t\r\n,[]")
    assert not rest.strip(b" \t\r\n,[]")


def test_physical_lines_are_numbered_and_blank_ones_skipped(path: Path) -> None:
    rows = read(path, b'\n{"a":1}\n \t\r\n{"b":2}\r\n\n{"c"')
    assert [(row["record"], row["offset"]) for row in rows] == [(2, 1), (4, 13), (6, 23)]


def test_a_byte_order_mark_is_no_part_of_the_first_record(path: Path) -> None:
    rows = read(path, b'\xef\xbb\xbf{"a":1}\n{"b":2}')
    assert [json.loads(row["line"]) for row in rows] == [{"a": 1}, {"b": 2}]
    assert rows[0]["offset"] == 3


def test_only_the_bad_lines_are_not_text(path: Path) -> None:
    rows = read(path, b'{"a":1}\n{"b":"\xff"}\n{"c":3}')
    assert [row["line"] for row in rows] == ['{"a":1}\n', None, '{"c":3}']
    assert rows[1]["fault"] == "not UTF-8: byte 0xff at 6"


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"", Container.LINES),
        (b"  \n ", Container.LINES),
        (b'{"a":1}\n{"b":2}', Container.LINES),
        (b'{"a":1', Container.LINES),
        (b'{"a": tru\n{"b":2}\n', Container.LINES),
        (b'{"a": "never closed\n{"b":2}\n{"c":3}', Container.LINES),
        (b'{"a":1} trailing\n{"b":2}', Container.LINES),
        (b'{\n"a":1}\n{"b":2}', Container.OBJECTS),
        (b'{"a":1}{"b":2}', Container.OBJECTS),
        (b"[]", Container.ARRAY),
        (b'\xef\xbb\xbf \n[{"a":1}]', Container.ARRAY),
        (b" " * 200_000 + b"[1]", Container.ARRAY),
    ],
)
def test_the_content_tells_how_records_are_divided(
    path: Path, data: bytes, container: Container
) -> None:
    path.write_bytes(data)
    assert detect_layout(path).container is container


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"PK\x05\x06" + bytes(18), "zip"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"SQLite format 3\0", "SQLite"),
        (b"MZ\x90" + bytes(60), "binary"),
    ],
)
def test_what_is_no_text_is_named(path: Path, data: bytes, word: str) -> None:
    path.write_bytes(data)
    with pytest.raises(SourceNotText, match=word):
        detect_layout(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        detect_layout(tmp_path / "none.jsonl")
    with pytest.raises(SourceNotText, match="folder"):
        detect_layout(tmp_path)


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b'[{"a":1},{"b":2', [None, "the file ends before this record does"]),
        (b'[{"a":1},{"b":"x', [None, "the file ends before this record does"]),
        (b'[{"a":1},{"b":2}', [None, None]),
        (b'[{"a":1}] and more\nlines', [None, "text after the end of the array"]),
        (b'{\n"a":1}\n{\n"b":', [None, "the file ends before this record does"]),
    ],
)
def test_what_ends_too_soon_or_too_late_is_one_record(
    path: Path, data: bytes, faults: list[str | None]
) -> None:
    assert [row["fault"] for row in read(path, data)] == faults


def test_garbage_between_objects_is_a_record_of_its_own(path: Path) -> None:
    rows = read(path, b'{\n"a":1} oops } {"b":2}')
    assert [row["raw"] for row in rows] == [b'{\n"a":1}', b"oops }", b'{"b":2}']


def test_depth_that_would_end_the_process_is_a_fault(path: Path) -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    braces_in_text = json.dumps({"a": "{" * 100_000}).encode()
    rows = read(path, deep + b"\n" + braces_in_text + b"\n")
    assert rows[0]["fault"] == "nested more than 4000 levels deep"
    assert rows[1]["fault"] is None


def test_a_record_too_long_to_parse_and_one_too_long_to_keep(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rolethread_store.formats.pieces.LONGEST_RECORD_BYTES", 20 << 10)
    monkeypatch.setattr("rolethread_store.formats.pieces.KEPT_RECORD_BYTES", 40 << 10)
    monkeypatch.setattr(lines, "_CHUNK_BYTES", 1 << 10)
    rows = read(path, b'{"a":1}\n"' + b"x" * (30 << 10) + b'"\n{"b":2}')
    assert [row["fault"] is None for row in rows] == [True, False, True]
    with pytest.raises(RecordTooLarge):
        read(path, b'{"a":1}\n"' + b"x" * (50 << 10))
