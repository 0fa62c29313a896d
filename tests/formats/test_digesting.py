"""A file's digest, found while it is read in any steps."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.formats.digesting import ContentDigest, StreamDigest, digest_of
from rolethread_store.formats.records import read_groups


@given(data=st.binary(max_size=300), steps=st.lists(st.integers(0, 60), max_size=12))
def test_every_byte_is_hashed_once(data: bytes, steps: list[int]) -> None:
    digest, place = StreamDigest(), 0
    for count in [*steps, len(data)]:
        digest.hear(memoryview(data[place : place + count]))
        place = min(place + count, len(data))
    assert digest.found == ContentDigest(xxhash.xxh3_128_hexdigest(data), len(data))
    assert digest_of(io.BytesIO(data)) == digest.found


@pytest.mark.parametrize(
    "text", ["", "\ufeff{}\n{}", '\ufeff \n[{"a":1}, 2] tail', '{"a":\n1}{"b":2}\n', "{}\nx"]
)
def test_reading_records_hashes_the_whole_file(tmp_path: Path, text: str) -> None:
    path, digest = tmp_path / "a.json", StreamDigest()
    path.write_text(text, encoding="utf-8")
    for _ in read_groups(path, watcher=digest.hear):
        pass
    with path.open("rb") as source:
        assert digest.found == digest_of(source)
