from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats.sources import EncodingUnknown, SourceOptions, decoding, find_sources
from tests.formats.sources.reading import records_of

TEXT = '{"a":"Käse, Сыр, チーズ, جبن, 😀"}\n{"b":[1]}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "given.jsonl"


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_unicode_gives_itself_away(path: Path, encoding: str, mark: str) -> None:
    path.write_bytes((mark + TEXT).encode(encoding))
    rows = records_of(path)
    assert [json.loads(row["line"]) for row in rows] == [
        json.loads(one) for one in TEXT.split("\n")[:2]
    ]
    assert [row["record"] for row in rows] == [1, 2]


def test_an_array_in_utf_16(path: Path) -> None:
    path.write_bytes('[{"a":1},\r\n {"b":"ü"}]'.encode("utf-16"))
    assert [row["line"] for row in records_of(path)] == ['{"a":1}', '{"b":"ü"}']


def test_offsets_count_in_utf_8(path: Path) -> None:
    path.write_bytes(TEXT.encode("utf-16-be"))
    assert records_of(path)[1]["offset"] == TEXT.encode().index(b'{"b"')


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ISO-8859-15", "shift_jis", "utf-16"])
def test_other_encodings_are_read_when_they_are_named(path: Path, encoding: str) -> None:
    text = '{"a":"チーズ"}' if encoding == "shift_jis" else '{"a":"Käse"}'
    path.write_bytes(text.encode(encoding))
    assert [row["line"] for row in records_of(path, SourceOptions(encoding))] == [text]


def test_without_a_name_only_the_foreign_records_are_set_aside(path: Path) -> None:
    path.write_bytes('{"a":"plain"}\n{"a":"Käse"}\n'.encode("cp1252"))
    assert [row["fault"] for row in records_of(path)] == [None, "not UTF-8: byte 0xe4 at 7"]


def test_a_named_encoding_does_not_spoil_unicode_that_says_what_it_is(path: Path) -> None:
    path.write_bytes(TEXT.encode("utf-8-sig"))
    assert [row["fault"] for row in records_of(path, SourceOptions("cp1252"))] == [None, None]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ('{"a":"\ud83d"}\n{"b":1}\n'.encode("utf-16-le", "surrogatepass"), None),
        ('{"a":"\ud83d"}\n{"b":1}\n'.encode("utf-16-be", "surrogatepass"), None),
        (b'{"a":"\x81"}\n{"b":1}\n', "cp1252"),
    ],
)
def test_bytes_without_meaning_spoil_only_their_record(
    path: Path, data: bytes, encoding: str | None
) -> None:
    path.write_bytes(data)
    rows = records_of(path, SourceOptions(encoding))
    assert [row["fault"] for row in rows] == [
        "not text in the file's encoding: a character at 6", None,
    ]  # fmt: skip
    assert rows[1]["line"] == '{"b":1}\n'


def test_half_a_character_at_the_end_is_seen(path: Path) -> None:
    path.write_bytes('{"a":1}\n{"b":2}'.encode("utf-16-le") + b"\n")
    assert records_of(path)[1]["fault"] == "not text in the file's encoding: a character at 7"


@settings(
    max_examples=max(40, settings().max_examples),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    texts=st.lists(st.text(max_size=5), min_size=1, max_size=4),
    encoding=st.sampled_from(["utf-16", "utf-32", "utf-16-le"]),
    chunk=st.integers(1, 9),
)
def test_text_of_any_chunking(path: Path, texts: list[str], encoding: str, chunk: int) -> None:
    data = "".join(json.dumps([text], ensure_ascii=False) + "\n" for text in texts)
    path.write_bytes(("0\n" + data).encode(encoding))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decoding, "_INPUT_BYTES", chunk)
        rows = records_of(path)
    assert [json.loads(row["line"]) for row in rows] == [0, *([text] for text in texts)]


@pytest.mark.parametrize("name", ["no such encoding", "hex", "rot13", "\0"])
def test_an_encoding_that_is_none_of_text_is_refused(path: Path, name: str) -> None:
    path.write_bytes(b"{}")
    with pytest.raises(EncodingUnknown):
        find_sources([path], SourceOptions(name))
