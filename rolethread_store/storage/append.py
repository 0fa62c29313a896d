"""A file that only grows, and that acknowledges what has reached the medium.

After a failed write or sync the kernel may have dropped the pages and forgotten that it
did (the "fsyncgate" of 2018): a second sync on the same descriptor would succeed without
the data. So the first failure ends the file: it is cut back to what was acknowledged, as
far as that works, and never written again.

Behind its bytes the file keeps room, filled with zeros: a sync of bytes written over room
changes neither length nor allocation, which spares the file system a commit of its journal.
Databases do the same with their write-ahead logs. A file closed in order has no room left.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Self

from rolethread_store.errors import Unavailable
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import is_full, translated

__all__ = ["AppendFile", "AppendRefused"]

ROOM = 256 << 10
"""Bytes of zeros written ahead: some 300 edits, so that one in a hundred never pays for it."""


class AppendRefused(Unavailable):
    """The file is closed, or an earlier append failed and it may not grow any more."""

    code: ClassVar[str] = "storage.append-refused"


class AppendFile:
    """One growing file of one process.

    Use :meth:`create`. Every append is durable when it returns.

    Attributes:
        path: Where the file is.
        size: Acknowledged bytes.
    """

    __slots__ = ("_descriptor", "_disk", "_room", "path", "size")

    def __init__(self, disk: Disk, path: Path, descriptor: int) -> None:
        self._disk = disk
        self._descriptor: int | None = descriptor
        self._room = 0
        self.path = path
        self.size = 0

    @classmethod
    def create(cls, disk: Disk, path: Path, content: bytes) -> Self:
        """Create the file with its first bytes; both name and contents are durable after.

        When it fails, the file is removed again as far as that works.

        Raises:
            AlreadyThere: The name is taken; what is there is untouched.
            DiskFailed: The disk failed.
            DiskFull: No space is left.
            ReadOnly: The system forbids it.
        """
        file = cls(disk, path, disk.open_new(path))
        try:
            with translated(path):
                disk.write(file._usable, content, path)
                disk.sync(file._usable, path)
            disk.sync_folder(path.parent)
        except BaseException:
            file._poison()
            disk.discard(path)
            raise
        file.size = len(content)
        return file

    @property
    def usable(self) -> bool:
        """Whether the file may still grow."""
        return self._descriptor is not None

    @property
    def _usable(self) -> int:
        if self._descriptor is None:
            raise AppendRefused(
                f"{self.path} is not written any more after a failed write",
                hint="Close the store and open it again.",
            )
        return self._descriptor

    def append(self, content: bytes) -> None:
        """Add bytes at the end; they are durable when this returns.

        Raises:
            AppendRefused: The file is closed or an earlier append failed.
            DiskFailed: The disk failed; the file takes no more.
            DiskFull: No space is left; the file takes no more.
        """
        descriptor = self._usable
        try:
            self._disk.write(descriptor, content, self.path)
            if len(content) > self._room:
                self._make_room(descriptor, self.size + len(content))
            else:
                self._room -= len(content)
            self._disk.datasync(descriptor, self.path)
        except BaseException as error:
            # Also after an interrupt: how much of it was written is not known.
            self._poison()
            if isinstance(error, OSError):
                with translated(self.path):
                    raise
            raise
        self.size += len(content)

    def _make_room(self, descriptor: int, end: int) -> None:
        """Put zeros behind the file's new end; the sync that follows covers them as well.

        Without space for them the file goes on without room.
        """
        self._room = 0
        try:
            self._disk.write(descriptor, bytes(ROOM), self.path)
        except OSError as error:
            if not is_full(error):
                raise
        else:
            self._room = ROOM
        self._disk.seek(descriptor, end)

    def finish(self, content: bytes) -> None:
        """Add last bytes without waiting for the medium, and close; failures are ignored.

        For a mark that says "closed in order" and that nothing depends on.
        """
        if self._descriptor is None:
            return
        try:
            # First the cut, which writes nothing: after a kill in between there is no room
            # left, and no mark.
            if self._room:
                self._disk.truncate(self._descriptor, self.size, self.path)
            self._disk.write(self._descriptor, content, self.path)
        except OSError:
            self._poison()
        else:
            self.size += len(content)
            self.close()

    def close(self) -> None:
        """Close the file; it stays as it is."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with suppress(OSError):
                os.close(descriptor)

    def _poison(self) -> None:
        """Cut back to the acknowledged bytes, if the disk lets us, and never write again."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._disk.truncate(self._descriptor, self.size, self.path)
        self.close()
