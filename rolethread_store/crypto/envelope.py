"""A small versioned sealed object: manifest, sync head, trust record.

Layout, little-endian, 80 bytes of header and then the ciphertext to the end of the object::

    offset  bytes  field
         0      4  magic, b"RTSE"
         4      1  version, 1
         5      1  kind: 1 manifest, 2 head, 3 trust
         6      2  flags, 0
         8     32  salt, random
        40     32  commitment
        72      8  length of the ciphertext with its 16-byte tag
        80      -  AES-256-GCM ciphertext and tag

Key and commitment are the two halves of 64 bytes derived from the caller's key (see
``aead.derive``) with the purpose ``envelope-manifest``, ``envelope-head`` or
``envelope-trust`` and the context ``salt + context``. The key serves this one object, so
its nonce is 0. All 80 header bytes are the associated data.

The commitment is compared before anything is decrypted. GCM alone lets one ciphertext
open under two keys; the commitment does not, and it tells a wrong key (or an object from
another place: wrong ``context``) from damage.
"""

from __future__ import annotations

import hmac
import os
import struct
from enum import IntEnum
from typing import ClassVar

from rolethread_store.crypto.aead import (
    KEY_BYTES,
    TAG_BYTES,
    SealBroken,
    derive,
    open_sealed,
    seal,
)
from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import Corrupt, InvalidInput, Unsupported

__all__ = [
    "MAX_PLAINTEXT",
    "EnvelopeBroken",
    "EnvelopeForeignKey",
    "EnvelopeTooLarge",
    "EnvelopeTooNew",
    "Kind",
    "open_envelope",
    "seal_envelope",
]

MAX_PLAINTEXT = 2**30

_MAGIC = b"RTSE"
_VERSION = 1
_SALT_BYTES = 32
_COMMITMENT_BYTES = 32
_HEADER = struct.Struct("<4sBBH32s32sQ")


class Kind(IntEnum):
    """What an envelope holds."""

    MANIFEST = 1
    HEAD = 2
    TRUST = 3


class EnvelopeBroken(Corrupt):
    """The bytes are not an envelope as it was written."""

    code: ClassVar[str] = "crypto.envelope-broken"


class EnvelopeForeignKey(Corrupt):
    """The envelope was sealed under another key or for another place."""

    code: ClassVar[str] = "crypto.envelope-foreign-key"


class EnvelopeTooNew(Unsupported):
    """The envelope was written by a newer version of the program."""

    code: ClassVar[str] = "crypto.envelope-too-new"


class EnvelopeTooLarge(InvalidInput):
    """More than 1 GiB was to be put into one envelope."""

    code: ClassVar[str] = "crypto.envelope-too-large"


def seal_envelope(key: Secret, kind: Kind, plaintext: bytes, context: bytes) -> bytes:
    """Seal ``plaintext`` as an object that opens only with the same key, kind and context.

    Args:
        key: 32 bytes.
        kind: What it holds.
        plaintext: At most 1 GiB.
        context: Where it belongs, such as store id and generation; not stored.

    Raises:
        EnvelopeTooLarge: If the plaintext is above 1 GiB.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise EnvelopeTooLarge("an envelope holds at most 1 GiB")
    salt = os.urandom(_SALT_BYTES)
    object_key, commitment = _keys(key, kind, salt, context)
    size = len(plaintext) + TAG_BYTES
    header = _HEADER.pack(_MAGIC, _VERSION, kind, 0, salt, commitment, size)
    return header + seal(object_key, 0, plaintext, header)


def open_envelope(key: Secret, kind: Kind, blob: bytes, context: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        EnvelopeTooNew: If a newer program wrote it.
        EnvelopeForeignKey: If key, kind, context or salt are not those it was sealed with.
        EnvelopeBroken: If anything else differs from what was written.
    """
    salt, commitment = _parsed(blob, kind)
    object_key, expected = _keys(key, kind, salt, context)
    if not hmac.compare_digest(commitment, expected):
        raise EnvelopeForeignKey("the object was sealed under another key or for another place")
    header, ciphertext = blob[: _HEADER.size], blob[_HEADER.size :]
    try:
        return open_sealed(object_key, 0, ciphertext, header)
    except SealBroken as error:
        raise EnvelopeBroken("the sealed object is damaged") from error


def _parsed(blob: bytes, kind: Kind) -> tuple[bytes, bytes]:
    """Return salt and commitment of a header that is right in every other field."""
    if len(blob) < _HEADER.size + TAG_BYTES:
        raise EnvelopeBroken("the sealed object is incomplete")
    magic, version, found, flags, salt, commitment, size = _HEADER.unpack_from(blob)
    if magic != _MAGIC:
        raise EnvelopeBroken("this is not a sealed object")
    if version > _VERSION:
        raise EnvelopeTooNew(
            f"the sealed object has format version {version}; this program knows {_VERSION}",
            hint="Install a newer version of RoleThread Store.",
        )
    if version != _VERSION or flags != 0:
        raise EnvelopeBroken("the header of the sealed object is damaged")
    if found != kind:
        raise EnvelopeBroken(f"the sealed object is not a {kind.name.lower()}")
    if size != len(blob) - _HEADER.size or size > MAX_PLAINTEXT + TAG_BYTES:
        raise EnvelopeBroken("the sealed object is not as long as its header says")
    return salt, commitment


def _keys(key: Secret, kind: Kind, salt: bytes, context: bytes) -> tuple[Secret, bytes]:
    purpose = f"envelope-{kind.name.lower()}"
    both = derive(key, purpose, salt + context, KEY_BYTES + _COMMITMENT_BYTES)
    value = both.reveal()
    both.wipe()
    return Secret(value[:KEY_BYTES]), value[KEY_BYTES:]
