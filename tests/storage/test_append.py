"""The append file: durable when it returns, and finished at its first failure."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rolethread_store.storage import (
    AlreadyThere,
    AppendFile,
    AppendRefused,
    DiskFailed,
    DiskFull,
    append,
)
from rolethread_store.testing import Fault, FaultyDisk


@pytest.fixture
def disk(tmp_path: Path) -> FaultyDisk:
    return FaultyDisk(tmp_path)


def test_it_grows_and_syncs_each_time(disk: FaultyDisk, tmp_path: Path) -> None:
    file = AppendFile.create(disk, tmp_path / "log", b"head")
    file.append(b"one")
    file.append(b"two")
    assert file.size == 10
    file.finish(b"end")
    assert not file.usable
    assert (tmp_path / "log").read_bytes() == b"headonetwoend"
    assert [operation.name for operation in disk.operations] == [
        "open", "write", "sync", "sync_folder",
        "write", "write", "datasync",
        "write", "datasync",
        "truncate", "write",
    ]  # fmt: skip


def test_it_is_written_over_room(disk: FaultyDisk, tmp_path: Path) -> None:
    """A sync of bytes that change neither length nor allocation is a third cheaper."""
    path = tmp_path / "log"
    file = AppendFile.create(disk, path, b"head")
    file.append(b"one")
    size = path.stat().st_size
    assert path.read_bytes() == b"headone" + bytes(append.ROOM)
    file.append(b"two")
    assert path.read_bytes() == b"headonetwo" + bytes(append.ROOM - 3)
    file.append(bytes(append.ROOM - 3))
    assert path.stat().st_size == size, "all of the room is used"
    file.append(b"more")
    assert path.stat().st_size == size + 4 + append.ROOM
    file.close()


def test_a_disk_too_full_for_room_is_used_to_the_last_byte(
    disk: FaultyDisk, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    file = AppendFile.create(disk, path, b"head")
    for content in (b"one", b"two"):
        disk.arm(Fault(at=1, errno=errno.ENOSPC, only=frozenset({"write"}), torn=2))
        file.append(content)
    assert path.read_bytes() == b"headonetwo" + bytes(2)
    assert (file.size, file.usable) == (10, True)


def test_a_disk_that_fails_at_the_room_ends_the_file(disk: FaultyDisk, tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = AppendFile.create(disk, path, b"head")
    disk.arm(Fault(at=1, errno=errno.EIO, only=frozenset({"write"}), torn=2))
    with pytest.raises(DiskFailed):
        file.append(b"one")
    assert not file.usable
    assert path.read_bytes() == b"head"


def test_creation_is_exclusive(disk: FaultyDisk, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"another's")
    with pytest.raises(AlreadyThere):
        AppendFile.create(disk, path, b"head")
    assert path.read_bytes() == b"another's"


@pytest.mark.parametrize("at", range(4))
def test_a_failed_creation_leaves_no_file(disk: FaultyDisk, tmp_path: Path, at: int) -> None:
    disk.arm(Fault(at=at, errno=errno.EIO, torn=2))
    with pytest.raises(DiskFailed):
        AppendFile.create(disk, tmp_path / "log", b"head")
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("operation", ["write", "datasync"])
@pytest.mark.parametrize("torn", [0, 1, 5])
def test_a_failed_append_ends_the_file(
    disk: FaultyDisk, tmp_path: Path, operation: str, torn: int
) -> None:
    file = AppendFile.create(disk, tmp_path / "log", b"head")
    disk.arm(Fault(at=0, errno=errno.ENOSPC, only=frozenset({operation}), torn=torn))
    with pytest.raises(DiskFull, match="log"):
        file.append(b"record")
    assert not file.usable
    assert (tmp_path / "log").read_bytes() == b"head"
    syncs = len(disk.operations)
    with pytest.raises(AppendRefused):
        file.append(b"record")
    assert len(disk.operations) == syncs, "the descriptor must not be tried again"
    assert (tmp_path / "log").read_bytes() == b"head"


def test_a_disk_that_refuses_to_cut_back_keeps_the_torn_bytes(
    disk: FaultyDisk, tmp_path: Path
) -> None:
    file = AppendFile.create(disk, tmp_path / "log", b"head")
    disk.arm(Fault(at=0, errno=errno.EIO, lasting=True, torn=2))
    with pytest.raises(DiskFailed):
        file.append(b"record")
    assert (tmp_path / "log").read_bytes() == b"headre"
    assert not file.usable


def test_an_interrupt_ends_the_file_too(
    disk: FaultyDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = AppendFile.create(disk, tmp_path / "log", b"head")

    def interrupt(descriptor: int, path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "datasync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        file.append(b"record")
    assert not file.usable
    assert (tmp_path / "log").read_bytes() == b"head"


def test_finishing_ignores_a_full_disk(disk: FaultyDisk, tmp_path: Path) -> None:
    file = AppendFile.create(disk, tmp_path / "log", b"head")
    disk.arm(Fault(at=0, errno=errno.ENOSPC, only=frozenset({"write"}), torn=1))
    file.finish(b"end")
    file.finish(b"end")
    file.close()
    assert (tmp_path / "log").read_bytes() == b"head"
