"""Key files outside the store: for their owner only, never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rolethread_store.storage import (
    AlreadyThere,
    FileMissing,
    KeyFileExposed,
    read_key_file,
    write_key_file,
)


def test_what_is_written_comes_back_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "my.key"
    write_key_file(path, b"key")
    assert read_key_file(path, 10) == b"key"
    assert list(tmp_path.iterdir()) == [path]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(b"dear diary")
    with pytest.raises(AlreadyThere):
        write_key_file(path, b"key")
    assert path.read_bytes() == b"dear diary"
    assert list(tmp_path.iterdir()) == [path]


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "film"
    write_key_file(path, bytes(100_000))
    assert len(read_key_file(path, 1024)) == 1025


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_what_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "my.key"
    write_key_file(path, b"key")
    path.chmod(mode)
    with pytest.raises(KeyFileExposed) as caught:
        read_key_file(path, 10)
    assert (caught.value.hint or "").startswith("chmod 600")


def test_a_missing_one_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_key_file(tmp_path / "none", 10)
    with pytest.raises(FileMissing):
        write_key_file(tmp_path / "no folder" / "key", b"")
