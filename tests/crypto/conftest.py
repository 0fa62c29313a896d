"""Key slots made once: each passphrase slot costs a key derivation, here every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from rolethread_store.crypto import (
    KdfParams,
    Secret,
    SlotIdentity,
    floor_params,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
)
from tests.scenes import plain_keys

STORE_ID = UUID(int=0x5704E)


@dataclass(frozen=True)
class Slot:
    """A slot with everything that went into it."""

    blob: bytes
    root: Secret
    identity: SlotIdentity
    secret: str


def _identity(number: int, label: str) -> SlotIdentity:
    created = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    return SlotIdentity(UUID(int=number), STORE_ID, created, label)


@pytest.fixture(scope="module", autouse=True)
def plain() -> Iterator[None]:
    with plain_keys():
        yield


@pytest.fixture(scope="session")
def params() -> KdfParams:
    return floor_params()


@pytest.fixture(scope="session")
def passphrase_slot(params: KdfParams) -> Slot:
    root = Secret.random()
    identity = _identity(1, "Passphrase – Gerät „eins“")
    passphrase = "the raven keeps the ledger"
    return Slot(
        make_passphrase_slot(root, passphrase, params, identity), root, identity, passphrase
    )


@pytest.fixture(scope="session")
def recovery_slot() -> Slot:
    root = Secret.random()
    code = new_code()
    identity = _identity(2, "printed code")
    return Slot(make_recovery_slot(root, code, identity), root, identity, code)
