"""What tells a file from another by its content, found while it is read.

XXH3 with 128 bits: not against forgers, whom an import would not fear, but against taking
one file for another by chance; with the size beside it no two files of a lifetime meet.
Measured at 2 GB: the hash adds 0.2 s of a thread that otherwise waits for the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import xxhash

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ContentDigest", "StreamDigest", "digest_of"]

_STEP = 4 << 20


class _Readable(Protocol):
    """Anything that fills a buffer."""

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        """Read bytes into the buffer and return how many."""


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """The digest of a file's bytes (XXH3-128, hex) and how many they are."""

    digest: str
    size: int


class StreamDigest:
    """Hashes what passes through a reader, from the first byte to the last."""

    def __init__(self) -> None:
        self._hash = xxhash.xxh3_128()
        self._size = 0

    def hear(self, data: memoryview) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self._size += len(data)

    def take(self, source: _Readable) -> None:
        """Take everything a source still holds."""
        room = bytearray(_STEP)
        with memoryview(room) as view:
            while count := source.readinto(view):
                self.hear(view[:count])

    @property
    def found(self) -> ContentDigest:
        """The digest of all that has passed."""
        return ContentDigest(self._hash.hexdigest(), self._size)


def digest_of(source: _Readable) -> ContentDigest:
    """Return the digest of everything a source still holds."""
    digest = StreamDigest()
    digest.take(source)
    return digest.found
