"""A disk with so much room and no more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from rolethread_store.storage.disk import Disk

__all__ = ["FullDisk"]


class FullDisk(Disk):
    """The real disk, which takes only so many more bytes.

    A write that does not fit leaves behind what did. What is removed makes room, unless
    the file has another name still.

    Args:
        staging: As for :class:`~rolethread_store.storage.disk.Disk`.
        free: Bytes it takes.

    Attributes:
        free: Bytes it takes from now on; ``None`` for no limit.
        refused: How many writes did not fit.
    """

    def __init__(self, staging: Path, free: int | None = 0) -> None:
        super().__init__(staging)
        self.free = free
        self.refused = 0

    def write(self, descriptor: int, content: bytes, path: Path) -> None:
        """Write what there is room for.

        Raises:
            OSError: ENOSPC, when that is not all.
        """
        if self.free is None:
            super().write(descriptor, content, path)
            return
        # What is written over bytes that are there takes no room.
        there = os.fstat(descriptor).st_size - os.lseek(descriptor, 0, os.SEEK_CUR)
        fits = content[: self.free + max(there, 0)]
        super().write(descriptor, fits, path)
        self.free -= max(0, len(fits) - max(there, 0))
        if len(fits) < len(content):
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def truncate(self, descriptor: int, size: int, path: Path) -> None:
        """Cut a file, which makes room."""
        cut = os.fstat(descriptor).st_size - size
        super().truncate(descriptor, size, path)
        if self.free is not None:
            self.free += cut

    def unlink(self, path: Path) -> None:
        """Take a name away, which makes room if it was the last."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return
        super().unlink(path)
        if self.free is not None and found.st_nlink == 1:
            self.free += found.st_size
