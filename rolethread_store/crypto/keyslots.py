"""Key slots: the store root key, sealed under one secret each.

Slots are independent files; one damaged slot leaves the others usable, and changing the
passphrase rewrites one of them. Layout, little-endian::

    offset   bytes  field
         0       4  magic, b"RTSK"
         4       1  version, 1
         5       1  kind: 1 passphrase, 2 recovery code, 3 key file, 4 system keyring
         6       2  reserved, 0
         8       4  N, length of the header, at most 4096
        12       N  header, canonical JSON in UTF-8 (see ``slot_header``)
      12+N      32  commitment
      44+N      48  AES-256-GCM of the 32-byte root key, nonce 0, tag last
      92+N      32  SHA-256 of everything before

The slot's 32-byte secret is, for a passphrase, Argon2id of it (see ``kdf``); for the 20 bytes
of a recovery code and the 32 of a key file or of the system keyring, HKDF-Extract-SHA256 of
them with ``salt``: random bits need no slow function. Key and commitment are the halves of
64 bytes derived from it (``aead.derive``) with the purpose ``slot-passphrase``,
``slot-recovery-code``, ``slot-key-file`` or ``slot-keyring`` and the context
``salt + store id + slot id``. Bytes 0 to 44+N are the associated data.

The three ways a slot fails are three errors, because people act differently on them:
the trailing SHA-256 (in that place in every version) finds damage, the version finds a
newer program, and the commitment finds a wrong passphrase. The SHA-256 is no protection
from forgery: commitment and tag are.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass
from typing import ClassVar, NoReturn
from uuid import UUID

from rolethread_store.crypto.aead import (
    KEY_BYTES,
    TAG_BYTES,
    SealBroken,
    derive,
    extract,
    open_sealed,
    seal,
)
from rolethread_store.crypto.kdf import KdfParams, stretch
from rolethread_store.crypto.recovery import parse_code
from rolethread_store.crypto.secret import Secret
from rolethread_store.crypto.slot_header import (
    MAX_HEADER,
    SlotDamaged,
    SlotHeader,
    SlotIdentity,
    SlotKind,
    decoded,
    encoded,
)
from rolethread_store.errors import Corrupt, Denied, Unsupported

__all__ = [
    "MAX_SLOT",
    "SlotForeign",
    "SlotOtherSecret",
    "SlotTooNew",
    "WrongKeyFile",
    "WrongKeyringKey",
    "WrongPassphrase",
    "WrongRecoveryCode",
    "make_key_slot",
    "make_passphrase_slot",
    "make_recovery_slot",
    "open_slot",
    "read_slot_header",
]

_MAGIC = b"RTSK"
_VERSION = 1
_SALT_BYTES = 32
_COMMITMENT_BYTES = 32
_SEALED_BYTES = KEY_BYTES + TAG_BYTES
_DIGEST_BYTES = 32
_PREFIX = struct.Struct("<4sBBHI")
_AROUND = _PREFIX.size + _COMMITMENT_BYTES + _SEALED_BYTES + _DIGEST_BYTES

MAX_SLOT = 64 * 1024
"""Bytes above which a file is no slot of any version, and is not read into memory."""

_KINDS = frozenset(SlotKind)
_RANDOM_KINDS = frozenset({SlotKind.KEY_FILE, SlotKind.KEYRING})
_PURPOSES = {
    SlotKind.PASSPHRASE: "slot-passphrase",
    SlotKind.RECOVERY_CODE: "slot-recovery-code",
    SlotKind.KEY_FILE: "slot-key-file",
    SlotKind.KEYRING: "slot-keyring",
}


class WrongPassphrase(Denied):
    """The passphrase does not open this key slot."""

    code: ClassVar[str] = "crypto.wrong-passphrase"


class WrongRecoveryCode(Denied):
    """The recovery code is well formed but belongs to another slot or store."""

    code: ClassVar[str] = "crypto.wrong-recovery-code"


class WrongKeyFile(Denied):
    """The key file is whole but belongs to another slot or store."""

    code: ClassVar[str] = "crypto.wrong-key-file"


class WrongKeyringKey(Denied):
    """The key in the system keyring belongs to another slot or store."""

    code: ClassVar[str] = "crypto.wrong-keyring-key"


class SlotOtherSecret(Denied):
    """The key slot opens with another sort of secret than the one given."""

    code: ClassVar[str] = "crypto.slot-other-secret"


class SlotForeign(Corrupt):
    """The key slot belongs to another store."""

    code: ClassVar[str] = "crypto.slot-foreign"


class SlotTooNew(Unsupported):
    """The key slot was written by a newer version of the program."""

    code: ClassVar[str] = "crypto.slot-too-new"


@dataclass(frozen=True)
class _Parts:
    """A slot taken apart."""

    header: SlotHeader
    aad: bytes
    commitment: bytes
    sealed: bytes


def make_passphrase_slot(
    root: Secret, passphrase: str, params: KdfParams, identity: SlotIdentity
) -> bytes:
    """Return the bytes of a slot that opens with a passphrase; takes the KDF's time.

    Raises:
        PassphraseUnusable: If the passphrase is empty or not Unicode text.
        KdfRefused: If the parameters are outside the bounds.
        LabelUnusable: If the label is too long or not Unicode text.
    """
    header = _header(SlotKind.PASSPHRASE, identity, params)
    return _made(root, stretch(passphrase, params), header)


def make_recovery_slot(root: Secret, code: str, identity: SlotIdentity) -> bytes:
    """Return the bytes of a slot that opens with a recovery code.

    Raises:
        RecoveryCodeMistyped: If ``code`` is not a recovery code.
        LabelUnusable: If the label is too long or not Unicode text.
    """
    header = _header(SlotKind.RECOVERY_CODE, identity, None)
    return _made(root, extract(header.salt, parse_code(code)), header)


def make_key_slot(root: Secret, key: Secret, kind: SlotKind, identity: SlotIdentity) -> bytes:
    """Return the bytes of a slot that opens with 32 random bytes.

    Args:
        root: The store root key.
        key: What a key file or the system keyring holds.
        kind: Which of the two.
        identity: The slot's.

    Raises:
        ValueError: If ``kind`` is neither of them, or the key is not 32 bytes.
        LabelUnusable: If the label is too long or not Unicode text.
    """
    if kind not in _RANDOM_KINDS or len(key) != KEY_BYTES:
        raise ValueError("a key slot of this kind takes exactly 32 random bytes")
    header = _header(kind, identity, None)
    return _made(root, extract(header.salt, key), header)


def read_slot_header(blob: bytes) -> SlotHeader:
    """Return what a slot says of itself without any secret; not yet authenticated.

    Raises:
        SlotDamaged: If the bytes are not a slot as it was written.
        SlotTooNew: If a newer program wrote it.
        KdfRefused: If its key derivation parameters are outside the bounds.
    """
    return _parsed(blob).header


def open_slot(
    blob: bytes,
    *,
    store_id: UUID,
    passphrase: str | None = None,
    recovery_code: str | None = None,
    key: Secret | None = None,
) -> Secret:
    """Return the store root key.

    Args:
        blob: The slot's bytes.
        store_id: The store that the slot must belong to.
        passphrase: The passphrase, for a slot of that kind.
        recovery_code: The recovery code, for a slot of that kind.
        key: The 32 bytes of the key file or system keyring, for a slot of these kinds.

    Raises:
        WrongPassphrase: If the passphrase is wrong.
        WrongRecoveryCode: If the recovery code is wrong.
        WrongKeyFile: If the key file is that of another slot.
        WrongKeyringKey: If the key of the system keyring is that of another slot.
        RecoveryCodeMistyped: If the recovery code has a typing mistake.
        SlotOtherSecret: If the slot takes another sort of secret.
        SlotForeign: If the slot belongs to another store.
        SlotDamaged: If the bytes are not a slot as it was written.
        SlotTooNew: If a newer program wrote it.
        KdfRefused: If its key derivation parameters are outside the bounds.
    """
    parts = _parsed(blob)
    if parts.header.store_id != store_id:
        raise SlotForeign(
            f"key slot {parts.header.slot_id} belongs to another store",
            hint="Put back the keys folder of this store.",
        )
    secret = _secret(parts.header, passphrase, recovery_code, key)
    sealing, expected = _keys(secret, parts.header)
    if not hmac.compare_digest(parts.commitment, expected):
        _refuse(parts.header.kind)
    try:
        return Secret(open_sealed(sealing, 0, parts.sealed, parts.aad))
    except SealBroken as error:
        raise SlotDamaged(f"key slot {parts.header.slot_id} was changed") from error


def _header(kind: SlotKind, identity: SlotIdentity, kdf: KdfParams | None) -> SlotHeader:
    return SlotHeader(kind=kind, identity=identity, salt=os.urandom(_SALT_BYTES), kdf=kdf)


def _made(root: Secret, secret: Secret, header: SlotHeader) -> bytes:
    if len(root) != KEY_BYTES:
        raise ValueError("a store root key is exactly 32 bytes")
    text = encoded(header)
    key, commitment = _keys(secret, header)
    prefix = _PREFIX.pack(_MAGIC, _VERSION, header.kind, 0, len(text))
    aad = prefix + text + commitment
    body = aad + seal(key, 0, root.reveal(), aad)
    return body + hashlib.sha256(body).digest()


def _keys(secret: Secret, header: SlotHeader) -> tuple[Secret, bytes]:
    context = header.salt + header.store_id.bytes + header.slot_id.bytes
    both = derive(secret, _PURPOSES[header.kind], context, KEY_BYTES + _COMMITMENT_BYTES)
    value = both.reveal()
    both.wipe()
    secret.wipe()
    return Secret(value[:KEY_BYTES]), value[KEY_BYTES:]


def _parsed(blob: bytes) -> _Parts:
    body, digest = blob[:-_DIGEST_BYTES], blob[-_DIGEST_BYTES:]
    if not body.startswith(_MAGIC):
        raise SlotDamaged("this is not a key slot")
    if hashlib.sha256(body).digest() != digest:
        raise SlotDamaged(
            "the key slot is damaged",
            hint="Open the store with its recovery code, or restore the slot from a backup.",
        )
    # From here the bytes are as some program wrote them: what is unknown is newer.
    if len(body) > len(_MAGIC) and body[len(_MAGIC)] > _VERSION:
        raise _too_new(f"format version {body[len(_MAGIC)]}")
    if len(blob) < _AROUND:
        raise SlotDamaged("the key slot is incomplete")
    _, version, kind, reserved, size = _PREFIX.unpack_from(blob)
    if version != _VERSION or size > MAX_HEADER or len(blob) != _AROUND + size:
        raise SlotDamaged("the key slot is not built as its header says")
    if kind not in _KINDS or reserved != 0:
        raise _too_new(f"kind {kind}")
    start = _PREFIX.size + size
    end = start + _COMMITMENT_BYTES
    header = decoded(body[_PREFIX.size : start], SlotKind(kind))
    return _Parts(header, body[:end], body[start:end], body[end:])


def _secret(
    header: SlotHeader, passphrase: str | None, recovery_code: str | None, key: Secret | None
) -> Secret:
    if header.kdf is not None and passphrase is not None:
        return stretch(passphrase, header.kdf)
    if header.kind is SlotKind.RECOVERY_CODE and recovery_code is not None:
        return extract(header.salt, parse_code(recovery_code))
    if header.kind in _RANDOM_KINDS and key is not None:
        return extract(header.salt, key)
    wanted = header.kind.name.lower().replace("_", " ")
    raise SlotOtherSecret(f"key slot {header.slot_id} opens with a {wanted}")


def _refuse(kind: SlotKind) -> NoReturn:
    if kind is SlotKind.RECOVERY_CODE:
        raise WrongRecoveryCode(
            "this recovery code belongs to another store",
            hint="It has no typing mistake; look for the code printed for this store.",
        )
    if kind is SlotKind.KEY_FILE:
        raise WrongKeyFile(
            "this key file belongs to another store, or its slot was made for another file",
            hint="Name the key file that was made for this store.",
        )
    if kind is SlotKind.KEYRING:
        raise WrongKeyringKey(
            "the key in the system keyring does not open this store",
            hint="Open the store another way, then: rolethread slots add keyring",
        )
    raise WrongPassphrase(
        "the passphrase is wrong",
        hint="Try again, or open the store with its recovery code.",
    )


def _too_new(what: str) -> SlotTooNew:
    return SlotTooNew(
        f"the key slot has {what}, which this program does not know",
        hint="Install a newer version of RoleThread Store.",
    )
