"""Writes ``vectors/crypto-v1.json``: known answers of format version 1.

Run ``python -m tests.golden.make_crypto_vectors``. The same bytes come out every time,
because the system's random generator is replaced by a fixed stream while it runs. A
difference in the committed file means that stores already written would no longer open.

A vector names an operation, its inputs (hex unless it is text) and either the ``result``
or the ``error`` code that must be raised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

from rolethread_store.crypto import (
    KdfParams,
    Keyring,
    Kind,
    Secret,
    SlotIdentity,
    SlotKind,
    derive,
    make_key_slot,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
    new_key_file,
    parse_code,
    seal,
    seal_envelope,
    stretch,
)

__all__ = ["TARGET", "Vector", "build", "fixed_stream", "flipped"]

Vector = dict[str, str | int]

TARGET = Path(__file__).parent / "vectors" / "crypto-v1.json"

ROOT = bytes(range(32))
STORE = UUID("0190f0f0-0000-7000-8000-000000000001")
OTHER_STORE = UUID("0190f0f0-0000-7000-8000-000000000002")
BATCH = UUID("0190f0f0-0000-7000-8000-0000000000b1")
PASSPHRASE = "caf\u00e9 au clair de lune"
CONTEXT = b"store and generation"


def build() -> list[Vector]:
    """Return every vector, the same ones at each call."""
    with patch("os.urandom", fixed_stream()):
        return [
            *_derivations(),
            *_seals(),
            *_envelopes(),
            *_recovery_codes(),
            *_slots(),
            *_keyrings(),
            *_headers(),
            *_key_files(),
        ]


def fixed_stream() -> Callable[[int], bytes]:
    calls = 0

    def stream(length: int) -> bytes:
        nonlocal calls
        calls += 1
        return hashlib.shake_256(b"golden vectors, draw %d" % calls).digest(length)

    return stream


def flipped(blob: bytes, place: int, mask: int = 1) -> bytes:
    changed = bytearray(blob)
    changed[place] ^= mask
    return bytes(changed)


def _text_of(kind: str) -> bytes:
    return f"the {kind}".encode()


def _derivations() -> list[Vector]:
    cases = [("log", b"", 32), ("manifest", STORE.bytes, 32), ("slot-passphrase", b"salt", 64)]
    return [
        {
            "name": f"derive {length} bytes for {purpose}",
            "op": "derive",
            "key": ROOT.hex(),
            "purpose": purpose,
            "context": context.hex(),
            "length": length,
            "result": derive(Secret(ROOT), purpose, context, length).reveal().hex(),
        }
        for purpose, context, length in cases
    ]


def _seals() -> list[Vector]:
    text, aad = b"The lantern stays lit.", b"frame 7"
    sealed = seal(Secret(ROOT), 7, text, aad)

    def vector(name: str, **changes: str | int) -> Vector:
        usual: Vector = {"key": ROOT.hex(), "nonce": 7, "sealed": sealed.hex(), "aad": aad.hex()}
        return {"name": f"seal: {name}", "op": "unseal", **usual, **changes}

    broken = "crypto.seal-broken"
    empty = seal(Secret(ROOT), 0, b"", b"")
    return [
        vector("opens", result=text.hex()),
        vector("empty text", sealed=empty.hex(), nonce=0, aad="", result=""),
        vector("flip in the text", sealed=flipped(sealed, 3).hex(), error=broken),
        vector("flip in the tag", sealed=flipped(sealed, -1).hex(), error=broken),
        vector("truncated", sealed=sealed[:-1].hex(), error=broken),
        vector("no tag", sealed=sealed[:15].hex(), error=broken),
        vector("other nonce", nonce=8, error=broken),
        vector("other place", aad=b"frame 8".hex(), error=broken),
        vector("other key", key=bytes(32).hex(), error=broken),
    ]


def _envelopes() -> list[Vector]:
    blobs = {
        name: seal_envelope(Secret(ROOT), kind, _text_of(name), CONTEXT)
        for name, kind in ((kind.name.lower(), kind) for kind in Kind)
    }
    blob = blobs["manifest"]
    newer, older = (blob[:4] + version + blob[5:] for version in (b"\2", b"\0"))

    def vector(name: str, **changes: str) -> Vector:
        usual = {"key": ROOT.hex(), "kind": "manifest", "context": CONTEXT.hex()}
        return {
            "name": f"envelope: {name}",
            "op": "envelope",
            **usual,
            "blob": blob.hex(),
            **changes,
        }

    broken, foreign = "crypto.envelope-broken", "crypto.envelope-foreign-key"
    return [
        *(
            vector(f"{kind} opens", kind=kind, blob=each.hex(), result=_text_of(kind).hex())
            for kind, each in blobs.items()
        ),
        vector("magic", blob=flipped(blob, 0).hex(), error=broken),
        vector("version 2", blob=newer.hex(), error="crypto.envelope-too-new"),
        vector("version 0", blob=older.hex(), error=broken),
        vector("another kind", kind="trust", error=broken),
        vector("relabelled", kind="head", blob=(blob[:5] + b"\2" + blob[6:]).hex(), error=foreign),
        vector("flags", blob=flipped(blob, 6).hex(), error=broken),
        vector("salt", blob=flipped(blob, 8).hex(), error=foreign),
        vector("commitment", blob=flipped(blob, 71).hex(), error=foreign),
        vector("length", blob=flipped(blob, 72).hex(), error=broken),
        vector("huge length", blob=(blob[:72] + b"\xff" * 8 + blob[80:]).hex(), error=broken),
        vector("ciphertext", blob=flipped(blob, 80).hex(), error=broken),
        vector("tag", blob=flipped(blob, -1).hex(), error=broken),
        vector("truncated", blob=blob[:-1].hex(), error=broken),
        vector("extended", blob=(blob + b"\0").hex(), error=broken),
        vector("nothing", blob="", error=broken),
        vector("wrong key", key=bytes(32).hex(), error=foreign),
        vector("wrong context", context="", error=foreign),
    ]


def _recovery_codes() -> list[Vector]:
    code = new_code()
    bits = parse_code(code).reveal().hex()
    wrong = ("1" if code[0] != "1" else "2") + code[1:]
    mistyped = "crypto.recovery-code-mistyped"
    cases: list[tuple[str, str, str, str]] = [
        ("as printed", code, "result", bits),
        ("as typed", code.replace("-", " ").replace("0", "o").replace("1", "l"), "result", bits),
        ("lower case", code.lower().replace("-", ""), "result", bits),
        ("one wrong symbol", wrong, "error", mistyped),
        ("one symbol missing", code[:-1], "error", mistyped),
        ("one symbol more", code + "0", "error", mistyped),
        ("a U", "U" + code[1:], "error", mistyped),
        ("zeros", "0" * 36, "error", mistyped),
        ("empty", "", "error", mistyped),
    ]
    return [
        {"name": f"recovery code: {name}", "op": "recovery-code", "text": text, outcome: value}
        for name, text, outcome, value in cases
    ]


def _slots() -> list[Vector]:
    created = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    params = KdfParams(memory_kib=65536, iterations=3, lanes=4, salt=b"sixteen of salt!")
    code, root = new_code(), Secret(ROOT)
    by_code = make_recovery_slot(root, code, SlotIdentity(BATCH, STORE, created, "printed"))
    by_words = make_passphrase_slot(
        root, PASSPHRASE, params, SlotIdentity(OTHER_STORE, STORE, created, "pässword \U0001f511")
    )
    stretched: Vector = {
        "name": "stretch: a passphrase at the floor",
        "op": "stretch",
        "passphrase": PASSPHRASE,
        "salt": params.salt.hex(),
        "result": stretch(PASSPHRASE, params).reveal().hex(),
    }
    return [stretched, *_recovery_slots(by_code, code), *_passphrase_slots(by_words)]


def _slot(name: str, blob: bytes, **changes: str) -> Vector:
    fields = {"blob": blob.hex(), "store_id": str(STORE), **changes}
    return {"name": f"slot: {name}", "op": "slot", **fields}


def _sealed_again(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def _recovery_slots(blob: bytes, code: str) -> list[Vector]:
    body = blob[:-32]
    other, damaged = new_code(), "crypto.slot-damaged"
    newer = _sealed_again(body[:4] + b"\2" + body[5:])
    unknown = _sealed_again(body[:5] + b"\x09" + body[6:])
    foreign, broken = "crypto.slot-foreign", _sealed_again(flipped(body, -1))
    denied, mistyped = "crypto.wrong-recovery-code", "crypto.recovery-code-mistyped"
    spaced = _sealed_again(body.replace(b'"label":"printed"', b'"label": "printe"'))
    return [
        _slot("recovery code opens", blob, recovery_code=code, result=ROOT.hex()),
        _slot("another code", blob, recovery_code=other, error=denied),
        _slot("mistyped code", blob, recovery_code=code[1:], error=mistyped),
        _slot("passphrase instead", blob, passphrase="x", error="crypto.slot-other-secret"),
        _slot("foreign", blob, recovery_code=code, store_id=str(OTHER_STORE), error=foreign),
        _slot("flip", flipped(blob, 60), recovery_code=code, error=damaged),
        _slot("flip in the version", flipped(blob, 4, 3), recovery_code=code, error=damaged),
        _slot("newer", newer, recovery_code=code, error="crypto.slot-too-new"),
        _slot("unknown kind", unknown, recovery_code=code, error="crypto.slot-too-new"),
        _slot("forged tag", broken, recovery_code=code, error=damaged),
        _slot("header not canonical", spaced, recovery_code=code, error=damaged),
        _slot("truncated", blob[:-1], recovery_code=code, error=damaged),
        _slot("extended", blob + b"\0", recovery_code=code, error=damaged),
        _slot("nothing", b"", recovery_code=code, error=damaged),
    ]


def _passphrase_slots(blob: bytes) -> list[Vector]:
    body, decomposed = blob[:-32], PASSPHRASE.replace("\u00e9", "e\u0301")
    refused = "crypto.kdf-refused"
    weak = _sealed_again(body.replace(b'"memory_kib":65536', b'"memory_kib":65535'))
    bomb = _sealed_again(body.replace(b'"memory_kib":65536', b'"memory_kib":99999'))
    huge = body.replace(b'"iterations":3,"lanes":4', b'"iterations":3,"lanes":17')
    huge = huge[:8] + (int.from_bytes(huge[8:12], "little") + 1).to_bytes(4, "little") + huge[12:]
    weak_passes = _sealed_again(body.replace(b'"iterations":3', b'"iterations":1'))
    wrong = "crypto.wrong-passphrase"
    return [
        _slot("passphrase opens", blob, passphrase=PASSPHRASE, result=ROOT.hex()),
        _slot("passphrase, decomposed", blob, passphrase=decomposed, result=ROOT.hex()),
        _slot("wrong passphrase", blob, passphrase="cafe au clair de lune", error=wrong),
        _slot("memory raised by a forger", bomb, passphrase=PASSPHRASE, error=wrong),
        _slot("empty passphrase", blob, passphrase="", error="crypto.passphrase-unusable"),
        _slot("too little memory", weak, passphrase=PASSPHRASE, error=refused),
        _slot("too many lanes", _sealed_again(huge), passphrase=PASSPHRASE, error=refused),
        _slot("too few passes", weak_passes, passphrase=PASSPHRASE, error=refused),
    ]


def _keyrings() -> list[Vector]:
    ring = Keyring(Secret(ROOT), STORE)
    usual = {"root": ROOT.hex(), "store_id": str(STORE)}
    keys: list[Vector] = [
        {"name": f"keyring: {name}", "op": "keyring", **usual, "key": name, "result": value}
        for name, value in (
            (name, getattr(ring, name).reveal().hex())
            for name in ("manifest_key", "log_key", "head_key", "trust_key", "device_key")
        )
    ]
    data_key = b"\x44" * 32
    wrapped = ring.wrap(Secret(data_key), BATCH)

    def vector(name: str, **changes: str) -> Vector:
        fields = {**usual, "batch_id": str(BATCH), "wrapped": wrapped.hex(), **changes}
        return {"name": f"data key: {name}", "op": "unwrap", **fields}

    broken = "crypto.data-key-broken"
    return [
        *keys,
        vector("unwraps", result=data_key.hex()),
        vector("flipped", wrapped=flipped(wrapped, 9).hex(), error=broken),
        vector("truncated", wrapped=wrapped[:-8].hex(), error=broken),
        vector("another batch", batch_id=str(STORE), error=broken),
        vector("another store", store_id=str(OTHER_STORE), error=broken),
        vector("another root", root=bytes(32).hex(), error=broken),
    ]


def _headers() -> list[Vector]:
    header = b'{"magic":"RoleThread"}'
    tag = Keyring(Secret(ROOT), STORE).header_tag(header)

    def vector(name: str, **changes: str) -> Vector:
        usual = {"root": ROOT.hex(), "store_id": str(STORE), "header": header.hex()}
        return {"name": f"header: {name}", "op": "header", **usual, "tag": tag.hex(), **changes}

    return [
        vector("right", result=""),
        vector("changed", header=b"{}".hex(), error="crypto.header-forged"),
        vector("tag changed", tag=flipped(tag, 0).hex(), error="crypto.header-forged"),
        vector("tag cut", tag=tag[:16].hex(), error="crypto.header-forged"),
    ]


def _key_files() -> list[Vector]:
    """The format of the key file, and the slots that 32 random bytes open."""
    file = new_key_file()
    title, digits, check = file.split(b"\n")[:3]
    key = bytes.fromhex(digits.decode())
    damaged, unusable = "crypto.key-file-damaged", "crypto.key-file-unusable"
    newer = b"rolethread key file 2\n" + digits + b"\n" + check + b"\n"
    cases: list[tuple[str, bytes, str, str]] = [
        ("as written", file, "result", key.hex()),
        ("line ends of Windows", file.replace(b"\n", b"\r\n"), "result", key.hex()),
        ("no last line end", file.rstrip(), "result", key.hex()),
        ("a flipped digit", flipped(file, 30), "error", damaged),
        ("a flipped check", flipped(file, -2), "error", damaged),
        ("upper case", title + b"\n" + digits.upper() + b"\n" + check, "error", damaged),
        ("no check", title + b"\n" + digits + b"\n", "error", damaged),
        ("more behind it", file + b"more", "error", damaged),
        ("only the title", title, "error", damaged),
        ("newer", newer, "error", "crypto.key-file-too-new"),
        ("another file", b"\x89PNG\r\n", "error", unusable),
        ("nothing", b"", "error", unusable),
    ]
    files: list[Vector] = [
        {"name": f"key file: {name}", "op": "key-file", "content": content.hex(), outcome: value}
        for name, content, outcome, value in cases
    ]
    created = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    by_file, by_keyring = (
        make_key_slot(Secret(ROOT), Secret(key), kind, SlotIdentity(BATCH, STORE, created, "32"))
        for kind in (SlotKind.KEY_FILE, SlotKind.KEYRING)
    )
    other = bytes(32).hex()
    relabelled = _sealed_again(by_file[:5] + b"\4" + by_file[6:-32])
    wrong, foreign = "crypto.wrong-keyring-key", "crypto.slot-foreign"
    return [
        *files,
        _slot("key file opens", by_file, key=key.hex(), result=ROOT.hex()),
        _slot("keyring opens", by_keyring, key=key.hex(), result=ROOT.hex()),
        _slot("another key file", by_file, key=other, error="crypto.wrong-key-file"),
        _slot("another keyring", by_keyring, key=other, error=wrong),
        _slot("key file as keyring", relabelled, key=key.hex(), error=wrong),
        _slot("key file, words", by_file, passphrase="x", error="crypto.slot-other-secret"),
        _slot(
            "key file, foreign", by_file, key=key.hex(), store_id=str(OTHER_STORE), error=foreign
        ),
    ]


if __name__ == "__main__":
    TARGET.write_text(json.dumps(build(), indent=1, ensure_ascii=True) + "\n", encoding="ascii")
