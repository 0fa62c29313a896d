"""The bytes of a change log file: its header and its sealed frames.

Pure: bytes in, bytes out. ``docs/format.md`` describes every byte; in short::

    header  "RTLG" | version u8 | 0 0 0 | store_id 16 | log_id 16 | salt 32 | commitment 32
    frame   length u32 | number u32 | crc32(length, number) u32 | AES-256-GCM (length bytes)

    key, commitment = HKDF(log key, "log", store_id | log_id | salt, 64 bytes)
    nonce = number;  associated data = SHA-256(header) | the frame's first 12 bytes
    plaintext = codec u8 | kind u8 | body

A file has a key of its own and is written by one process life, which never seals a number
twice. So the number alone fixes a frame's place: a frame that was moved, copied, skipped
or taken from another file does not open. The checksum finds where a frame begins when the
one before it is damaged; it protects nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import zlib
from enum import IntEnum
from typing import ClassVar, NamedTuple
from uuid import UUID

from rolethread_store.crypto.aead import TAG_BYTES, SealBroken, Sealer, derive
from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import Corrupt, InvalidInput, Unsupported

__all__ = [
    "FRAME_HEAD_BYTES",
    "HEADER_BYTES",
    "MAX_BODY",
    "MAX_FRAMES",
    "MIN_FRAME",
    "Frame",
    "FrameCodec",
    "FrameKind",
    "FrameTooLong",
    "LogCipher",
    "LogDamaged",
    "LogTooNew",
    "head_of",
    "is_head",
]

_HEADER = struct.Struct("<4sB3s16s16s32s32s")
_HEAD = struct.Struct("<II")
_CRC = struct.Struct("<I")
_MAGIC = b"RTLG"
_VERSION = 1
_PLAIN, _ZLIB = 0, 1
# Below this a deflate costs more of an edit's time than the bytes it saves are worth.
_COMPRESS_FROM = 8 * 1024

HEADER_BYTES = _HEADER.size
FRAME_HEAD_BYTES = _HEAD.size + _CRC.size
MAX_BODY = 64 * 1024 * 1024
MAX_FRAMES = 1 << 24
"""Most frames of one file, and so seals under one key (promise 9)."""
_MIN_SEALED = 2 + TAG_BYTES
_MAX_SEALED = _MIN_SEALED + MAX_BODY
MIN_FRAME = FRAME_HEAD_BYTES + _MIN_SEALED
"""Bytes of the shortest possible frame, whose body is empty."""


class LogDamaged(Corrupt):
    """The change log is not what was written; the message names file and place.

    Attributes:
        number: Number of the file that ends too early, when that is what is wrong.
    """

    code: ClassVar[str] = "changelog.damaged"
    number: int | None = None


class LogTooNew(Unsupported):
    """The change log was written by a newer program."""

    code: ClassVar[str] = "changelog.too-new"


class FrameTooLong(InvalidInput):
    """One change set is larger than a frame may be."""

    code: ClassVar[str] = "changelog.frame-too-long"


class FrameKind(IntEnum):
    """What a frame's body is."""

    LINK = 0
    RECORD = 1
    END = 2


_KINDS = tuple(FrameKind)


class Frame(NamedTuple):
    """One frame that opened.

    Attributes:
        kind: What the body is.
        body: The opened, inflated body.
        end: Offset in the file of the first byte after the frame.
        tag: The frame's authentication tag, its last 16 bytes.
    """

    kind: FrameKind
    body: bytes
    end: int
    tag: bytes


