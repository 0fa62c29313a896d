"""Several engines of one store that spill at once do not meet in their files."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.errors import Unavailable
from rolethread_store.testing.crashing import records

QUERY = (
    "SELECT count(*), CAST(sum(hash(text)) AS VARCHAR) FROM (SELECT "
    "md5(content || i || '{salt}') || content AS text FROM messages, range(5000) AS many(i) "
    "ORDER BY text OFFSET 1)"
)


def test_two_readers_spill_at_once(tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    source.write_text(records(40))
    path = tmp_path / "store"
    with rolethread_store.create(path, passphrase="x", kdf=floor_params()) as store:
        store.dataset("tavern").import_file(source)
        code = store.recovery_code
        expected = [store.sql(QUERY.format(salt=salt)).fetchall() for salt in "ab"]

    def ask(salt: str) -> list[tuple[object, ...]]:
        with rolethread_store.open(path, recovery_code=code, memory_limit="60MB") as reader:
            return reader.sql(QUERY.format(salt=salt)).fetchall()

    spilled = set()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, salt) for salt in "ab"]
        while not all(answer.done() for answer in asked):
            spilled.add(sum(bool(files) for _, _, files in os.walk(path / "spill")))
            time.sleep(0.01)
    assert [answer.result() for answer in asked] == expected
    assert 2 in spilled, "they did not spill at the same time"
    assert list((path / "spill").iterdir()) == []


def test_nowhere_to_spill_is_no_damage(tmp_path: Path) -> None:
    """On a read-only disk a query that must spill fails for what it is; small ones answer."""
    source = tmp_path / "source.jsonl"
    source.write_text(records(40))
    path = tmp_path / "store"
    with rolethread_store.create(path, passphrase="x", kdf=floor_params()) as store:
        store.dataset("tavern").import_file(source)
        code = store.recovery_code
    shutil.rmtree(path / "spill")
    (path / "spill").write_bytes(b"no folder can be made in here")
    with rolethread_store.open(path, recovery_code=code, memory_limit="60MB") as reader:
        with pytest.raises(Unavailable, match="spill"):
            reader.sql(QUERY.format(salt="a")).fetchall()
        assert reader.dataset("tavern").count() == 40
