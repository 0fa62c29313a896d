"""Keys by purpose, wrapped data keys, the header's tag."""

from __future__ import annotations

import hmac
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import DataKeyBroken, HeaderForged, Keyring, Secret, SecretWiped

STORE = UUID(int=7)
BATCH = UUID(int=8)


def ring(root: bytes = b"\5" * 32, store_id: UUID = STORE) -> Keyring:
    return Keyring(Secret(root), store_id)


def keys(keyring: Keyring) -> list[bytes]:
    return [
        secret.reveal()
        for secret in (
            keyring.manifest_key,
            keyring.log_key,
            keyring.head_key,
            keyring.trust_key,
            keyring.device_key,
            keyring.root,
        )
    ]


def test_keys_follow_from_root_and_store_and_all_differ() -> None:
    assert keys(ring()) == keys(ring())
    everything = keys(ring()) + keys(ring(root=b"\6" * 32))
    assert len(set(everything)) == 12
    assert not set(keys(ring())[:-1]) & set(keys(ring(store_id=BATCH))[:-1])


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_a_wrapped_data_key_unwraps(data_key: bytes, batch_id: UUID) -> None:
    wrapped = ring().wrap(Secret(data_key), batch_id)
    assert len(wrapped) == 40
    assert ring().unwrap(wrapped, batch_id) == Secret(data_key)


def test_a_wrapped_key_is_bound_to_root_store_and_batch() -> None:
    wrapped = ring().wrap(Secret(bytes(32)), BATCH)
    for other, batch_id in [
        (ring(), STORE),
        (ring(root=b"\6" * 32), BATCH),
        (ring(store_id=BATCH), BATCH),
    ]:
        with pytest.raises(DataKeyBroken, match=str(batch_id)):
            other.unwrap(wrapped, batch_id)


def test_every_flip_and_every_length_of_a_wrapped_key_is_found() -> None:
    wrapped = ring().wrap(Secret.random(), BATCH)
    for bit in range(8 * len(wrapped)):
        damaged = bytearray(wrapped)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DataKeyBroken):
            ring().unwrap(bytes(damaged), BATCH)
    for other in [wrapped[:length] for length in range(40)] + [wrapped + b"\0", wrapped * 2]:
        with pytest.raises(DataKeyBroken):
            ring().unwrap(other, BATCH)


def test_only_32_byte_data_keys_are_wrapped() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ring().wrap(Secret(bytes(16)), BATCH)


def test_new_data_keys_differ() -> None:
    assert len(ring().new_data_key()) == 32
    assert ring().new_data_key() != ring().new_data_key()


def test_the_header_tag_is_checked_in_full() -> None:
    keyring = ring()
    tag = keyring.header_tag(b"header")
    assert len(tag) == 32
    keyring.require_header(b"header", tag)
    for header, wrong in [(b"Header", tag), (b"header", tag[:-1]), (b"header", b""), (b"", tag)]:
        with pytest.raises(HeaderForged):
            keyring.require_header(header, wrong)
    assert tag != hmac.digest(keyring.root.reveal(), b"header", "sha256")


def test_wiping_ends_every_use() -> None:
    keyring = ring()
    wrapped = keyring.wrap(Secret(bytes(32)), BATCH)
    keyring.wipe()
    with pytest.raises(SecretWiped):
        keyring.log_key.reveal()
    with pytest.raises(SecretWiped):
        keyring.header_tag(b"")
    with pytest.raises(SecretWiped):
        keyring.unwrap(wrapped, BATCH)


def test_it_shows_nothing() -> None:
    assert repr(ring()) == str(ring()) == "Keyring(***)"
