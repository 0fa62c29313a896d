"""Whatever bytes a slot or an envelope has, they cost little memory and end in a typed error."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto import (
    Kind,
    Secret,
    open_envelope,
    open_slot,
    read_slot_header,
    seal_envelope,
)
from rolethread_store.errors import StoreError
from tests.crypto.conftest import STORE_ID, Slot

BOUND = 4 * 2**20
KEY = Secret(bytes(range(32)))
ENVELOPE = seal_envelope(KEY, Kind.MANIFEST, b"the lantern stays lit" * 10, b"place")


@contextmanager
def within(bound: int) -> Iterator[None]:
    """Fail if Python takes more than ``bound`` bytes in the block."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < bound


def mutated(blob: bytes, edits: list[tuple[int, int]], cut: int | None, more: bytes) -> bytes:
    changed = bytearray(blob)
    for place, value in edits:
        changed[place % len(changed)] = value
    return bytes(changed[:cut]) + more


EDITS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=6)
CUTS = st.none() | st.integers(0, 500)


@given(edits=EDITS, cut=CUTS, more=st.binary(max_size=64), forged=st.booleans())
def test_mutated_slots(
    recovery_slot: Slot, edits: list[tuple[int, int]], cut: int | None, more: bytes, forged: bool
) -> None:
    body = mutated(recovery_slot.blob[:-32], edits, cut, more)
    blob = body + hashlib.sha256(body).digest() if forged else body
    if body == recovery_slot.blob[:-32] and forged:
        return
    with within(BOUND), pytest.raises(StoreError):
        open_slot(blob, store_id=STORE_ID, recovery_code=recovery_slot.secret)


@given(
    version=st.integers(0, 3),
    kind=st.integers(0, 255),
    size=st.integers(0, 2**32 - 1),
    text=st.binary(max_size=300) | st.text(max_size=100).map(str.encode),
)
def test_forged_slot_headers(version: int, kind: int, size: int, text: bytes) -> None:
    body = b"RTSK" + bytes([version, kind, 0, 0]) + size.to_bytes(4, "little") + text + bytes(80)
    with within(BOUND), pytest.raises(StoreError):
        read_slot_header(body + hashlib.sha256(body).digest())


@given(edits=EDITS, cut=CUTS, more=st.binary(max_size=64), kind=st.sampled_from(Kind))
def test_mutated_envelopes(
    edits: list[tuple[int, int]], cut: int | None, more: bytes, kind: Kind
) -> None:
    blob = mutated(ENVELOPE, edits, cut, more)
    if blob == ENVELOPE and kind is Kind.MANIFEST:
        return
    with within(BOUND), pytest.raises(StoreError):
        open_envelope(KEY, kind, blob, b"place")


@given(
    head=st.binary(min_size=72, max_size=72),
    size=st.integers(0, 2**64 - 1),
    tail=st.binary(max_size=64),
    known=st.booleans(),
)
def test_any_bytes_as_envelope(head: bytes, size: int, tail: bytes, known: bool) -> None:
    start = b"RTSE\1\1\0\0" + head[8:] if known else head
    with within(BOUND), pytest.raises(StoreError):
        open_envelope(KEY, Kind.MANIFEST, start + size.to_bytes(8, "little") + tail, b"place")
