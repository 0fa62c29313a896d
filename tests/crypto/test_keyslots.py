"""Key slots: wrong secret, damage and a newer program are told apart."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import (
    KdfParams,
    KdfRefused,
    LabelUnusable,
    PassphraseUnusable,
    RecoveryCodeMistyped,
    Secret,
    SlotDamaged,
    SlotForeign,
    SlotIdentity,
    SlotKind,
    SlotOtherSecret,
    SlotTooNew,
    WrongKeyFile,
    WrongKeyringKey,
    WrongPassphrase,
    WrongRecoveryCode,
    make_key_slot,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
    open_slot,
    read_slot_header,
)
from rolethread_store.errors import StoreError
from tests.crypto.conftest import STORE_ID, Slot

REFUSALS = (SlotDamaged, SlotTooNew, SlotForeign, WrongRecoveryCode, KdfRefused)


def sealed_again(body: bytes) -> bytes:
    """Give forged bytes the checksum that an attacker would give them."""
    return body + hashlib.sha256(body).digest()


def edited(blob: bytes, old: bytes, new: bytes) -> bytes:
    """Change the header's text, keeping length and checksum right."""
    size = int.from_bytes(blob[8:12], "little")
    text = blob[12 : 12 + size]
    assert text.count(old) == 1
    text = text.replace(old, new)
    return sealed_again(blob[:8] + len(text).to_bytes(4, "little") + text + blob[12 + size : -32])


def recovered(slot: Slot, blob: bytes) -> Secret:
    return open_slot(blob, store_id=STORE_ID, recovery_code=slot.secret)


def test_a_passphrase_opens_its_slot(passphrase_slot: Slot) -> None:
    opened = open_slot(passphrase_slot.blob, store_id=STORE_ID, passphrase=passphrase_slot.secret)
    assert opened == passphrase_slot.root


def test_a_recovery_code_opens_its_slot(recovery_slot: Slot) -> None:
    assert recovered(recovery_slot, recovery_slot.blob) == recovery_slot.root
    typed = recovery_slot.secret.lower().replace("-", " ")
    assert open_slot(recovery_slot.blob, store_id=STORE_ID, recovery_code=typed) == (
        recovery_slot.root
    )


def test_the_header_reads_without_a_secret(passphrase_slot: Slot, params: KdfParams) -> None:
    header = read_slot_header(passphrase_slot.blob)
    assert header.kind is SlotKind.PASSPHRASE
    assert header.identity == passphrase_slot.identity
    assert header.kdf == params
    assert (header.slot_id, header.store_id) == (UUID(int=1), STORE_ID)
    assert header.label == "Passphrase – Gerät „eins“"
    assert header.created_at == passphrase_slot.identity.created_at


def test_a_recovery_slot_has_no_slow_function(recovery_slot: Slot) -> None:
    header = read_slot_header(recovery_slot.blob)
    assert (header.kind, header.kdf) == (SlotKind.RECOVERY_CODE, None)


