"""Digests of files agree with digests of bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rolethread_store.storage import TAIL_BYTES, FileMissing, sha256_file, tail_digest


@pytest.mark.parametrize("size", [0, 1, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 300_000])
def test_digests_of_any_length(tmp_path: Path, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    path = tmp_path / "file"
    path.write_bytes(content)
    assert sha256_file(path) == (hashlib.sha256(content).hexdigest(), size)
    assert tail_digest(path) == hashlib.sha256(content[-TAIL_BYTES:]).hexdigest()
    assert tail_digest(path, 10) == hashlib.sha256(content[-10:]).hexdigest()


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="absent"):
        sha256_file(tmp_path / "absent")
    with pytest.raises(FileMissing, match="absent"):
        tail_digest(tmp_path / "absent")
