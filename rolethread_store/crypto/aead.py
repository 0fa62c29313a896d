r"""AES-256-GCM with nonces counted by the caller, and keys derived by purpose.

Nonces are never random here: every key is used by one object or one log file, and counts
from zero. A nonce used twice under one key gives away the XOR of two texts and the
authentication key, so a ``Sealer`` refuses any nonce that is not above its last one, and
``observers`` let a test see every (key, nonce) pair of the whole program.

Derivation is HKDF-Expand-SHA256 (RFC 5869 §2.3) with the info string
``b"rolethread/v1/" + purpose + b"\0" + context``. A purpose has no zero byte and every
context in the program has one fixed layout per purpose, so no two uses share an info.

A sealed text is the ciphertext followed by the 16-byte tag, as RFC 5116 has it; the nonce
is the counter as 12 bytes, big-endian, and is not stored with it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import Conflict, Corrupt

__all__ = [
    "KEY_BYTES",
    "MAX_NONCE",
    "TAG_BYTES",
    "NonceRefused",
    "SealBroken",
    "Sealer",
    "derive",
    "extract",
    "observers",
    "open_sealed",
    "seal",
]

KEY_BYTES = 32
TAG_BYTES = 16
# NIST SP 800-38D §8.3: at most 2**32 invocations under one key.
MAX_NONCE = 2**32 - 1

_INFO_PREFIX = b"rolethread/v1/"

observers: list[Callable[[bytes, int], None]] = []
"""Called at each seal with the first 16 bytes of SHA-256 of the key, and the nonce."""


class SealBroken(Corrupt):
    """Sealed bytes, or what they are bound to, are not what was sealed with this key."""

    code: ClassVar[str] = "crypto.seal-broken"


class NonceRefused(Conflict):
    """A nonce would repeat under its key, or the key has sealed all it may."""

    code: ClassVar[str] = "crypto.nonce-refused"


def derive(key: Secret, purpose: str, context: bytes, length: int = KEY_BYTES) -> Secret:
    """Derive a key for one purpose by HKDF-Expand-SHA256.

    Args:
        key: 32 uniformly random bytes: a root key, a derived key or a stretched passphrase.
        purpose: Printable ASCII, such as ``"manifest"``.
        context: What the key is for: ids and salts, in the purpose's fixed layout.
        length: Bytes wanted, at most 8160.

    Raises:
        ValueError: If the key is not 32 bytes or the purpose is not printable ASCII.
    """
    if len(key) != KEY_BYTES:
        # HMAC pads short keys with zeros: with one length no two keys act alike.
        raise ValueError("keys are derived from exactly 32 bytes")
    if not (purpose and purpose.isascii() and purpose.isprintable()):
        raise ValueError("a purpose is printable ASCII")
    info = _INFO_PREFIX + purpose.encode("ascii") + b"\0" + context
    return Secret(HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key.reveal()))


def extract(salt: bytes, material: Secret) -> Secret:
    """Turn random bytes of any length into a 32-byte key by HKDF-Extract-SHA256."""
    return Secret(hmac.digest(salt, material.reveal(), "sha256"))


class Sealer:
    """Seals many texts under one key, keeping the cipher's set-up between them.

    Args:
        key: 32 bytes, used by this sealer only.

    Raises:
        ValueError: If the key is not 32 bytes.
    """

    __slots__ = ("_cipher", "_fingerprint", "_last")

    def __init__(self, key: Secret) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("AES-256 takes exactly 32 bytes")
        value = key.reveal()
        self._cipher = AESGCM(value)
        self._fingerprint = hashlib.sha256(value).digest()[:16]
        self._last = -1

    def seal(self, nonce: int, plaintext: bytes, aad: bytes) -> bytes:
        """Return the ciphertext and its tag.

        Args:
            nonce: Above every nonce this sealer was given before.
            plaintext: What to hide.
            aad: What to bind without hiding.

        Raises:
            NonceRefused: If the nonce does not ascend, or is beyond 2**32 - 1.
        """
        if not self._last < nonce <= MAX_NONCE:
            raise NonceRefused("this nonce must not be used again under its key")
        # Spent even if sealing fails below: a retry must not meet it again.
        self._last = nonce
        for observe in observers:
            observe(self._fingerprint, nonce)
        return self._cipher.encrypt(nonce.to_bytes(12, "big"), plaintext, aad)

    def open(self, nonce: int, ciphertext: bytes, aad: bytes) -> bytes:
        """Return the plaintext.

        Raises:
            SealBroken: If key, nonce, ciphertext or ``aad`` differ in any bit.
        """
        if not 0 <= nonce <= MAX_NONCE or len(ciphertext) < TAG_BYTES:
            raise SealBroken("sealed bytes are incomplete")
        try:
            return self._cipher.decrypt(nonce.to_bytes(12, "big"), ciphertext, aad)
        except InvalidTag as error:
            raise SealBroken("sealed bytes do not authenticate") from error

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "Sealer(***)"


def seal(key: Secret, nonce: int, plaintext: bytes, aad: bytes) -> bytes:
    """Seal one text; see ``Sealer.seal``. The key must serve this text alone."""
    return Sealer(key).seal(nonce, plaintext, aad)


def open_sealed(key: Secret, nonce: int, ciphertext: bytes, aad: bytes) -> bytes:
    """Open one text; see ``Sealer.open``."""
    return Sealer(key).open(nonce, ciphertext, aad)
