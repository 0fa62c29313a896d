r"""The header of a key slot: who made it, for which store, and how its key is derived.

It is canonical JSON: one object, keys in ascending order, no white space, UTF-8 with only
``"``, ``\`` and control characters escaped. A header that does not come out the same when
written again is refused, so there is one way only to write each header::

    {"created_at": "2026-01-31T12:00:00.000000+00:00",     UTC, microseconds
     "kdf": {"algorithm": "argon2id", "iterations": 3, "lanes": 4, "memory_kib": 65536,
             "salt": "<32 hex>", "version": 19} or null,   not null for a passphrase only
     "label": "<up to 100 characters>",
     "salt": "<64 hex>",
     "slot_id": "<32 hex>",
     "store_id": "<32 hex>"}

The slot's kind stands in the binary part before it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto.kdf import KdfParams, KdfRefused
from rolethread_store.errors import Corrupt, InvalidInput

__all__ = [
    "MAX_HEADER",
    "LabelUnusable",
    "SlotDamaged",
    "SlotHeader",
    "SlotIdentity",
    "SlotKind",
    "decoded",
    "encoded",
]

MAX_HEADER = 4096
_MAX_LABEL = 100
_SALT_BYTES = 32
_KEYS = {"created_at", "kdf", "label", "salt", "slot_id", "store_id"}
_KDF_KEYS = {"algorithm", "iterations", "lanes", "memory_kib", "salt", "version"}
_ALGORITHM = "argon2id"
_ARGON2_VERSION = 19  # RFC 9106: 0x13


class SlotDamaged(Corrupt):
    """The bytes are not a key slot as it was written."""

    code: ClassVar[str] = "crypto.slot-damaged"


class LabelUnusable(InvalidInput):
    """The label of a key slot is too long or is not Unicode text."""

    code: ClassVar[str] = "crypto.label-unusable"


class SlotKind(IntEnum):
    """Which sort of secret opens a slot."""

    PASSPHRASE = 1
    RECOVERY_CODE = 2
    KEY_FILE = 3
    KEYRING = 4


@dataclass(frozen=True)
class SlotIdentity:
    """What a slot is called and where it belongs.

    Attributes:
        slot_id: Also its file name.
        store_id: The store whose root key it holds.
        created_at: Aware; stored in UTC.
        label: For people; up to 100 characters, stored in clear.
    """

    slot_id: UUID
    store_id: UUID
    created_at: datetime
    label: str


@dataclass(frozen=True)
class SlotHeader:
    """What can be read of a slot without its secret.

    Attributes:
        kind: Which sort of secret opens it.
        identity: Name and place.
        salt: 32 random bytes, fresh in every slot.
        kdf: Argon2id parameters, for a passphrase slot only.
    """

    kind: SlotKind
    identity: SlotIdentity
    salt: bytes
    kdf: KdfParams | None

    @property
    def slot_id(self) -> UUID:
        """The slot's id."""
        return self.identity.slot_id

    @property
    def store_id(self) -> UUID:
        """The store that the slot belongs to."""
        return self.identity.store_id

    @property
    def created_at(self) -> datetime:
        """When the slot was made, in UTC."""
        return self.identity.created_at

    @property
    def label(self) -> str:
        """The slot's name for people."""
        return self.identity.label


def encoded(header: SlotHeader) -> bytes:
    """Return the header as canonical JSON.

    Raises:
        LabelUnusable: If the label is too long or not Unicode text.
        ValueError: If ``created_at`` has no time zone.
    """
    if header.created_at.tzinfo is None:
        raise ValueError("created_at must be aware")
    if len(header.label) > _MAX_LABEL:
        raise LabelUnusable(f"the label of a key slot has at most {_MAX_LABEL} characters")
    fields = {
        "created_at": header.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kdf": None if header.kdf is None else _kdf_fields(header.kdf),
        "label": header.label,
        "salt": header.salt.hex(),
        "slot_id": header.slot_id.hex,
        "store_id": header.store_id.hex,
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LabelUnusable("the label of a key slot is not valid Unicode text") from error


def decoded(text: bytes, kind: SlotKind) -> SlotHeader:
    """Return the header that ``text`` is the canonical form of.

    Raises:
        SlotDamaged: If it is not canonical or has a wrong field.
        KdfRefused: If the key derivation is unknown or outside its bounds.
    """
    try:
        header = _header(_object(json.loads(text.decode("utf-8")), _KEYS), kind)
        canonical = encoded(header)
    except (ValueError, OverflowError, RecursionError, LabelUnusable) as error:
        raise SlotDamaged("the header of the key slot is damaged") from error
    if canonical != text or (kind is SlotKind.PASSPHRASE) != (header.kdf is not None):
        raise SlotDamaged("the header of the key slot is damaged")
    return header


def _header(fields: dict[str, object], kind: SlotKind) -> SlotHeader:
    identity = SlotIdentity(
        slot_id=UUID(hex=_text(fields, "slot_id")),
        store_id=UUID(hex=_text(fields, "store_id")),
        created_at=datetime.fromisoformat(_text(fields, "created_at")),
        label=_text(fields, "label"),
    )
    salt = bytes.fromhex(_text(fields, "salt"))
    if len(salt) != _SALT_BYTES:
        raise ValueError("salt")
    kdf = None if fields["kdf"] is None else _kdf(_object(fields["kdf"], _KDF_KEYS))
    return SlotHeader(kind=kind, identity=identity, salt=salt, kdf=kdf)


def _kdf_fields(params: KdfParams) -> dict[str, object]:
    return {
        "algorithm": _ALGORITHM,
        "iterations": params.iterations,
        "lanes": params.lanes,
        "memory_kib": params.memory_kib,
        "salt": params.salt.hex(),
        "version": _ARGON2_VERSION,
    }


def _kdf(fields: dict[str, object]) -> KdfParams:
    if fields["algorithm"] != _ALGORITHM or fields["version"] != _ARGON2_VERSION:
        raise KdfRefused(
            "the key slot uses a key derivation that this program does not know",
            hint="Install a newer version of RoleThread Store.",
        )
    numbers = {name: fields[name] for name in ("iterations", "lanes", "memory_kib")}
    return KdfParams.model_validate({**numbers, "salt": bytes.fromhex(_text(fields, "salt"))})


def _object(value: object, keys: set[str]) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) != keys:
        raise ValueError("fields")
    return value


def _text(fields: dict[str, object], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise ValueError(name)
    return value
