"""Room kept for the day the disk is full.

Undo and delete only add a few hundred bytes to the log, but at zero bytes free even these
find no room. So a file that says nothing lies beside the log, and is given up for them.
It is random: a file system that compresses would keep zeros in no room at all.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from rolethread_store.errors import NotFound, StoreError
from rolethread_store.storage.disk import Disk

__all__ = ["RESERVE_BYTES", "Reserve"]

RESERVE_BYTES = 64 * 1024
"""Enough for a log file's first frames on any block size, or the deletion of 1,500 entries."""


class Reserve:
    """A file whose only use is its removal.

    Args:
        path: Where it is.
        disk: How it is reached.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk

    def keep(self) -> None:
        """Make the file if it is not there and there is room; failures wait for the next time."""
        with suppress(StoreError):
            try:
                self._disk.size(self._path)
            except NotFound:
                self._disk.put_new(self._path, os.urandom(RESERVE_BYTES))

    def release(self) -> bool:
        """Give the room back to the disk; return whether there was any."""
        try:
            self._disk.size(self._path)
            self._disk.remove(self._path)
        except StoreError:
            return False
        return True
