"""What stands between records: with the records it is the whole file again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolethread_store.formats import lines, nested
from rolethread_store.formats.gaps import BEFORE, Gaps
from rolethread_store.formats.records import read_groups

BLANKS = b" \t\r\n"
FILES = [
    b"",
    b"[]",
    b" [ ] \n",
    b'{"a":1}\n{"b":2}\n',
    b'{"a":1}\r\n{"b":2}',
    b'{"a":1}\r\n\r\n  {"b":2} \r\n\n',
    b'\n\n{"a":1}\n',
    b'\xef\xbb\xbf{"a":1}\n{"b":2}',
    b'[\n  {"a":1},\n  {"b":[1,2]}\n]\n',
    b' [ {"a":1} ] \n',
    b'\xef\xbb\xbf [{"a":1}\r\n,{"b":2}\r\n]\r\n',
    b'{"a":\n1}\n{"b":2}\n\n',
    b'{"a":1}{"b":\n2}',
    b'[{"a":1},{"b":2}] and more',
    b'[{"a":1},,{"b":2},]',
    b'{"a":1}\n' * 5_000,
]


@pytest.fixture(params=[64, 4 << 20])
def chunk_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (lines, nested):
        monkeypatch.setattr(module, "_CHUNK_BYTES", request.param)
    return int(request.param)


def pieces(path: Path, gaps: Gaps) -> Iterator[bytes]:
    for group in read_groups(path, 1 << 12, gaps=gaps):
        for before, raw in zip(group[BEFORE].to_pylist(), group["raw"].to_pylist(), strict=True):
            yield before + raw.strip(BLANKS)
    yield gaps.rest


@pytest.mark.usefixtures("chunk_bytes")
@pytest.mark.parametrize("data", FILES, ids=itertools.count())
def test_records_and_gaps_are_the_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    gaps = Gaps()
    assert b"".join(pieces(path, gaps)) == data
    assert gaps.whole


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(['{"a":"x"}', '{"b":[{},1]}', "{", "7"]), max_size=6),
    st.lists(st.text(" \t\r", max_size=3), min_size=14, max_size=14),
    st.booleans(),
)
def test_any_blanks_come_back(
    tmp_path: Path, records: list[str], blanks: list[str], array: bool
) -> None:
    between = iter(blanks)
    mark = "," if array else "\n"
    text = mark.join(next(between) + record + next(between) for record in records)
    data = (f"[{text}]" if array else text).encode()
    path = tmp_path / "file.json"
    path.write_bytes(data)
    assert b"".join(pieces(path, Gaps())) == data
