"""An envelope opens as it was sealed or says which of four things is wrong."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import (
    EnvelopeBroken,
    EnvelopeForeignKey,
    EnvelopeTooLarge,
    EnvelopeTooNew,
    Kind,
    Secret,
    envelope,
    open_envelope,
    seal_envelope,
)

KEY = Secret(b"\3" * 32)
CONTEXT = b"store-and-generation"
BLOB = seal_envelope(KEY, Kind.HEAD, b"the state of things", CONTEXT)
REFUSALS = (EnvelopeBroken, EnvelopeForeignKey, EnvelopeTooNew)


def opened(blob: bytes) -> bytes:
    return open_envelope(KEY, Kind.HEAD, blob, CONTEXT)


@given(st.binary(max_size=500), st.sampled_from(Kind), st.binary(max_size=50))
def test_what_was_sealed_opens(plaintext: bytes, kind: Kind, context: bytes) -> None:
    blob = seal_envelope(KEY, kind, plaintext, context)
    assert open_envelope(KEY, kind, blob, context) == plaintext
    assert len(blob) == 80 + len(plaintext) + 16


def test_the_header_is_as_documented() -> None:
    magic, version, kind, flags = struct.unpack_from("<4sBBH", BLOB)
    assert (magic, version, kind, flags) == (b"RTSE", 1, 2, 0)
    assert int.from_bytes(BLOB[72:80], "little") == len(BLOB) - 80


def test_sealing_twice_shares_no_salt_commitment_or_text() -> None:
    other = seal_envelope(KEY, Kind.HEAD, b"the state of things", CONTEXT)
    assert other[8:40] != BLOB[8:40]
    assert other[40:72] != BLOB[40:72]
    assert other[80:] != BLOB[80:]


@pytest.mark.parametrize("place", range(len(BLOB)))
def test_every_flipped_bit_of_every_byte_is_found(place: int) -> None:
    for bit in range(8):
        damaged = bytearray(BLOB)
        damaged[place] ^= 1 << bit
        with pytest.raises(REFUSALS):
            opened(bytes(damaged))


def test_every_truncation_and_extension_is_found() -> None:
    for length in range(len(BLOB)):
        with pytest.raises(EnvelopeBroken):
            opened(BLOB[:length])
    for more in (b"\0", b"RTSE", BLOB):
        with pytest.raises(EnvelopeBroken):
            opened(BLOB + more)


def test_each_wrong_thing_has_its_own_error() -> None:
    newer = BLOB[:4] + b"\2" + BLOB[5:]
    with pytest.raises(EnvelopeTooNew):
        opened(newer)
    with pytest.raises(EnvelopeBroken):
        opened(BLOB[:4] + b"\0" + BLOB[5:])
    with pytest.raises(EnvelopeForeignKey):
        open_envelope(Secret(bytes(32)), Kind.HEAD, BLOB, CONTEXT)
    with pytest.raises(EnvelopeForeignKey):
        open_envelope(KEY, Kind.HEAD, BLOB, CONTEXT + b"!")
    with pytest.raises(EnvelopeBroken, match="not a manifest"):
        open_envelope(KEY, Kind.MANIFEST, BLOB, CONTEXT)
    with pytest.raises(EnvelopeBroken, match="damaged"):
        opened(BLOB[:-1] + bytes([BLOB[-1] ^ 1]))


def test_a_relabelled_kind_does_not_open_as_the_new_kind() -> None:
    relabelled = BLOB[:5] + bytes([Kind.MANIFEST]) + BLOB[6:]
    with pytest.raises(EnvelopeForeignKey):
        open_envelope(KEY, Kind.MANIFEST, relabelled, CONTEXT)


def test_parts_of_two_envelopes_do_not_mix() -> None:
    other = seal_envelope(KEY, Kind.HEAD, b"the state of others", CONTEXT)
    for cut in (40, 72, 80, 90):
        with pytest.raises(REFUSALS):
            opened(BLOB[:cut] + other[cut:])


@given(st.binary(max_size=200) | st.binary(max_size=150).map(lambda tail: b"RTSE\1\2\0\0" + tail))
def test_any_bytes_are_refused_with_a_typed_error(blob: bytes) -> None:
    with pytest.raises(REFUSALS):
        opened(blob)


def test_a_declared_length_beyond_the_object_is_refused_without_memory() -> None:
    with pytest.raises(EnvelopeBroken):
        opened(BLOB[:72] + b"\xff" * 8 + BLOB[80:])


def test_too_much_for_one_envelope_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_PLAINTEXT", 10)
    with pytest.raises(EnvelopeTooLarge):
        seal_envelope(KEY, Kind.HEAD, b"eleven byte", CONTEXT)
    with pytest.raises(EnvelopeBroken):
        opened(BLOB)
