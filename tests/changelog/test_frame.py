"""The frame codec: what it seals it opens, and it opens nothing else."""

from __future__ import annotations

import json
import os
import struct
import zlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog import frame as frames
from rolethread_store.changelog.frame import (
    FRAME_HEAD_BYTES,
    HEADER_BYTES,
    MIN_FRAME,
    FrameCodec,
    FrameKind,
    FrameTooLong,
    LogCipher,
    LogDamaged,
    LogTooNew,
)
from rolethread_store.changelog.scan import LogState, scan
from rolethread_store.crypto import Secret
from rolethread_store.crypto.aead import NonceRefused, Sealer, derive
from rolethread_store.errors import StoreError
from rolethread_store.storage import LogName

KEY = Secret(bytes(range(32)))
STORE, LOG = UUID(int=1), UUID(int=2)
CIPHER = LogCipher(KEY, STORE)
NAME = LogName(1, LOG)
LINK = b'{"previous":null}'


def file_of(bodies: list[bytes], *, closed: bool) -> bytes:
    codec = CIPHER.fresh(LOG)
    raw = codec.header + codec.seal(0, FrameKind.LINK, LINK)
    for number, body in enumerate(bodies, 1):
        raw += codec.seal(number, FrameKind.RECORD, body)
    return raw + (codec.seal(len(bodies) + 1, FrameKind.END, b"") if closed else b"")


def test_the_layout_is_the_documented_one() -> None:
    codec = CIPHER.fresh(LOG)
    header = codec.header
    assert len(header) == HEADER_BYTES == 104
    assert header[:8] == b"RTLG\x01\0\0\0"
    assert header[8:40] == STORE.bytes + LOG.bytes
    both = derive(KEY, "log", header[8:72], 64).reveal()
    assert header[72:] == both[32:]

    frame = codec.seal(7, FrameKind.RECORD, b"hello")
    length, number, checksum = struct.unpack("<III", frame[:12])
    assert (length, number) == (2 + 5 + 16, 7)
    assert len(frame) == FRAME_HEAD_BYTES + length
    assert checksum == zlib.crc32(frame[:8])
    aad = codec._digest + frame[:12]
    assert Sealer(Secret(both[:32])).open(7, frame[12:], aad) == b"\0\x01hello"
    assert len(codec.seal(8, FrameKind.RECORD, b"")) == MIN_FRAME


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.sampled_from(FrameKind))
def test_what_is_sealed_opens(body: bytes, number: int, kind: FrameKind) -> None:
    codec = CIPHER.fresh(LOG)
    raw = codec.header + codec.seal(number, kind, body)
    opened = CIPHER.of_header(codec.header, LOG).open(raw, HEADER_BYTES, number)
    assert opened == (kind, body, len(raw), raw[-16:])
    assert codec.open(raw, HEADER_BYTES, (number + 1) % 2**32) is None
    assert codec.open(raw, HEADER_BYTES + 1, number) is None
    assert codec.open(raw[:-1], HEADER_BYTES, number) is None


def test_long_bodies_are_deflated_when_that_helps() -> None:
    codec = CIPHER.fresh(LOG)
    for number, body in enumerate([b"la " * 10_000, os.urandom(30_000)]):
        frame = codec.seal(number, FrameKind.RECORD, body)
        assert (len(frame) < 2_000) == (number == 0)
        opened = codec.open(frame, 0, number)
        assert opened is not None
        assert opened.body == body


def test_a_number_is_never_sealed_twice() -> None:
    codec = CIPHER.fresh(LOG)
    codec.seal(3, FrameKind.RECORD, b"one")
    with pytest.raises(NonceRefused):
        codec.seal(3, FrameKind.RECORD, b"two")


def test_files_of_one_name_have_keys_of_their_own() -> None:
    first, second = CIPHER.fresh(LOG), CIPHER.fresh(LOG)
    raw = first.seal(0, FrameKind.RECORD, b"x")
    assert first.header != second.header
    assert second.open(raw, 0, 0) is None


def test_a_body_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_BODY", 10)
    codec = CIPHER.fresh(LOG)
    with pytest.raises(FrameTooLong) as caught:
        codec.seal(0, FrameKind.RECORD, bytes(11))
    assert caught.value.hint
    codec.seal(0, FrameKind.RECORD, bytes(10))


def forged(codec: FrameCodec, plaintext: bytes) -> bytes:
    """Seal any plaintext as frame 0, as a newer or faulty program with the key would."""
    head = struct.pack("<II", len(plaintext) + 16, 0)
    head += struct.pack("<I", zlib.crc32(head))
    return head + codec._sealer.seal(0, plaintext, codec._digest + head)


@pytest.mark.parametrize("plaintext", [b"\x02\x01{}", b"\0\x03{}", b"\xff\xff"])
def test_unknown_codecs_and_kinds_are_of_the_future(plaintext: bytes) -> None:
    codec = CIPHER.fresh(LOG)
    with pytest.raises(LogTooNew) as caught:
        codec.open(forged(codec, plaintext), 0, 0)
    assert caught.value.hint


@pytest.mark.parametrize("packed", [b"no zlib", zlib.compress(b"x" * 100)[:-3]])
def test_authentic_bodies_that_do_not_inflate_are_damage(packed: bytes) -> None:
    codec = CIPHER.fresh(LOG)
    with pytest.raises(LogDamaged, match="inflate"):
        codec.open(forged(codec, b"\x01\x01" + packed), 0, 0)


