"""What tells a file from another by its content, found while it is read.

XXH3 with 128 bits: not against forgers, whom an import would not fear, but against taking
one file for another by chance; with the size beside it no two files of a lifetime meet.
Measured at 2 GB: the hash adds 0.2 s of a thread that otherwise waits for the disk.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import xxhash

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

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

    def over(self, source: _Readable) -> io.BufferedReader:
        """Return a reader of the same bytes; what is passed over by a seek is hashed too."""
        return io.BufferedReader(_Tee(source, self), _STEP)

    def feed(self, data: ReadableBuffer, size: int) -> None:
        """Take the next bytes."""
        self._hash.update(data)
        self._size += size

    @property
    def found(self) -> ContentDigest:
        """The digest of all that has passed."""
        return ContentDigest(self._hash.hexdigest(), self._size)


class _Tee(io.RawIOBase):
    """A source read in one direction, each byte once."""

    def __init__(self, source: _Readable, digest: StreamDigest) -> None:
        self._source = source
        self._digest = digest
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        count = self._source.readinto(buffer)
        if count:
            with memoryview(buffer) as view:
                self._digest.feed(view[:count], count)
            self._place += count
        return count

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go forward to a place; what lies between is read."""
        target = offset + (self._place if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or target < self._place:
            raise io.UnsupportedOperation("a stream that is hashed is read once")
        while self._place < target:
            if not self.readinto(bytearray(min(target - self._place, _STEP))):
                break
        return self._place


def digest_of(source: _Readable) -> ContentDigest:
    """Return the digest of everything a source still holds."""
    digest = StreamDigest()
    room = bytearray(_STEP)
    with memoryview(room) as view:
        while count := source.readinto(view):
            digest.feed(view[:count], count)
    return digest.found
