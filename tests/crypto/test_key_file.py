"""A key file is what was written, or it is refused with the error that fits."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import (
    MAX_KEY_FILE,
    KeyFileDamaged,
    KeyFileTooNew,
    KeyFileUnusable,
    new_key_file,
    parse_key_file,
)
from rolethread_store.errors import StoreError


def test_a_new_one_reads_and_is_new() -> None:
    one, two = new_key_file(), new_key_file()
    assert len(one) == len(two) < MAX_KEY_FILE
    assert len(parse_key_file(one)) == 32
    assert parse_key_file(one) != parse_key_file(two)
    assert one.isascii()
    assert one.startswith(b"rolethread key file 1\n")


def test_what_transfers_do_to_line_ends_is_forgiven() -> None:
    file = new_key_file()
    for shape in (file.replace(b"\n", b"\r\n"), file.rstrip(), file + b"\n \n"):
        assert parse_key_file(shape) == parse_key_file(file)


def test_every_flipped_bit_is_refused() -> None:
    file = new_key_file()
    for place in range(len(file) - 1):
        for bit in range(8):
            changed = bytearray(file)
            changed[place] ^= 1 << bit
            with pytest.raises((KeyFileDamaged, KeyFileUnusable, KeyFileTooNew)):
                parse_key_file(bytes(changed))


def test_every_truncation_is_refused() -> None:
    file = new_key_file().rstrip()
    for length in range(len(file)):
        with pytest.raises((KeyFileDamaged, KeyFileUnusable)):
            parse_key_file(file[:length])


def test_any_other_file_is_refused_and_not_repeated() -> None:
    with pytest.raises(KeyFileUnusable) as caught:
        parse_key_file(b"my diary, 1998")
    assert "diary" not in str(caught.value)
    with pytest.raises(KeyFileUnusable):
        parse_key_file(new_key_file() + b" " * MAX_KEY_FILE)


@given(st.binary(max_size=200), st.sampled_from([b"", b"rolethread key file ", b"1\n"]))
def test_any_bytes_are_refused_with_a_typed_error(tail: bytes, start: bytes) -> None:
    prefix = b"rolethread key file 1\n" if start == b"1\n" else start
    head = prefix + tail
    for content in (head, head + hashlib.sha256(head).hexdigest()[:16].encode()):
        with pytest.raises(StoreError):
            parse_key_file(content)
