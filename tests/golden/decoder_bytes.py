"""The sealed bytes of a store of format 1, opened as ``docs/format.md`` says.

The lower half of :mod:`tests.golden.decoder`: keys, slots, manifest and change log. Nothing
of the package is used, so what both answer rests on no mistake of one of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

Row = dict[str, Any]
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MOST_BODY = 64 << 20
SLOT_HEADER = {"created_at", "kdf", "label", "salt", "slot_id", "store_id"}
# What reading bytes of another shape than specified ends in.
DAMAGE = (LookupError, TypeError, ValueError, AttributeError, OSError, struct.error, zlib.error,
          InvalidTag, InvalidUnwrap)  # fmt: skip


class Refused(Exception):
    """The bytes are not what format 1 says."""


class TooNew(Refused):
    """They are of a later version of the format."""


def require(holds: object, complaint: str, error: type[Refused] = Refused) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise error(complaint)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Refuse what has another shape than expected."""
    try:
        yield
    except DAMAGE as error:
        raise Refused(f"{what}: {type(error).__name__}: {error}") from error


def derive(key: bytes, purpose: str, context: bytes, length: int = 32) -> bytes:
    """Derive a key for one purpose."""
    info = b"rolethread/v1/" + purpose.encode() + b"\0" + context
    return HKDFExpand(SHA256(), length, info).derive(key)


def committed(key: bytes, purpose: str, context: bytes, commitment: bytes) -> AESGCM:
    """Return the cipher of one object, whose commitment must be the one it carries."""
    both = derive(key, purpose, context, 64)
    require(hmac.compare_digest(both[32:], commitment), f"{purpose}: another key or place")
    return AESGCM(both[:32])


def data_key(root: bytes, store: bytes, batch: Row) -> bytes:
    """Unwrap the key of a segment batch."""
    wrapping = derive(root, "data-key-wrap", store + UUID(batch["batch_id"]).bytes)
    return aes_key_unwrap(wrapping, bytes.fromhex(batch["wrapped_key"]))


@refusing("STORE")
def public_header(raw: bytes) -> Row:
    """Read the file ``STORE``."""
    line, feed, rest = raw.partition(b"\n")
    checksum = hashlib.sha256(line + feed).hexdigest().encode()
    require(rest == checksum + b"\n", "STORE: checksum")
    fields: Row = json.loads(line)
    require(fields["format"] == "rolethread-store", "STORE: of something else")
    require(fields["version"] == 1 and not fields["features"], "STORE: version", TooNew)
    require(re.fullmatch("(tree-[0-9a-f]{8})?", fields.get("tree", "")), "STORE: tree")
    return fields


def code_bytes(code: str) -> bytes:
    """Return the 20 bytes of a recovery code."""
    typed = re.sub(r"[\s-]", "", code).upper().translate(str.maketrans("OIL", "011"))
    require(len(typed) == 36, "recovery code: length")
    bits = "".join(f"{SYMBOLS.index(symbol):05b}" for symbol in typed)
    number, check = int(bits[:160], 2), int(bits[160:], 2)
    require(check == (number + 21076) % 1048573, "recovery code: mistyped")
    return number.to_bytes(20, "big")


def stretched(passphrase: str, kdf: Row) -> bytes:
    """Run Argon2id, within its bounds."""
    known = (kdf["algorithm"], kdf["version"], len(kdf["salt"])) == ("argon2id", 19, 32)
    memory, rounds, lanes = kdf["memory_kib"], kdf["iterations"], kdf["lanes"]
    bounded = 65536 <= memory <= 2 << 20 and 3 <= rounds <= 16 and 1 <= lanes <= 16
    require(known and bounded, "slot: key derivation")
    salt = bytes.fromhex(kdf["salt"])
    made = Argon2id(salt=salt, length=32, iterations=rounds, lanes=lanes, memory_cost=memory)
    return made.derive(unicodedata.normalize("NFC", passphrase).encode())


@refusing("slot")
def slot_key(raw: bytes, name: str, store: bytes, kind: int, secret: str) -> bytes:
    """Open a slot of a kind (1 passphrase, 2 recovery code) and return the root key."""
    require(raw[:4] == b"RTSK" and len(raw) <= 65536, "slot: none")
    require(hashlib.sha256(raw[:-32]).digest() == raw[-32:], "slot: checksum")
    version, found, reserved, size = struct.unpack_from("<BBHI", raw, 4)
    require(version < 2, "slot: version", TooNew)
    require(version == 1 and size <= 4096 and len(raw) == 124 + size, "slot: lengths")
    require(0 < found < 5 and not reserved, "slot: kind", TooNew)
    text, bound, sealed = raw[12 : 12 + size], raw[: 44 + size], raw[44 + size : 92 + size]
    header: Row = json.loads(text)
    again = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    require(again.encode() == text and set(header) == SLOT_HEADER, "slot: header")
    require(header["store_id"] == store.hex(), "slot: of another store")
    require(f"{header['slot_id']}.slot" == name, "slot: another name")
    require(found == kind, "slot: takes another secret")
    salt = bytes.fromhex(header["salt"])
    if kind == 1:
        key, purpose = stretched(secret, header["kdf"]), "slot-passphrase"
    else:
        key, purpose = hmac.digest(salt, code_bytes(secret), "sha256"), "slot-recovery-code"
    context = salt + store + bytes.fromhex(header["slot_id"])
    return committed(key, purpose, context, bound[-32:]).decrypt(bytes(12), sealed, bound)