def test_times_are_stored_in_utc(recovery_slot: Slot) -> None:
    local = datetime(2026, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    identity = SlotIdentity(UUID(int=2), STORE_ID, local, "")
    header = read_slot_header(make_recovery_slot(Secret.random(), new_code(), identity))
    assert header.created_at == local
    assert header.created_at.utcoffset() == timedelta(0)


def test_wrong_secrets_are_denied(passphrase_slot: Slot, recovery_slot: Slot) -> None:
    with pytest.raises(WrongPassphrase) as caught:
        open_slot(passphrase_slot.blob, store_id=STORE_ID, passphrase="the raven")
    assert caught.value.code == "crypto.wrong-passphrase"
    with pytest.raises(WrongRecoveryCode):
        open_slot(recovery_slot.blob, store_id=STORE_ID, recovery_code=new_code())
    with pytest.raises(RecoveryCodeMistyped):
        open_slot(recovery_slot.blob, store_id=STORE_ID, recovery_code="not a code")
    with pytest.raises(PassphraseUnusable):
        open_slot(passphrase_slot.blob, store_id=STORE_ID, passphrase="")


def test_the_wrong_sort_of_secret_is_named(passphrase_slot: Slot, recovery_slot: Slot) -> None:
    with pytest.raises(SlotOtherSecret, match="with a passphrase"):
        open_slot(passphrase_slot.blob, store_id=STORE_ID, recovery_code=new_code())
    with pytest.raises(SlotOtherSecret, match="with a recovery code"):
        open_slot(recovery_slot.blob, store_id=STORE_ID, passphrase="words")
    with pytest.raises(SlotOtherSecret):
        open_slot(recovery_slot.blob, store_id=STORE_ID)


def test_a_slot_of_another_store_is_foreign(recovery_slot: Slot) -> None:
    with pytest.raises(SlotForeign):
        open_slot(recovery_slot.blob, store_id=UUID(int=9), recovery_code=recovery_slot.secret)


@pytest.mark.parametrize("name", ["passphrase_slot", "recovery_slot"])
def test_every_flipped_bit_is_damage_and_not_a_wrong_passphrase(
    name: str, request: pytest.FixtureRequest
) -> None:
    slot: Slot = request.getfixturevalue(name)
    for place in range(len(slot.blob)):
        for bit in range(8):
            damaged = bytearray(slot.blob)
            damaged[place] ^= 1 << bit
            with pytest.raises(SlotDamaged):
                read_slot_header(bytes(damaged))


def test_every_truncation_and_extension_is_damage(recovery_slot: Slot) -> None:
    for length in range(len(recovery_slot.blob)):
        with pytest.raises(SlotDamaged):
            recovered(recovery_slot, recovery_slot.blob[:length])
    for more in (b"\0", recovery_slot.blob):
        with pytest.raises(SlotDamaged):
            recovered(recovery_slot, recovery_slot.blob + more)


def test_every_forged_flip_is_refused(recovery_slot: Slot) -> None:
    for place in range(len(recovery_slot.blob) - 32):
        forged = bytearray(recovery_slot.blob[:-32])
        forged[place] ^= 1
        with pytest.raises((*REFUSALS, SlotOtherSecret)):
            recovered(recovery_slot, sealed_again(bytes(forged)))


def test_every_forged_truncation_and_extension_is_refused(recovery_slot: Slot) -> None:
    body = recovery_slot.blob[:-32]
    for length in range(len(body)):
        with pytest.raises(SlotDamaged):
            recovered(recovery_slot, sealed_again(body[:length]))
    with pytest.raises(SlotDamaged):
        recovered(recovery_slot, sealed_again(body + b"\0"))


@pytest.mark.parametrize(
    ("place", "value"), [(4, 2), (4, 255), (5, 0), (5, 5), (5, 99), (6, 1), (7, 1)]
)
def test_a_newer_slot_is_told_from_a_damaged_one(
    recovery_slot: Slot, place: int, value: int
) -> None:
    body = bytearray(recovery_slot.blob[:-32])
    body[place] = value
    with pytest.raises(SlotTooNew):
        recovered(recovery_slot, sealed_again(bytes(body)))


def test_a_newer_slot_may_have_any_length() -> None:
    with pytest.raises(SlotTooNew):
        read_slot_header(sealed_again(b"RTSK\x02"))


@pytest.mark.parametrize(
    ("kind", "refusal"), [(SlotKind.KEY_FILE, WrongKeyFile), (SlotKind.KEYRING, WrongKeyringKey)]
)
def test_random_keys_open_slots_of_their_kind(
    recovery_slot: Slot, kind: SlotKind, refusal: type[StoreError]
) -> None:
    key = Secret.random()
    blob = make_key_slot(recovery_slot.root, key, kind, recovery_slot.identity)
    assert read_slot_header(blob).kind is kind
    assert open_slot(blob, store_id=STORE_ID, key=key) == recovery_slot.root
    assert len(key.reveal()) == 32, "the caller's key is left as it is, for the next slot"
    with pytest.raises(refusal):
        open_slot(blob, store_id=STORE_ID, key=Secret.random())
    with pytest.raises(SlotOtherSecret):
        open_slot(blob, store_id=STORE_ID, recovery_code=recovery_slot.secret)
    with pytest.raises(SlotOtherSecret):
        open_slot(blob, store_id=STORE_ID, passphrase="words")
    body = bytearray(blob[:-32])
    body[5] = 7 - kind  # the other of the two
    with pytest.raises((WrongKeyFile, WrongKeyringKey)):
        open_slot(sealed_again(bytes(body)), store_id=STORE_ID, key=key)


@pytest.mark.parametrize(("kind", "length"), [(SlotKind.KEY_FILE, 31), (SlotKind.PASSPHRASE, 32)])
def test_a_key_slot_takes_32_bytes_and_its_own_kinds(
    recovery_slot: Slot, kind: SlotKind, length: int
) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        make_key_slot(recovery_slot.root, Secret.random(length), kind, recovery_slot.identity)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"memory_kib":65536', b'"memory_kib":65535'),
        (b'"memory_kib":65536', b'"memory_kib":2097153'),
        (b'"memory_kib":65536', b'"memory_kib":' + b"9" * 400),
        (b'"iterations":3', b'"iterations":17'),
        (b'"iterations":3', b'"iterations":1'),
        (b'"lanes":4', b'"lanes":17'),
        (b'"lanes":4', b'"lanes":0'),
        (b'"argon2id"', b'"argon2d"'),
        (b'"version":19', b'"version":16'),
    ],
)
def test_stored_parameters_out_of_bounds_are_refused(
    passphrase_slot: Slot, old: bytes, new: bytes
) -> None:
    with pytest.raises(KdfRefused):
        open_slot(
            edited(passphrase_slot.blob, old, new),
            store_id=STORE_ID,
            passphrase=passphrase_slot.secret,
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"lanes":4', b'"lanes":4.0'),
        (b'"lanes":4', b'"lanes":true'),
        (b'"lanes":4', b'"lanes":null'),
        (b'"lanes":4', b'"lanes": 4'),
        (b'"lanes":4', b'"lanes":NaN'),
        (b'"lanes":4', b'"lanes":' + b"9" * 4000),
        (b'"lanes":4', b'"lines":4'),
        (b'"lanes":4,', b""),
        (b'"lanes":4', b'"lanes":4,"lanes":4'),
        (b'"version":19', b'"version":19.0'),
        (b'{"created_at"', b'{"another":1,"created_at"'),
        (b'"label":"', b'"label":1,"label":"'),
        (b'"Passphrase', b'"\\ud800'),
        (b'"Passphrase', b'"\\u0050assphrase'),
        (b'"Passphrase', b'"\xff'),
        (b'"Passphrase', b'"' + b"x" * 100),
        (b"+00:00", b"Z"),
        (b"+00:00", b""),
        (b"+00:00", b"+01:00"),
        (b"2026-03-01T12:30:00.000000+00:00", b"0001-01-01T00:00:00.000000+14:00"),
        (b'"kdf":{', b'"kdf":[{'),
        (b'"slot_id":"00000000000000000000000000000001"', b'"slot_id":1'),
        (b'{"created_at"', b"[" * 2000 + b'{"created_at"'),
    ],
)
def test_headers_in_any_but_the_canonical_form_are_damage(
    passphrase_slot: Slot, old: bytes, new: bytes
) -> None:
    with pytest.raises(SlotDamaged):
        read_slot_header(edited(passphrase_slot.blob, old, new))