def test_a_deflate_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_BODY", 1000)
    codec = CIPHER.fresh(LOG)
    with pytest.raises(LogDamaged, match="to its end"):
        codec.open(forged(codec, b"\x01\x01" + zlib.compress(bytes(10**6))), 0, 0)


def test_every_byte_of_a_header_counts() -> None:
    header = CIPHER.fresh(LOG).header
    for place in range(HEADER_BYTES):
        for value in (0x01, 0x80, 0xFF):
            spoilt = bytearray(header)
            spoilt[place] ^= value
            with pytest.raises((LogDamaged, LogTooNew), match=LOG.hex) as caught:
                CIPHER.of_header(bytes(spoilt), LOG)
            newer = place == 4 and spoilt[4] > 1
            assert caught.type is (LogTooNew if newer else LogDamaged)


def test_headers_of_other_stores_keys_and_files_are_refused() -> None:
    header = CIPHER.fresh(LOG).header
    with pytest.raises(LogDamaged, match="another file"):
        CIPHER.of_header(header, UUID(int=9))
    with pytest.raises(LogDamaged, match="another file"):
        LogCipher(KEY, UUID(int=9)).of_header(header, LOG)
    with pytest.raises(LogDamaged, match="store's key"):
        LogCipher(Secret(bytes(32)), STORE).of_header(header, LOG)


@pytest.mark.parametrize(
    "bodies",
    [
        [(FrameKind.RECORD, b"no link")],
        [(FrameKind.LINK, LINK), (FrameKind.LINK, LINK)],
        [(FrameKind.END, b"")],
        [(FrameKind.LINK, b"{}")],
        [(FrameKind.LINK, b"\xff")],
        [(FrameKind.LINK, json.dumps({"previous": {"log_id": "x", "frames": 1}}).encode())],
        [(FrameKind.LINK, b'{"previous":3}')],
    ],
)
def test_frames_out_of_place_are_damage(bodies: list[tuple[FrameKind, bytes]]) -> None:
    codec = CIPHER.fresh(LOG)
    raw = codec.header
    for number, (kind, body) in enumerate(bodies):
        raw += codec.seal(number, kind, body)
    with pytest.raises(LogDamaged, match=LOG.hex):
        scan(CIPHER, NAME, raw)


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans(), st.data())
def test_any_change_of_a_file_gives_a_prefix_or_a_typed_error(
    bodies: list[bytes], closed: bool, data: st.DataObject
) -> None:
    raw = bytearray(file_of(bodies, closed=closed))
    begin = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(begin, min(len(raw), begin + 80)))
    raw[begin:end] = data.draw(st.binary(max_size=80))
    try:
        file = scan(CIPHER, NAME, bytes(raw))
    except StoreError as error:
        assert isinstance(error, LogDamaged | LogTooNew)  # noqa: PT017
    else:
        kept = [record.body for record in file.records]
        assert kept == bodies[: len(kept)]


@given(st.binary(max_size=600))
def test_garbage_is_never_a_file(raw: bytes) -> None:
    codec = CIPHER.fresh(LOG)
    tail = scan(CIPHER, NAME, codec.header + raw)
    assert (tail.state, tail.records) == (LogState.UNBORN, ())
    try:
        assert scan(CIPHER, NAME, raw).state is LogState.UNBORN
    except StoreError as error:
        assert isinstance(error, LogDamaged | LogTooNew)  # noqa: PT017


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.binary(max_size=90))
def test_an_unfinished_frame_is_dropped(bodies: list[bytes], tail: bytes) -> None:
    raw = file_of(bodies, closed=False)
    file = scan(CIPHER, NAME, raw + tail)
    assert [record.body for record in file.records] == bodies
    assert file.state is (LogState.TORN if any(tail) else LogState.OPEN)
    assert file.position().size == len(raw)


@pytest.mark.parametrize("gap", [1, 7, 4096, 3 << 20])
def test_damage_of_any_length_is_told_from_a_torn_tail(gap: int) -> None:
    codec = CIPHER.fresh(LOG)
    raw = codec.header + codec.seal(0, FrameKind.LINK, LINK)
    place = len(raw)
    later = codec.seal(5, FrameKind.RECORD, b"later")
    assert scan(CIPHER, NAME, raw + os.urandom(gap)).state is LogState.TORN
    assert scan(CIPHER, NAME, raw + bytes(gap)).state is LogState.OPEN, "room"
    assert scan(CIPHER, NAME, raw + bytes(gap) + b"\1").state is LogState.TORN
    with pytest.raises(LogDamaged, match=rf"frame 1 \(byte {place}\).*at byte {place + gap}"):
        scan(CIPHER, NAME, raw + bytes(gap) + later)


def test_a_tail_made_to_cost_work_counts_as_damage() -> None:
    codec = CIPHER.fresh(LOG)
    raw = codec.header + codec.seal(0, FrameKind.LINK, LINK)
    heads = b""
    for number in range(1, 200):
        head = struct.pack("<II", 2_000, number)
        heads += head + struct.pack("<I", zlib.crc32(head))
    with pytest.raises(LogDamaged):
        scan(CIPHER, NAME, raw + heads + bytes(2_100))