class FrameCodec:
    """Seals and opens the frames of one log file; made by :class:`LogCipher`.

    Attributes:
        header: The file's first :data:`HEADER_BYTES` bytes.
        log_id: The file's identity.
    """

    __slots__ = ("_digest", "_sealer", "header", "log_id")

    def __init__(self, key: Secret, header: bytes, log_id: UUID) -> None:
        self._sealer = Sealer(key)
        self._digest = hashlib.sha256(header).digest()
        self.header = header
        self.log_id = log_id

    def seal(self, number: int, kind: FrameKind, body: bytes) -> bytes:
        """Return the frame; numbers must ascend, whether or not the frame is kept.

        Raises:
            FrameTooLong: The body exceeds :data:`MAX_BODY`.
            NonceRefused: The number was used before.
        """
        if len(body) > MAX_BODY:
            raise FrameTooLong(
                f"One change of {len(body)} bytes is more than the log takes ({MAX_BODY})",
                hint="Import large entries from a file instead of editing them in one step.",
            )
        codec, packed = _PLAIN, body
        if len(body) >= _COMPRESS_FROM:
            deflated = zlib.compress(body, level=1)
            if len(deflated) < len(body):
                codec, packed = _ZLIB, deflated
        plaintext = bytes((codec, kind)) + packed
        head = _HEAD.pack(len(plaintext) + TAG_BYTES, number)
        head += _CRC.pack(zlib.crc32(head))
        return head + self._sealer.seal(number, plaintext, self._digest + head)

    def open(self, raw: bytes, offset: int, number: int) -> Frame | None:
        """Return the frame with this number at this place, ``None`` when it is not there.

        Args:
            raw: The whole file.
            offset: Where the frame would begin.
            number: The number it must have.

        Raises:
            LogDamaged: It is authentic but cannot be inflated.
            LogTooNew: It is authentic but of a kind this program does not know.
        """
        begin = offset + FRAME_HEAD_BYTES
        if begin > len(raw) or not is_head(raw, offset):
            return None
        length, stored = _HEAD.unpack_from(raw, offset)
        end = begin + length
        if stored != number or end > len(raw):
            return None
        try:
            aad = self._digest + raw[offset:begin]
            plaintext = self._sealer.open(number, raw[begin:end], aad)
        except SealBroken:
            return None
        return self._unpack(plaintext, end, raw[end - TAG_BYTES : end])

    def _unpack(self, plaintext: bytes, end: int, tag: bytes) -> Frame:
        """Take an authentic plaintext apart."""
        codec, kind, body = plaintext[0], plaintext[1], plaintext[2:]
        if codec > _ZLIB or kind > FrameKind.END:
            raise LogTooNew(
                f"The change log file {self.log_id.hex} was written by a newer program",
                hint="Install the newest release of RoleThread Store.",
            )
        if codec == _ZLIB:
            inflate = zlib.decompressobj()
            try:
                body = inflate.decompress(body, MAX_BODY + 1)
            except zlib.error as error:
                raise LogDamaged(f"A frame of {self.log_id.hex} does not inflate") from error
            if len(body) > MAX_BODY or not inflate.eof:
                raise LogDamaged(f"A frame of {self.log_id.hex} does not inflate to its end")
        return Frame(_KINDS[kind], body, end, tag)


def is_head(raw: bytes, offset: int) -> bool:
    """Return whether a frame may begin here: a possible length and a right checksum.

    ``raw`` must hold :data:`FRAME_HEAD_BYTES` from ``offset`` on.
    """
    middle = offset + _HEAD.size
    if _CRC.unpack_from(raw, middle)[0] != zlib.crc32(raw[offset:middle]):
        return False
    length: int = _HEAD.unpack_from(raw, offset)[0]
    return _MIN_SEALED <= length <= _MAX_SEALED


def head_of(raw: bytes, offset: int) -> tuple[int, int]:
    """Return the sealed length and the number in a frame's first bytes."""
    length, number = _HEAD.unpack_from(raw, offset)
    return length, number


class LogCipher:
    """The keys of a store's log files.

    Args:
        log_key: The keyring's key for the change log.
        store_id: The store, bound into every file's key.
    """

    __slots__ = ("_log_key", "_store_id")

    def __init__(self, log_key: Secret, store_id: UUID) -> None:
        self._log_key = log_key
        self._store_id = store_id

    def fresh(self, log_id: UUID) -> FrameCodec:
        """Return the codec of a new file, with a key nobody used before."""
        salt = os.urandom(32)
        key, commitment = self._derived(log_id, salt)
        fields = (_MAGIC, _VERSION, bytes(3), self._store_id.bytes, log_id.bytes)
        return FrameCodec(key, _HEADER.pack(*fields, salt, commitment), log_id)

    def of_header(self, header: bytes, log_id: UUID) -> FrameCodec:
        """Return the codec of an existing file.

        Args:
            header: The file's first :data:`HEADER_BYTES` bytes.
            log_id: The identity its name claims.

        Raises:
            LogDamaged: The header is not one, is another file's or another store's.
            LogTooNew: The format is newer than this program.
        """
        magic, version, zeros, store, log, salt, commitment = _HEADER.unpack(header)
        name = f"The change log file {log_id.hex}"
        if magic != _MAGIC or version == 0:
            raise LogDamaged(f"{name} does not begin as one (byte 0)")
        if version > _VERSION:
            raise LogTooNew(
                f"{name} has format {version}; this program knows format {_VERSION}",
                hint="Install the newest release of RoleThread Store.",
            )
        if store != self._store_id.bytes or log != log_id.bytes or any(zeros):
            raise LogDamaged(f"{name} has the header of another file or store (byte 8)")
        key, expected = self._derived(log_id, salt)
        if not hmac.compare_digest(commitment, expected):
            raise LogDamaged(f"{name} was not written with this store's key (byte 40)")
        return FrameCodec(key, header, log_id)

    def _derived(self, log_id: UUID, salt: bytes) -> tuple[Secret, bytes]:
        """Derive a file's key and the commitment to it."""
        context = self._store_id.bytes + log_id.bytes + salt
        both = derive(self._log_key, "log", context, 64).reveal()
        return Secret(both[:32]), both[32:]