def test_a_header_above_4096_bytes_is_damage(passphrase_slot: Slot) -> None:
    with pytest.raises(SlotDamaged):
        read_slot_header(edited(passphrase_slot.blob, b'"lanes":4', b'"lanes":4' + b" " * 4096))


def test_kind_and_key_derivation_must_agree(passphrase_slot: Slot, recovery_slot: Slot) -> None:
    for slot, kind in ((passphrase_slot, 2), (recovery_slot, 1)):
        body = bytearray(slot.blob[:-32])
        body[5] = kind
        with pytest.raises(SlotDamaged):
            read_slot_header(sealed_again(bytes(body)))


def test_a_short_salt_is_damage(recovery_slot: Slot) -> None:
    salt = read_slot_header(recovery_slot.blob).salt.hex().encode()
    for other in (salt[:-2], salt + b"00", salt.upper() + b"zz", b"x" * 64):
        with pytest.raises(SlotDamaged):
            read_slot_header(edited(recovery_slot.blob, salt, other))


def test_a_changed_label_is_found_once_the_secret_is_given(recovery_slot: Slot) -> None:
    forged = edited(recovery_slot.blob, b"printed code", b"trust no one")
    assert read_slot_header(forged).label == "trust no one"
    with pytest.raises(SlotDamaged, match="changed"):
        recovered(recovery_slot, forged)


