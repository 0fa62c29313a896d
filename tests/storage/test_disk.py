"""Publication of files: exclusive, durable, for the owner only, and whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rolethread_store.errors import StoreError
from rolethread_store.storage import (
    AlreadyThere,
    Disk,
    DiskFailed,
    DiskFull,
    FileMissing,
    ReadOnly,
)
from rolethread_store.testing import Fault, FaultyDisk

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")


@pytest.fixture
def disk(tmp_path: Path) -> FaultyDisk:
    staging = tmp_path / "staging"
    made = FaultyDisk(staging)
    made.make_folder(staging)
    return made


def staged(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "staging").iterdir())


def names(disk: FaultyDisk) -> list[str]:
    return [operation.name for operation in disk.operations]


def test_put_new_publishes_once(disk: FaultyDisk, tmp_path: Path) -> None:
    path = tmp_path / "one"
    disk.put_new(path, b"first")
    with pytest.raises(AlreadyThere, match="one"):
        disk.put_new(path, b"second")
    assert disk.read(path) == b"first"
    assert disk.size(path) == 5
    assert staged(tmp_path) == []


def test_put_new_syncs_contents_then_name_then_folder(disk: FaultyDisk, tmp_path: Path) -> None:
    disk.operations.clear()
    disk.put_new(tmp_path / "one", b"x")
    assert names(disk) == ["open", "write", "sync", "link", "sync_folder"]


def test_replace_puts_the_new_in_place_of_the_old(disk: FaultyDisk, tmp_path: Path) -> None:
    path = tmp_path / "slot"
    disk.replace(path, b"old")
    disk.operations.clear()
    disk.replace(path, b"new")
    assert disk.read(path) == b"new"
    assert names(disk)[:5] == ["open", "write", "sync", "rename", "sync_folder"]
    assert staged(tmp_path) == []


def test_adopt_syncs_before_it_renames(disk: FaultyDisk, tmp_path: Path) -> None:
    foreign, final = tmp_path / "staging" / "part", tmp_path / "segment"
    foreign.write_bytes(b"rows")
    disk.operations.clear()
    disk.adopt(foreign, final)
    assert names(disk) == ["chmod", "open", "sync", "rename"]
    assert final.read_bytes() == b"rows"
    assert not foreign.exists()


@posix_only
def test_files_and_folders_belong_to_their_owner(disk: FaultyDisk, tmp_path: Path) -> None:
    disk.put_new(tmp_path / "new", b"x")
    disk.replace(tmp_path / "replaced", b"x")
    foreign = tmp_path / "staging" / "part"
    foreign.touch(mode=0o644)
    disk.adopt(foreign, tmp_path / "adopted")
    for name in ("new", "replaced", "adopted"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "staging").stat().st_mode) == 0o700


def test_list_is_sorted_and_remove_is_repeatable(disk: FaultyDisk, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    disk.make_folder(folder)
    disk.make_folder(folder)
    for name in ("b", "a", "c"):
        disk.put_new(folder / name, b"")
    disk.remove(folder / "b")
    disk.remove(folder / "b")
    assert disk.list(folder) == ("a", "c")


def test_what_is_missing_is_named(disk: FaultyDisk, tmp_path: Path) -> None:
    for ask in (disk.read, disk.size, disk.list, disk.sync_file):
        with pytest.raises(FileMissing, match="absent") as caught:
            ask(tmp_path / "absent")
        assert caught.value.hint


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, ReadOnly),
        (errno.EACCES, ReadOnly),
        (errno.EPERM, ReadOnly),
        (errno.ENOENT, FileMissing),
        (errno.EIO, DiskFailed),
    ],
)
def test_failures_have_families(
    disk: FaultyDisk, tmp_path: Path, number: int, kind: type[StoreError]
) -> None:
    disk.arm(Fault(at=0, errno=number))
    with pytest.raises(kind, match="file") as caught:
        disk.put_new(tmp_path / "file", b"x")
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)


Act = Callable[[Disk, Path], None]


def _put_new(disk: Disk, path: Path) -> None:
    disk.put_new(path, b"new contents")


def _replace(disk: Disk, path: Path) -> None:
    disk.replace(path, b"new contents")


@pytest.mark.parametrize("act", [_put_new, _replace])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("at", range(5))
def test_a_fault_at_any_step_leaves_all_or_nothing(
    disk: FaultyDisk, tmp_path: Path, act: Act, number: int, at: int
) -> None:
    path = tmp_path / "file"
    disk.arm(Fault(at=at, errno=number, lasting=True, torn=3))
    with pytest.raises((DiskFull, DiskFailed, ReadOnly)):
        act(disk, path)
    assert not path.exists() or path.read_bytes() == b"new contents"
    assert staged(tmp_path) == []
    disk.arm(None)
    disk.replace(path, b"later")
    assert path.read_bytes() == b"later"


@pytest.mark.parametrize("at", range(4))
def test_a_failed_replace_keeps_the_old(disk: FaultyDisk, tmp_path: Path, at: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    disk.arm(Fault(at=at, errno=errno.EIO))
    with pytest.raises(DiskFailed):
        disk.replace(path, b"new")
    assert path.read_bytes() == b"old"


def test_file_systems_without_links_still_publish_once(
    disk: FaultyDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    disk.put_new(tmp_path / "one", b"first")
    with pytest.raises(AlreadyThere):
        disk.put_new(tmp_path / "one", b"second")
    assert (tmp_path / "one").read_bytes() == b"first"
    assert staged(tmp_path) == []


@posix_only
def test_a_folder_that_cannot_be_synced_is_accepted(
    disk: FaultyDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, "fsync")

    monkeypatch.setattr(os, "fsync", refuse)
    number = errno.EINVAL
    disk.sync_folder(tmp_path)
    number = errno.EIO
    with pytest.raises(DiskFailed):
        disk.sync_folder(tmp_path)


def test_short_writes_are_continued(
    disk: FaultyDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write

    def little(descriptor: int, content: bytes | memoryview) -> int:
        return whole(descriptor, content[:7])

    monkeypatch.setattr(os, "write", little)
    content = bytes(range(256))
    disk.put_new(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == content