@refusing("manifest")
def manifest_of(raw: bytes, root: bytes, store: bytes, generation: int) -> Row:
    """Open the manifest of a generation."""
    magic, version, *rest, salt, commitment, size = struct.unpack_from("<4sBBH32s32sQ", raw)
    require(magic == b"RTSE", "manifest: no envelope")
    require(version < 2, "manifest: version", TooNew)
    require((version, rest, size) == (1, [1, 0], len(raw) - 80), "manifest: header")
    context = salt + store + generation.to_bytes(8, "big")
    own = committed(derive(root, "manifest", store), "envelope-manifest", context, commitment)
    fields: Row = json.loads(own.decrypt(bytes(12), raw[80:], raw[:80]))
    require(fields["format"] == 1, "manifest: format", TooNew)
    place = (UUID(fields["store_id"]).bytes, fields["generation"])
    require(place == (store, generation), "manifest: of another place")
    return fields


class Frame(NamedTuple):
    """One frame of the change log that opened."""

    kind: int
    body: bytes
    end: int
    tag: str


Log = tuple[UUID, list[Frame]]


def frame_at(own: AESGCM, header: bytes, raw: bytes, at: int, number: int) -> Frame | None:
    """Open the frame of a number at a place, if that is what stands there."""
    head, begin = raw[at : at + 12], at + 12
    if len(head) < 12:
        return None
    length, found, crc = struct.unpack("<III", head)
    end = begin + length
    possible = 18 <= length <= MOST_BODY + 18 and found == number and end <= len(raw)
    if not possible or crc != zlib.crc32(head[:8]):
        return None
    try:
        plain = own.decrypt(number.to_bytes(12, "big"), raw[begin:end], header + head)
    except InvalidTag:
        return None
    require(plain[0] < 2 and plain[1] < 3, "frame: unknown codec or kind", TooNew)
    inflate = zlib.decompressobj()
    body = inflate.decompress(plain[2:], MOST_BODY + 1) if plain[0] else plain[2:]
    require(len(body) <= MOST_BODY and inflate.eof == plain[0], "frame: does not inflate")
    return Frame(plain[1], body, end, raw[end - 16 : end].hex())


@refusing("log")
def log_frames(raw: bytes, root: bytes, store: bytes, log_id: UUID) -> list[Frame]:
    """Read one log file; one that was never born has no frames."""
    used, end, frames = len(raw.rstrip(b"\0")), 104, list[Frame]()
    if used < end:
        return frames
    require(raw[:4] == b"RTLG" and raw[4] > 0, "log: none")
    require(raw[4] == 1, "log: version", TooNew)
    require(raw[5:40] == bytes(3) + store + log_id.bytes, "log: of another place")
    own = committed(derive(root, "log", store), "log", raw[8:72], raw[72:104])
    header, closed = hashlib.sha256(raw[:104]).digest(), False
    while not closed and (found := frame_at(own, header, raw, end, len(frames))):
        frames.append(found)
        end, closed = found.end, found.kind == 2
    require(not closed or used <= end, "log: goes on behind its end")
    for at in range(end, used):  # A whole frame further on: this was no unfinished one.
        number = int.from_bytes(raw[at + 4 : at + 8], "little")
        later = number >= len(frames) and frame_at(own, header, raw, at, number)
        require(not later, f"log: frame {len(frames)} is damaged")
    kinds = [frame.kind for frame in frames]
    usual = [0] + [1] * (len(kinds) - 1 - closed) + [2] * closed
    require(not kinds or kinds == usual, "log: a frame is out of place")
    return frames


def holds(log: Log, place: Row) -> bool:
    """Whether a log file has the frames that a link or the manifest's mark names."""
    log_id, frames = log
    if UUID(place["log_id"]) != log_id or not 0 < place["frames"] <= len(frames):
        return False
    last = frames[place["frames"] - 1]
    return (last.tag, last.end) == (place["tag"], place.get("size", last.end))


@refusing("log")
def change_sets(logs: Sequence[Log], mark: Row | None) -> list[Row]:
    """Prove that log files, in order of their numbers, are one history; return its records."""
    kept: list[Log] = []
    for log_id, frames in logs:
        link = json.loads(frames[0].body)["previous"]
        while kept and (link is None or UUID(link["log_id"]) != kept[-1][0]):
            _, passed = kept.pop()
            require(len(passed) < 3 and passed[-1].kind != 2, "log: a file is missing")
        require((link is None) == (not kept), "log: the beginning is missing")
        if link is not None:
            before, last = kept.pop()
            spare = len(last) - link["frames"]
            joins = holds((before, last), link) and spare <= (last[-1].kind != 2)
            require(joins, "log: a file does not end where the next goes on")
            kept.append((before, last[: link["frames"]]))
        kept.append((log_id, frames))
    require(mark is None or any(holds(log, mark) for log in kept), "log: shorter than it was")
    sets = [json.loads(frame.body) for _, log in kept for frame in log if frame.kind == 1]
    require([one["seq"] for one in sets] == [*range(1, len(sets) + 1)], "log: a gap")
    require(len({one["set_id"] for one in sets}) == len(sets), "log: a set twice")
    return sets
