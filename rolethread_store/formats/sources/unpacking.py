"""Compressed sources, read as they are unpacked and never written anywhere in clear.

What a file is told by its first bytes. A file that ends early or is damaged gives all that
can be unpacked of it, and then says so: the reader of records turns that into a fault.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from io import RawIOBase
from typing import Protocol, cast

import pyarrow as pa

from rolethread_store.formats.sources.failures import SourceExpands
from rolethread_store.formats.sources.stream import Stream

__all__ = ["Bound", "Checked", "Unpacked", "compression_of"]

_MARKS = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
# What zlib is told of the frame: gzip's own, or none, as in archives.
_WINDOWS = {"gzip": 31, "deflate": -15}
_INPUT_BYTES = 256 << 10
_OUTPUT_BYTES = 256 << 10
# xz gives nothing of a call that meets damage: small calls lose little.
_XZ_OUTPUT_BYTES = 4 << 10
# Text of dialogues shrinks by 3 to 20; a file of one repeated record by about 1000.
_RATIO = 200
_FREE_BYTES = 1 << 30
_EARLY = "the compressed file ends early"
_DAMAGED = "the compressed file is damaged from here on"
_DICTIONARY_BYTES = 256 << 20


def compression_of(head: bytes) -> str | None:
    """Return how a file with these first bytes is compressed, ``None`` if it is not."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


class Bound:
    """How much a compressed source may unpack to.

    Args:
        shown: The source, for the message.
        limit: Bytes of output allowed, whatever the ratio; ``None`` for 200 times the input
            and always 1 GiB.
    """

    def __init__(self, shown: str, limit: int | None) -> None:
        self._shown = shown
        self._limit = limit

    def check(self, packed: int, unpacked: int) -> None:
        """Stop what unpacks to too much.

        Raises:
            SourceExpands: the bytes taken in do not account for those given out.
        """
        allowed = self._limit if self._limit is not None else max(_FREE_BYTES, _RATIO * packed)
        if unpacked > allowed:
            raise SourceExpands(
                f"{self._shown} unpacks to more than {allowed:,} bytes from {packed:,}",
                hint="unpack it yourself if you trust it; nothing was imported",
            )


