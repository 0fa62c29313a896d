"""Files as they come: odd bytes, odd endings, wrong names. Nothing of any of them is lost."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rolethread_store.formats.sources import ArchiveRefused
from tests.formats.bench import Bench

DATA = Path(__file__).parents[3] / "shared" / "data"


def record(text: str, **more: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


TEXTS = [
    "line\u2028paragraph\u2029next\u0085tab\vform\f end",
    "שלום \u202bעולם\u202c، مرحبا",
    "你好 「世界」 ヴ ㍿ e\u0301 \U0001f469\u200d\U0001f680 ẞ",
    "",
    "\ufeff inside",
]
RECORDS = [record(text, id=2**63 + 12345678901, empty="", gone=None) for text in TEXTS]


def lines(end: str = "\n") -> str:
    return end.join(json.dumps(one, ensure_ascii=False) for one in RECORDS)


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


WAYS = {
    "lines": lines().encode(),
    "crlf": lines("\r\n").encode(),
    "mark": b"\xef\xbb\xbf" + lines().encode(),
    "utf-16-le": ("\ufeff" + lines()).encode("utf-16-le"),
    "utf-16-be": ("\ufeff" + lines()).encode("utf-16-be"),
    "utf-32": lines().encode("utf-32"),
    "array": json.dumps(RECORDS, ensure_ascii=False, indent=2).encode(),
    "objects": "".join(json.dumps(one, ensure_ascii=False, indent=1) for one in RECORDS).encode(),
    "escaped": "\n".join(map(json.dumps, RECORDS)).encode(),
    "gzip": gzip.compress(lines().encode()),
    "zstd": zstd(json.dumps(RECORDS).encode()),
    "gzip of utf-16": gzip.compress(lines().encode("utf-16")),
}


@pytest.mark.parametrize("name", ["given.jsonl", "given.json"])
@pytest.mark.parametrize("way", WAYS)
def test_the_same_records_come_in_however_they_are_written(
    bench: Bench, way: str, name: str
) -> None:
    outcome = bench.take_bytes(WAYS[way], name)
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (len(RECORDS), 0)
    assert bench.give("chatml") == RECORDS
    assert (bench.folder / name).read_bytes() == WAYS[way]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"messages":[{"role":"user","content":"\\ud83d"}]}', "not valid JSON"),
        (b'{"messages":[],"messages":[]}', 'duplicate key "messages"'),
        (b'{"messages":[{"role":"us', "not valid JSON"),
        (b'{"messages":[{"role":"\xe9"}]}', "not UTF-8: byte 0xe9 at 22"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_last_line_costs_only_itself(
    bench: Bench, bad: bytes, reason: str, packed: bool
) -> None:
    data = lines().encode() + b"\n" + bad
    outcome = bench.take_bytes(gzip.compress(data) if packed else data)
    assert (outcome.sources[0].kept, outcome.sources[0].quarantined) == (len(RECORDS), 1)
    assert bench.rows("SELECT reason, raw, record FROM quarantine") == [
        (reason, bad, len(RECORDS) + 1)
    ]


def test_a_file_that_breaks_off_says_so_and_keeps_what_was_before(bench: Bench) -> None:
    data = b"\n".join(json.dumps(record(f"text {n * n}")).encode() for n in range(2000))
    outcome = bench.take_bytes(gzip.compress(data)[:-1000], "cut.jsonl.gz")
    source = outcome.sources[0]
    assert source.kept > 500
    assert source.quarantined == 1
    assert source.records == source.kept + 1
    assert bench.reasons() == ["the compressed file ends early"]
    assert bench.give("chatml") == [record(f"text {n * n}") for n in range(source.kept)]


def test_an_archive_is_several_sources_and_a_trap_is_none(bench: Bench) -> None:
    path = bench.folder / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a/one.jsonl", lines())
        made.writestr("two.csv", "messages,id\n" + '"[{""role"":""user"",""content"":""x""}]",007')
    outcome = bench.take(path)
    assert [(one.name, one.kept) for one in outcome.sources] == [
        ("all.zip/a/one.jsonl", len(RECORDS)), ("all.zip/two.csv", 1),
    ]  # fmt: skip
    assert bench.give("chatml") == [*RECORDS, record("x", id="007")]
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("../../three.jsonl", lines())
    with pytest.raises(ArchiveRefused, match="leads out"):
        bench.take(path)
    assert bench.rows("SELECT count(*) FROM entries") == [(0,)]


def test_a_real_compressed_file(bench: Bench) -> None:
    path = DATA / "hh_rlhf_harmless_test.jsonl.gz"
    if not path.exists():
        pytest.skip("the real files are not here")
    assert bench.take(path).sources[0].records == 2312
