from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from rolethread_store.formats import lines
from rolethread_store.formats.pieces import RecordTooLarge
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.sources import (
    SourceExpands,
    SourceNotText,
    SourceOptions,
    find_sources,
    unpacking,
)
from tests.formats.sources.reading import records_of, rows_of

CHANCE = random.Random(5)
LINES = [b'{"n":%d,"x":"%x"}' % (number, CHANCE.getrandbits(40)) for number in range(20_000)]
DATA = b"\n".join(LINES) + b"\n"


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
every_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Its name says nothing of what it is.
    return tmp_path / "given.json"


@every_packer
def test_a_compressed_file_is_read_as_what_is_in_it(
    path: Path, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(DATA)
    path.write_bytes(packed)
    source = find_sources([path])[0]
    rows = rows_of(source)
    assert [row["raw"].rstrip() for row in rows] == LINES
    assert [row["offset"] for row in rows[:2]] == [0, len(LINES[0]) + 1]
    assert source.size is None
    assert path.read_bytes() == packed


@every_packer
def test_files_packed_one_behind_the_other_are_all_read(
    path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path.write_bytes(pack(DATA[:5000]) + pack(DATA[5000:9000]) + pack(DATA[9000:]))
    assert [row["raw"].rstrip() for row in records_of(path)] == LINES


@every_packer
def test_all_records_before_a_break_are_read_and_the_break_is_told(
    path: Path, pack: Callable[[bytes], bytes]
) -> None:
    # Two frames: the first is whole, so at least its records can be read.
    first = pack(DATA[:100_000])
    path.write_bytes((first + pack(DATA[100_000:]))[: len(first) + 40_000])
    rows = records_of(path)
    assert [row["raw"].rstrip() for row in rows[:-1]] == LINES[: len(rows) - 1]
    assert sum(len(row["raw"]) for row in rows) >= 100_000
    assert [row["fault"] for row in rows[:-1]] == [None] * (len(rows) - 1)
    assert rows[-1]["fault"] == "the compressed file ends early"
    assert DATA[rows[-1]["offset"] :].startswith(rows[-1]["raw"])


@every_packer
def test_what_follows_a_compressed_file_is_told(path: Path, pack: Callable[[bytes], bytes]) -> None:
    path.write_bytes(pack(DATA) + b"something else")
    rows = records_of(path)
    assert [row["raw"].rstrip() for row in rows[:-1]] == LINES
    assert rows[-1]["raw"] == b""
    assert rows[-1]["record"] == len(LINES) + 1
    assert rows[-1]["fault"] in {
        "something else follows the end of the compressed file",
        "the compressed file is damaged from here on",
    }


def test_damage_within_is_told(path: Path) -> None:
    packed = bytearray(gzip.compress(DATA))
    packed[-8:-4] = b"\0\0\0\0"  # The checksum.
    path.write_bytes(packed)
    rows = records_of(path)
    assert [row["raw"].rstrip() for row in rows] == LINES
    assert [row["fault"] for row in rows[:-1]] == [None] * (len(rows) - 1)
    assert rows[-1]["fault"] == "the compressed file is damaged from here on"


def test_damage_in_the_middle_costs_nothing_before_it(path: Path) -> None:
    packed = bytearray(gzip.compress(DATA[:300_000]) + gzip.compress(DATA[300_000:]))
    second = packed.index(b"\x1f\x8b\x08", 10)
    packed[second + 10] = 0xFF  # No kind of block.
    path.write_bytes(packed)
    rows = records_of(path)
    assert b"".join(row["raw"] for row in rows) == DATA[:300_000]
    assert [row["fault"] for row in rows if row["fault"]] == [
        "the compressed file is damaged from here on"
    ]


def test_an_array_that_breaks_off_is_told(path: Path) -> None:
    array = b"[" + b",".join(LINES) + b"]"
    path.write_bytes(gzip.compress(array)[:-3000])
    rows = records_of(path)
    assert [row["raw"] for row in rows[:-1]] == LINES[: len(rows) - 1]
    assert rows[-1]["fault"] == "the compressed file ends early"


def test_zeros_behind_a_compressed_file_are_padding(path: Path) -> None:
    path.write_bytes(gzip.compress(DATA) + bytes(512))
    assert len(records_of(path)) == len(LINES)


def test_a_file_compressed_twice_is_refused(path: Path) -> None:
    path.write_bytes(gzip.compress(zstd(DATA)))
    with pytest.raises(SourceNotText, match="zstd file within a gzip file"):
        find_sources([path])


@every_packer
def test_a_bomb_is_stopped(
    path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "_FREE_BYTES", 1 << 20)
    path.write_bytes(pack(b'{"a":"bbbbbbbb"}\n' * 400_000))
    with pytest.raises(SourceExpands):
        records_of(path)


def test_what_unpacks_to_little_may_be_packed_tightly(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"a":"bbbbbbbb"}\n' * 100_000))
    assert len(records_of(path)) == 100_000


def test_a_limit_of_the_users_own(path: Path) -> None:
    path.write_bytes(gzip.compress(DATA))
    with pytest.raises(SourceExpands, match="unpacks to more than 1,000 bytes"):
        records_of(path, SourceOptions(limit=1000))
    assert len(records_of(path, SourceOptions(limit=len(DATA)))) == len(LINES)


def test_an_endless_line_within_a_compressed_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rolethread_store.formats.pieces.KEPT_RECORD_BYTES", 1 << 20)
    monkeypatch.setattr(lines, "_CHUNK_BYTES", 1 << 16)
    path.write_bytes(gzip.compress(b'{"a":1}\n"' + b"x" * (2 << 20)))
    with pytest.raises(RecordTooLarge):
        records_of(path)


def test_those_who_watch_hear_the_unpacked_bytes(path: Path) -> None:
    heard = bytearray()
    path.write_bytes(gzip.compress(DATA))
    for _ in read_groups(find_sources([path])[0], watcher=heard.extend):
        pass
    assert bytes(heard) == DATA


PEAK = """
import resource, sys
from pathlib import Path
from rolethread_store.formats.records import read_groups
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
faults = [fault for group in read_groups(Path(sys.argv[1])) for fault in group["fault"].to_pylist()]
print(faults, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_a_line_of_100_mb_takes_a_few_times_its_size(path: Path) -> None:
    line = b'{"messages":[{"role":"user","content":"' + b"abcdefghi " * 10_000_000 + b'"}]}'
    path.write_bytes(gzip.compress(b'{"a":1}\n' + line + b'\n{"b":2}\n', 1))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], check=True, capture_output=True, text=True
    )
    faults, _, peak = done.stdout.strip().rpartition(" ")
    assert faults == "[None, 'longer than 64 MiB', None]"
    assert int(peak) < 700
