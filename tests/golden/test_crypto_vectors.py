"""The committed vectors hold, and their maker still makes the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import pytest

from rolethread_store.crypto import (
    KdfParams,
    Keyring,
    Kind,
    Secret,
    derive,
    open_envelope,
    open_sealed,
    open_slot,
    parse_code,
    parse_key_file,
    stretch,
)
from rolethread_store.errors import StoreError
from tests.golden.make_crypto_vectors import TARGET, Vector, build
from tests.golden.vector_rules import require_balance

VECTORS: list[Vector] = json.loads(TARGET.read_text(encoding="ascii"))
KEYRING_KEYS: dict[str, Callable[[Keyring], Secret]] = {
    "manifest_key": lambda ring: ring.manifest_key,
    "log_key": lambda ring: ring.log_key,
    "head_key": lambda ring: ring.head_key,
    "trust_key": lambda ring: ring.trust_key,
    "device_key": lambda ring: ring.device_key,
}


class Inputs:
    """Reads a vector's fields as what they stand for."""

    def __init__(self, vector: Vector) -> None:
        self._vector = vector

    def text(self, name: str) -> str:
        value = self._vector[name]
        assert isinstance(value, str)
        return value

    def optional(self, name: str) -> str | None:
        return self.text(name) if name in self._vector else None

    def number(self, name: str) -> int:
        value = self._vector[name]
        assert isinstance(value, int)
        return value

    def hex(self, name: str) -> bytes:
        return bytes.fromhex(self.text(name))

    def secret(self, name: str) -> Secret:
        return Secret(self.hex(name))

    def uuid(self, name: str) -> UUID:
        return UUID(self.text(name))

    def ring(self) -> Keyring:
        return Keyring(self.secret("root"), self.uuid("store_id"))


def run_derive(given: Inputs) -> bytes:
    derived = derive(
        given.secret("key"), given.text("purpose"), given.hex("context"), given.number("length")
    )
    return derived.reveal()


def run_unseal(given: Inputs) -> bytes:
    return open_sealed(
        given.secret("key"), given.number("nonce"), given.hex("sealed"), given.hex("aad")
    )


def run_envelope(given: Inputs) -> bytes:
    kind = Kind[given.text("kind").upper()]
    return open_envelope(given.secret("key"), kind, given.hex("blob"), given.hex("context"))


def run_recovery_code(given: Inputs) -> bytes:
    return parse_code(given.text("text")).reveal()


def run_key_file(given: Inputs) -> bytes:
    return parse_key_file(given.hex("content")).reveal()


def run_stretch(given: Inputs) -> bytes:
    params = KdfParams(memory_kib=65536, iterations=3, lanes=4, salt=given.hex("salt"))
    return stretch(given.text("passphrase"), params).reveal()


def run_slot(given: Inputs) -> bytes:
    root = open_slot(
        given.hex("blob"),
        store_id=given.uuid("store_id"),
        passphrase=given.optional("passphrase"),
        recovery_code=given.optional("recovery_code"),
        key=given.secret("key") if given.optional("key") else None,
    )
    return root.reveal()


def run_keyring(given: Inputs) -> bytes:
    return KEYRING_KEYS[given.text("key")](given.ring()).reveal()


def run_unwrap(given: Inputs) -> bytes:
    return given.ring().unwrap(given.hex("wrapped"), given.uuid("batch_id")).reveal()


def run_header(given: Inputs) -> bytes:
    given.ring().require_header(given.hex("header"), given.hex("tag"))
    return b""


OPERATIONS: dict[str, Callable[[Inputs], bytes]] = {
    "derive": run_derive,
    "envelope": run_envelope,
    "header": run_header,
    "key-file": run_key_file,
    "keyring": run_keyring,
    "recovery-code": run_recovery_code,
    "slot": run_slot,
    "stretch": run_stretch,
    "unseal": run_unseal,
    "unwrap": run_unwrap,
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_gives_its_result_or_its_error(vector: Vector) -> None:
    given = Inputs(vector)
    operation = OPERATIONS[given.text("op")]
    if "result" in vector:
        assert operation(given) == given.hex("result")
        return
    with pytest.raises(StoreError) as caught:
        operation(given)
    assert caught.value.code == given.text("error")


def test_there_are_enough_and_half_of_them_must_fail() -> None:
    require_balance(VECTORS)


def test_the_maker_makes_the_committed_vectors() -> None:
    assert build() == VECTORS
