"""A word in every text of a store that no file anywhere may show.

The work runs in processes with a home, a temporary and a working folder of their own, so
that all they write is known. Two of them are killed: one while it spills, one while it
imports.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb
import pytest

import rolethread_store
from rolethread_store.store import restore_store
from rolethread_store.testing.answers import answers

MARKER: Final = "Kanarienvogel7319"
PROCESS: Final = Path(__file__).with_name("canary_process.py")
WATCHED: Final = ("store", "remote", "home", "temporary", "working", "restored")


def shapes(word: str) -> Iterator[bytes]:
    """Yield the ways a word can lie in a file: encodings, and base64 at every alignment."""
    yield word.encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield word.encode().hex().encode()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + word.encode())
        # The first and the last group mix with what surrounds the word.
        yield encoded[4:-4]


NEEDLES: Final = tuple(shapes(MARKER))


def found_in(content: bytes) -> bool:
    return any(needle in content for needle in NEEDLES)


def sightings(paths: Iterable[Path]) -> list[Path]:
    """Return every file whose path or content shows the marker."""
    return [
        file
        for path in paths
        for file in path.rglob("*")
        if MARKER in file.name or (file.is_file() and found_in(file.read_bytes()))
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("sources", "export", "home", "temporary", "working"):
        (tmp_path / name).mkdir()
    lines = [
        json.dumps(
            {
                "messages": [
                    {"role": "system", "content": f"You are {MARKER} number {number}."},
                    {"role": "user", "name": f"user {MARKER}", "content": f"{MARKER}? {number}"},
                    {
                        "role": "assistant",
                        "character": f"figure {MARKER}",
                        "content": f"{MARKER}! {number} " * 12,
                    },
                ],
                "tags": [f"tag {MARKER} {number % 7}"],
                "notes": {MARKER: MARKER},
            }
        )
        for number in range(1_500)
    ]
    lines[700] = f'{{"messages": "{MARKER}'
    source = tmp_path / "sources" / f"{MARKER} source.jsonl"
    source.write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def start(folder: Path, step: str) -> subprocess.Popen[bytes]:
    private = {
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(folder / "home" / "cache"),
        "TMPDIR": str(folder / "temporary"),
        "TEMP": str(folder / "temporary"),
        "TMP": str(folder / "temporary"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    return subprocess.Popen(
        [sys.executable, str(PROCESS), step, str(folder), MARKER],
        cwd=folder / "working",
        env=os.environ | private,
        stdout=subprocess.PIPE,
    )


def kill_when_large(folder: Path, step: str, grows: Path, size: int) -> list[Path]:
    """Kill a process once a folder holds so many bytes; return what it left there."""
    with start(folder, step) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            for _ in range(6_000):
                if held(grows) >= size:
                    break
                assert process.poll() is None, "it ended by itself"
                time.sleep(0.01)
            else:
                pytest.fail(f"nothing grew in {grows.name}")
        finally:
            process.kill()
    return [path for path in grows.rglob("*") if path.is_file()]


def held(folder: Path) -> int:
    """Return the bytes in a folder whose files come and go."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(place) / name).stat().st_size
    return size


@pytest.mark.timeout(300)
def test_nothing_readable_is_written(folder: Path) -> None:
    with start(folder, "work") as process:
        assert process.wait(timeout=110) == 0
    watched = [folder / name for name in WATCHED]
    exported = folder / "export" / f"{MARKER}.jsonl"
    assert found_in(exported.read_bytes()), "the net has holes"
    assert sightings(watched) == []

    spilled = kill_when_large(folder, "query", folder / "store" / "spill", 20_000_000)
    assert spilled, "a killed query leaves its spill"
    assert sightings(watched) == []

    staged = kill_when_large(folder, "bring", folder / "store" / "staging", 200_000)
    assert staged, "a killed import leaves what it staged"
    assert sightings(watched) == []

    passphrase = f"pass {MARKER}"
    with rolethread_store.open(folder / "store", passphrase=passphrase) as store:
        assert found_in(repr(answers(store)).encode())
        store.undo()
        store.push()
    assert list((folder / "store" / "spill").iterdir()) == []
    assert list((folder / "store" / "staging").iterdir()) == []
    restore_store((folder / "remote").as_uri(), folder / "restored", passphrase=passphrase)
    assert (folder / "restored" / "STORE").is_file()
    assert sightings(watched) == []


def test_the_net_catches_a_readable_spill(tmp_path: Path) -> None:
    """The same sort without encryption shows the word: the test above can fail."""
    with duckdb.connect() as connection:
        for setting in (
            "memory_limit='60MB'",
            f"temp_directory='{tmp_path.as_posix()}/spill'",
            "temp_file_encryption=false",
            "preserve_insertion_order=false",
        ):
            connection.execute(f"SET {setting}")
        connection.execute(
            f"CREATE TABLE rows AS SELECT md5(i::VARCHAR) || '{MARKER}' || i AS text "
            "FROM range(1_500_000) AS many(i)"
        )
        connection.execute("SELECT count(*) FROM (SELECT text FROM rows ORDER BY text DESC)")
        assert held(tmp_path / "spill") > 1_000_000
        assert sightings([tmp_path / "spill"])