def test_sealing_twice_shares_nothing(recovery_slot: Slot) -> None:
    one, two = (
        make_recovery_slot(recovery_slot.root, recovery_slot.secret, recovery_slot.identity)
        for _ in range(2)
    )
    assert read_slot_header(one).salt != read_slot_header(two).salt
    assert one[-80:-32] != two[-80:-32]


@pytest.mark.parametrize("label", ["x" * 101, "\ud800"])
def test_unusable_labels_are_refused(label: str) -> None:
    identity = SlotIdentity(UUID(int=1), STORE_ID, datetime.fromisoformat("2026-01-01T00Z"), label)
    with pytest.raises(LabelUnusable):
        make_recovery_slot(Secret.random(), new_code(), identity)


def test_programming_mistakes_do_not_make_slots() -> None:
    naive = SlotIdentity(UUID(int=1), STORE_ID, datetime.fromisoformat("2026-01-01"), "")
    aware = SlotIdentity(UUID(int=1), STORE_ID, datetime.fromisoformat("2026-01-01T00Z"), "")
    with pytest.raises(ValueError, match="aware"):
        make_recovery_slot(Secret.random(), new_code(), naive)
    with pytest.raises(ValueError, match="32 bytes"):
        make_recovery_slot(Secret.random(16), new_code(), aware)


def test_a_bad_passphrase_makes_no_slot(params: KdfParams, passphrase_slot: Slot) -> None:
    with pytest.raises(PassphraseUnusable):
        make_passphrase_slot(Secret.random(), "", params, passphrase_slot.identity)


@given(st.text(st.characters(), max_size=100))
def test_any_label_comes_back(label: str) -> None:
    identity = SlotIdentity(UUID(int=1), STORE_ID, datetime.fromisoformat("2026-01-01T00Z"), label)
    try:
        blob = make_recovery_slot(Secret(bytes(32)), new_code(), identity)
    except LabelUnusable:
        return
    assert read_slot_header(blob).label == label


@given(st.binary(max_size=300), st.sampled_from([b"", b"RTSK", b"RTSK\1\2\0\0"]), st.booleans())
def test_any_bytes_are_refused_with_a_typed_error(tail: bytes, start: bytes, again: bool) -> None:
    blob = sealed_again(start + tail) if again else start + tail
    with pytest.raises(StoreError):
        open_slot(blob, store_id=STORE_ID, recovery_code="")


@given(st.binary(max_size=300))
def test_any_header_text_is_refused_with_a_typed_error(text: bytes) -> None:
    body = b"RTSK\1\2\0\0" + len(text).to_bytes(4, "little") + text + bytes(80)
    with pytest.raises((SlotDamaged, KdfRefused)):
        read_slot_header(sealed_again(body))
