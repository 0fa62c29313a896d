"""Bytes on their way, counted and hashed as they pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from rolethread_store.storage.failures import translated
from rolethread_store.sync.failures import LocalFileDamaged

__all__ = ["Tally", "file_chunks", "file_range", "sha256"]

_BLOCK = 2**20


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes in hex: the name of an object."""
    return hashlib.sha256(content).hexdigest()


class Tally:
    """Digest and length of what has passed.

    Attributes:
        size: Bytes so far.
    """

    __slots__ = ("_hash", "size")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the bytes so far."""
        return self._hash.hexdigest()

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the chunks on, counting them."""
        for chunk in chunks:
            self._hash.update(chunk)
            self.size += len(chunk)
            yield chunk

    def drain(self, chunks: Iterable[bytes]) -> None:
        """Count the chunks and drop them."""
        for _ in self.over(chunks):
            pass


def file_chunks(path: Path, digest: str) -> Iterator[bytes]:
    """Return a file block by block.

    Raises:
        FileMissing: There is no such file.
        DiskFailed: It cannot be read.
        LocalFileDamaged: After the last block, if the file has another SHA-256 than ``digest``.
    """
    tally = Tally()
    with translated(path):
        file = path.open("rb")
    with file:
        while True:
            with translated(path):
                chunk = file.read(_BLOCK)
            if not chunk:
                break
            yield from tally.over((chunk,))
    if tally.sha256 != digest:
        raise _damaged(path)


def file_range(path: Path, offset: int, size: int) -> bytes:
    """Return ``size`` bytes of a file from ``offset``.

    Raises:
        FileMissing: There is no such file.
        DiskFailed: It cannot be read.
        LocalFileDamaged: The file is shorter.
    """
    with translated(path), path.open("rb") as file:
        file.seek(offset)
        content = file.read(size)
    if len(content) != size:
        raise _damaged(path)
    return content


def _damaged(path: Path) -> LocalFileDamaged:
    return LocalFileDamaged(
        f"{path} is not what the store wrote; it was not pushed",
        hint="Restore the store from an earlier backup into a new folder.",
    )
