"""Sealing, deriving, and the watch over nonces."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import (
    Kind,
    NonceRefused,
    SealBroken,
    Sealer,
    Secret,
    SlotIdentity,
    aead,
    derive,
    extract,
    make_recovery_slot,
    new_code,
    open_sealed,
    seal,
    seal_envelope,
)

KEY = Secret(bytes(range(32)))


@pytest.fixture
def seals() -> Iterator[list[tuple[bytes, int]]]:
    seen: list[tuple[bytes, int]] = []

    def observe(fingerprint: bytes, nonce: int) -> None:
        seen.append((fingerprint, nonce))

    aead.observers.append(observe)
    yield seen
    aead.observers.remove(observe)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand of RFC 5869 §2.3, from the standard library only."""
    block, out, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        out += block
        counter += 1
    return out[:length]


@given(st.binary(max_size=200), st.binary(max_size=50), st.integers(0, 2**32 - 1))
def test_what_was_sealed_opens(plaintext: bytes, aad: bytes, nonce: int) -> None:
    sealed = seal(KEY, nonce, plaintext, aad)
    assert len(sealed) == len(plaintext) + aead.TAG_BYTES
    assert open_sealed(KEY, nonce, sealed, aad) == plaintext


def test_known_answer_of_the_gcm_specification() -> None:
    # McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    sealed = seal(Secret(bytes(32)), 0, bytes(16), b"")
    assert sealed.hex() == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"


def test_every_flipped_bit_is_found() -> None:
    sealed = seal(KEY, 5, b"a short line", b"place")
    for bit in range(8 * len(sealed)):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            open_sealed(KEY, 5, bytes(damaged), b"place")


def test_key_nonce_and_place_are_bound() -> None:
    sealed = seal(KEY, 5, b"a short line", b"place")
    for key, nonce, aad in [
        (Secret(bytes(32)), 5, b"place"),
        (KEY, 6, b"place"),
        (KEY, 5, b"Place"),
        (KEY, -1, b"place"),
        (KEY, 2**32, b"place"),
    ]:
        with pytest.raises(SealBroken):
            open_sealed(key, nonce, sealed, aad)


@pytest.mark.parametrize("length", range(28))
def test_every_truncation_is_found(length: int) -> None:
    sealed = seal(KEY, 5, b"a short line", b"")
    with pytest.raises(SealBroken):
        open_sealed(KEY, 5, sealed[:length], b"")


def test_a_sealer_takes_ascending_nonces_only() -> None:
    sealer = Sealer(Secret.random())
    sealer.seal(0, b"", b"")
    sealer.seal(7, b"", b"")
    for nonce in (7, 3, 0, -1, 2**32):
        with pytest.raises(NonceRefused):
            sealer.seal(nonce, b"", b"")
    sealer.seal(2**32 - 1, b"", b"")
    with pytest.raises(NonceRefused):
        sealer.seal(2**32 - 1, b"", b"")


def test_a_sealer_opens_in_any_order_and_shows_nothing() -> None:
    sealer = Sealer(KEY)
    sealed = [sealer.seal(number, bytes([number]), b"") for number in range(3)]
    assert [sealer.open(number, sealed[number], b"") for number in (2, 0, 1)] == [
        b"\2",
        b"\0",
        b"\1",
    ]
    assert repr(sealer) == "Sealer(***)"


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_other_key_lengths_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(Secret(bytes(length)))
    with pytest.raises(ValueError, match="32 bytes"):
        derive(Secret(bytes(length)), "log", b"")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(1, 200))
def test_derivation_is_hkdf_expand(key: bytes, context: bytes, length: int) -> None:
    derived = derive(Secret(key), "some-purpose", context, length)
    expected = expand(key, b"rolethread/v1/some-purpose\0" + context, length)
    assert derived.reveal() == expected


@pytest.mark.parametrize("purpose", ["", "a\0b", "köder", "line\n"])
def test_purposes_that_could_collide_are_refused(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        derive(KEY, purpose, b"")


def test_purpose_and_context_both_separate_keys() -> None:
    keys = [
        derive(KEY, purpose, context).reveal()
        for purpose in ("log", "logs", "head")
        for context in (b"", b"\0", b"s", b"s\0")
    ]
    assert len(set(keys)) == len(keys)


def test_extraction_is_hmac() -> None:
    expected = hmac.new(b"salt", b"material", hashlib.sha256).digest()
    assert extract(b"salt", Secret(b"material")).reveal() == expected


def test_no_key_and_nonce_meet_twice_in_everything_this_room_seals(
    seals: list[tuple[bytes, int]],
) -> None:
    root = Secret.random()
    for number in range(200):
        seal_envelope(root, Kind(number % 3 + 1), b"same text", b"same place")
    created = datetime(2026, 3, 1, tzinfo=UTC)
    identity = SlotIdentity(UUID(int=1), UUID(int=2), created, "")
    code = new_code()
    for _ in range(50):
        make_recovery_slot(root, code, identity)
    sealer = Sealer(root)
    for number in range(100):
        sealer.seal(number, b"frame", b"")
    assert len(seals) == 350
    assert len(set(seals)) == 350
    assert {len(fingerprint) for fingerprint, _ in seals} == {16}


def test_observers_see_a_digest_of_the_key_and_the_nonce(
    seals: list[tuple[bytes, int]],
) -> None:
    seal(KEY, 9, b"", b"")
    assert seals == [(hashlib.sha256(KEY.reveal()).digest()[:16], 9)]
