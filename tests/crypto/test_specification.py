"""``docs/format.md`` is enough: a reader written from it alone opens what the program seals."""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from rolethread_store.crypto import (
    Keyring,
    Kind,
    Secret,
    SlotKind,
    make_key_slot,
    new_key_file,
    seal_envelope,
)
from tests.crypto.conftest import STORE_ID, Slot

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def hkdf_expand(key: bytes, purpose: str, context: bytes, length: int = 32) -> bytes:
    info = b"rolethread/v1/" + purpose.encode() + b"\0" + context
    block, out = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:length]


def read_slot(blob: bytes, secret: str) -> bytes:
    assert blob[:5] == b"RTSK\1"
    assert hashlib.sha256(blob[:-32]).digest() == blob[-32:]
    end = 12 + int.from_bytes(blob[8:12], "little")
    header = json.loads(blob[12:end])
    salt = bytes.fromhex(header["salt"])
    if blob[5] == 1:
        kdf = header["kdf"]
        argon = Argon2id(
            salt=bytes.fromhex(kdf["salt"]),
            length=32,
            iterations=kdf["iterations"],
            lanes=kdf["lanes"],
            memory_cost=kdf["memory_kib"],
        )
        material = argon.derive(unicodedata.normalize("NFC", secret).encode())
        purpose = "slot-passphrase"
    elif blob[5] in (3, 4):
        material = hmac.digest(salt, bytes.fromhex(secret), "sha256")
        purpose = {3: "slot-key-file", 4: "slot-keyring"}[blob[5]]
    else:
        number = 0
        for symbol in secret.replace("-", "")[:32]:
            number = number * 32 + ALPHABET.index(symbol)
        material = hmac.digest(salt, number.to_bytes(20, "big"), "sha256")
        purpose = "slot-recovery-code"
    ids = bytes.fromhex(header["store_id"] + header["slot_id"])
    both = hkdf_expand(material, purpose, salt + ids, 64)
    assert both[32:] == blob[end : end + 32]
    return AESGCM(both[:32]).decrypt(bytes(12), blob[end + 32 : -32], blob[: end + 32])


def read_envelope(key: bytes, purpose: str, blob: bytes, context: bytes) -> bytes:
    assert blob[:5] == b"RTSE\1"
    both = hkdf_expand(key, purpose, blob[8:40] + context, 64)
    assert both[32:] == blob[40:72]
    return AESGCM(both[:32]).decrypt(bytes(12), blob[80:], blob[:80])


def test_slots_are_as_specified(passphrase_slot: Slot, recovery_slot: Slot) -> None:
    for slot in (passphrase_slot, recovery_slot):
        assert read_slot(slot.blob, slot.secret) == slot.root.reveal()


def test_key_files_and_their_slots_are_as_specified(recovery_slot: Slot) -> None:
    title, digits, check = new_key_file().decode("ascii").removesuffix("\n").split("\n")
    assert title == "rolethread key file 1"
    assert hashlib.sha256(f"{title}\n{digits}\n".encode()).hexdigest()[:16] == check
    for kind in (SlotKind.KEY_FILE, SlotKind.KEYRING):
        key = Secret(bytes.fromhex(digits))
        blob = make_key_slot(recovery_slot.root, key, kind, recovery_slot.identity)
        assert read_slot(blob, digits) == recovery_slot.root.reveal()


def test_the_keyring_is_as_specified() -> None:
    root, batch_id = bytes(range(32)), UUID(int=77)
    ring = Keyring(Secret(root), STORE_ID)
    for purpose, secret in (
        ("manifest", ring.manifest_key),
        ("log", ring.log_key),
        ("head", ring.head_key),
        ("trust", ring.trust_key),
        ("device", ring.device_key),
    ):
        assert secret.reveal() == hkdf_expand(root, purpose, STORE_ID.bytes)
    header_key = hkdf_expand(root, "header", STORE_ID.bytes)
    assert ring.header_tag(b"header") == hmac.digest(header_key, b"header", "sha256")
    wrapping = hkdf_expand(root, "data-key-wrap", STORE_ID.bytes + batch_id.bytes)
    data_key = ring.new_data_key()
    assert aes_key_unwrap(wrapping, ring.wrap(data_key, batch_id)) == data_key.reveal()


def test_envelopes_are_as_specified() -> None:
    key = Secret.random()
    for kind in Kind:
        blob = seal_envelope(key, kind, b"what it says", b"where")
        purpose = f"envelope-{kind.name.lower()}"
        assert read_envelope(key.reveal(), purpose, blob, b"where") == b"what it says"