class _Codec(Protocol):
    """What the three decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes: ...


class _Zlib:
    """The decompressor of zlib, with the face of the others and nothing lost where it fails."""

    def __init__(self, window: int) -> None:
        self._codec = zlib.decompressobj(wbits=window)
        self._before, self._fed, self._given = self._codec, b"", 0
        self._failed = False

    @property
    def eof(self) -> bool:
        return self._codec.eof

    @property
    def unused_data(self) -> bytes:
        return self._codec.unused_data

    def decompress(self, data: bytes, max_length: int = -1, /) -> bytes:
        if self._failed:
            raise zlib.error
        fed = self._codec.unconsumed_tail + data
        if data:
            self._before, self._fed, self._given = self._codec.copy(), fed, 0
        try:
            part = self._codec.decompress(fed, max_length)
        except zlib.error:
            self._failed = True
            part = self._rescued()
            if not part:
                raise
        self._given += len(part)
        return part

    def _rescued(self) -> bytes:
        """Return what the failed call had unpacked, which zlib keeps to itself.

        A checksum comes last: without this, a wrong one would cost the text before it, and
        not its last character alone.
        """
        codec, fed, part = self._before, self._fed, bytearray()
        while self._given:
            self._given -= len(codec.decompress(fed, self._given))
            fed = codec.unconsumed_tail
        try:
            while byte := codec.decompress(fed, 1):
                part += byte
                fed = codec.unconsumed_tail
        except zlib.error:
            pass
        return bytes(part)


def _new_codec(kind: str) -> _Codec:
    if kind in _WINDOWS:
        return _Zlib(_WINDOWS[kind])
    if kind == "bzip2":
        return cast(_Codec, bz2.BZ2Decompressor())
    return cast(_Codec, lzma.LZMADecompressor(memlimit=_DICTIONARY_BYTES))


class Unpacked(RawIOBase):
    """A feed that unpacks another stream.

    Attributes:
        broken: Why it ended early, ``None`` if it did not.
    """

    def __init__(self, packed: Stream, kind: str, bound: Bound) -> None:
        super().__init__()
        self.broken: str | None = None
        self._packed = packed
        self._bound = bound
        self._given = 0
        self._meter = _Meter(packed)
        self._step = _XZ_OUTPUT_BYTES if kind == "xz" else _OUTPUT_BYTES
        self._parts = _Zstd(self._meter) if kind == "zstd" else _Members(self._meter, kind)

    def readable(self) -> bool:
        """Tell that bytes can be read."""
        return True

    def readinto(self, room: object, /) -> int:
        """Unpack some bytes into the room; zero at the end, or where nothing more unpacks."""
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        if self.broken is not None:
            return 0
        part = self._parts.read(min(len(view), self._step))
        self.broken = self._parts.broken or self._packed.broken
        self._given += len(part)
        self._bound.check(self._meter.taken, self._given)
        view[: len(part)] = part
        return len(part)

    def close(self) -> None:
        """Close the packed stream."""
        self._packed.close()
        super().close()


class _Meter(RawIOBase):
    """Counts what is taken from the packed stream."""

    def __init__(self, packed: Stream) -> None:
        super().__init__()
        self.taken = 0
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, room: object, /) -> int:
        count = self._packed.readinto(room)
        self.taken += count
        return count


class _Members:
    """Gzip members, bzip2 or xz streams, one after the other, or one bare deflate stream."""

    def __init__(self, packed: _Meter, kind: str) -> None:
        self.broken: str | None = None
        self._packed = packed
        self._kind = kind
        self._codec = _new_codec(kind)
        self._waiting = b""
        self._ended = False

    def read(self, count: int) -> bytes:
        while not self._ended:
            # A finished codec is not asked again: zlib's would count its leftovers twice.
            if self._codec.eof:
                self._next_member()
                continue
            try:
                part = self._codec.decompress(self._waiting, count)
            except (zlib.error, lzma.LZMAError, OSError, EOFError):
                return self._stop(_DAMAGED)
            self._waiting = b""
            if part:
                return part
            if not self._codec.eof:
                self._waiting = self._packed.read(_INPUT_BYTES) or b""
                if not self._waiting:
                    return self._stop(_EARLY)
        return b""

    def _next_member(self) -> None:
        """Go on behind the end of a member; padding with zeros is allowed there."""
        if self._kind == "deflate":
            self._ended = True
            return
        rest = self._codec.unused_data.lstrip(b"\0")
        while not rest and (more := self._packed.read(_INPUT_BYTES)):
            rest = more.lstrip(b"\0")
        if not rest:
            self._ended = True
            return
        if len(rest) < len(_MARKS[3][0]):
            rest += self._packed.read(_INPUT_BYTES) or b""
        if compression_of(rest) != self._kind:
            self._stop("something else follows the end of the compressed file")
            return
        self._codec, self._waiting = _new_codec(self._kind), rest

    def _stop(self, reason: str) -> bytes:
        self.broken, self._ended = reason, True
        return b""


class _Zstd:
    """Zstandard by way of Arrow; the standard library has it from Python 3.14 on."""

    def __init__(self, packed: _Meter) -> None:
        self.broken: str | None = None
        self._reader = pa.CompressedInputStream(pa.PythonFile(packed, mode="r"), "zstd")

    def read(self, count: int) -> bytes:
        # Arrow does not say how much it had unpacked when it fails, but it leaves it in the
        # room; the byte it is filled with stands in no UTF-8.
        room = bytearray(b"\xff") * count
        try:
            return bytes(room[: self._reader.readinto(room)])
        except OSError as error:
            self.broken = _EARLY if "runcated" in str(error) else _DAMAGED
            return bytes(room).rstrip(b"\xff")


class Checked(RawIOBase):
    """A feed over what an archive's member unpacks to, held against what the archive says of it.

    Attributes:
        broken: Why it is not what was packed, ``None`` as far as is known.
    """

    def __init__(self, member: Stream, crc: int, size: int) -> None:
        """Begin.

        Args:
            member: The member's unpacked bytes.
            crc: CRC-32 they should have.
            size: Their number.
        """
        super().__init__()
        self.broken: str | None = None
        self._member = member
        self._left = size
        self._expected, self._crc = crc, 0

    def readable(self) -> bool:
        """Tell that bytes can be read."""
        return True

    def readinto(self, room: object, /) -> int:
        """Read some bytes into the room; zero at the end."""
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        count = self._member.readinto(view)
        self._crc = zlib.crc32(view[:count], self._crc)
        self._left -= count
        if count < len(view):
            self.broken = self._member.broken
            if self.broken is None and (self._left or self._crc != self._expected):
                self.broken = "the archive is damaged: this file is not what was packed"
        return count

    def close(self) -> None:
        """Close the member."""
        self._member.close()
        super().close()
