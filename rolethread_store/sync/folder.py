"""Durable writing into a remote that is a plain folder: a disk, a USB stick, a share.

An object is staged, synced, given its name without replacing what has it, and its folder
is synced: a drive pulled out at any moment holds whole objects or none. Generic
file-system layers do not sync, and publish a cut-off file when a write fails.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import translated

__all__ = ["land"]

_STAGING = "v1/staging"
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


def land(root: Path, name: str, chunks: Iterable[bytes]) -> None:
    """Write one object under a name that must be free.

    Args:
        root: The remote's folder; created if it is not there.
        name: Path below it, with ``/``.
        chunks: The bytes; an error raised while they are produced leaves nothing behind.

    Raises:
        OSError: Untranslated; ``FileExistsError`` if the name is taken.
        DiskFull: The disk of the remote has no room.
        ReadOnly: The system forbids it.
    """
    final = root / name
    if final.exists():
        raise FileExistsError(errno.EEXIST, "File exists", name)
    disk = Disk(root / _STAGING)
    _make_folders(disk, root / _STAGING)
    _make_folders(disk, final.parent)
    staged = root / _STAGING / f"{secrets.token_hex(8)}.part"
    try:
        _write(disk, staged, chunks)
        _publish(staged, final)
    finally:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
    disk.sync_folder(final.parent)


def _write(disk: Disk, staged: Path, chunks: Iterable[bytes]) -> None:
    descriptor = disk.open_new(staged)
    try:
        for chunk in chunks:
            with translated(staged):
                disk.write(descriptor, chunk, staged)
        with translated(staged):
            disk.sync(descriptor, staged)
    finally:
        os.close(descriptor)


def _publish(staged: Path, final: Path) -> None:
    """Give the staged file its name; FAT and some shares have no links to do it atomically."""
    try:
        os.link(staged, final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Names carry the digest of their content, so two writers bring the same bytes.
        staged.rename(final)


def _make_folders(disk: Disk, folder: Path) -> None:
    """Create a folder and its parents, their names durable."""
    if folder.is_dir():
        return
    _make_folders(disk, folder.parent)
    disk.make_folder(folder)
    disk.sync_folder(folder.parent)
