"""What a push leaves on a remote beside the bytes: sealed heads, and the names of all.

The names and the fields are specified in ``docs/format.md`` ("On a remote").
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rolethread_store.crypto.envelope import (
    EnvelopeBroken,
    EnvelopeForeignKey,
    Kind,
    open_envelope,
    seal_envelope,
)
from rolethread_store.crypto.keyring import Keyring
from rolethread_store.errors import Unsupported
from rolethread_store.sync.chunks import sha256
from rolethread_store.sync.failures import RemoteDamaged, RemoteForeign

__all__ = [
    "FORMAT",
    "HEADS",
    "KEYS",
    "MAX_HEAD",
    "MAX_KEYS",
    "OBJECTS",
    "ROOT",
    "Head",
    "HeadName",
    "Part",
    "Record",
    "RemoteFile",
    "RemoteTooNew",
    "Seen",
    "damaged",
    "head_name",
    "keys_name",
    "object_name",
    "open_head",
    "parse_head_name",
    "require_known_format",
    "seal_head",
]

ROOT = "v1"
HEADS = "v1/heads"
KEYS = "v1/keys"
OBJECTS = "v1/objects"
MAX_HEAD = 256 * 2**20
MAX_KEYS = 4 * 2**20

FORMAT = 1
_HEAD_NAME = re.compile(r"v1/heads/([0-9a-f]{32})/([0-9]{12})-([0-9a-f]{64})", re.ASCII)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class RemoteTooNew(Unsupported):
    """The backup was written by a newer version of the program."""

    code: ClassVar[str] = "sync.remote-too-new"


class Record(BaseModel):
    """What all records are: frozen; fields that a later version added are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(Record):
    """One object: a run of bytes of a file.

    Attributes:
        sha256: SHA-256 (hex) of its bytes, and its name.
        size: Bytes.
    """

    sha256: Digest
    size: Count


class RemoteFile(Record):
    """One file of the store.

    Attributes:
        path: Inside the store folder, with ``/``.
        size: Bytes.
        parts: The objects that give the file when joined in order.
    """

    path: str
    size: Count
    parts: tuple[Part, ...]


class Seen(Record):
    """A head, as others refer to it.

    Attributes:
        seq: Its number in its device's chain, from 1.
        sha256: SHA-256 (hex) of its sealed bytes.
    """

    seq: Annotated[int, Field(ge=1)]
    sha256: Digest


class Head(Record):
    """One pushed state of a store: everything that is needed to restore it.

    Attributes:
        format: Version of this record, 1.
        store_id: The store.
        device: The device that pushed.
        seq: Number in the device's chain, from 1.
        previous: SHA-256 of the device's head before, ``None`` for its first.
        generation: The manifest's generation.
        keys: The key bundle.
        files: Manifest, segments and log files.
        objects: How many different objects the files have.
        bytes: Bytes in those objects.
        created_at: For people only; no rule reads it.
        seen: Newest head of every other device when this one was pushed. A later absence of
            one of them shows that the remote lost it.
        includes: Heads of other devices whose state this one contains.
    """

    format: Literal[1] = 1
    store_id: UUID
    device: UUID
    seq: Annotated[int, Field(ge=1)]
    previous: Digest | None
    generation: Count
    keys: Part
    files: tuple[RemoteFile, ...]
    objects: Count
    bytes: Count
    created_at: datetime
    seen: Mapping[UUID, Seen]
    includes: Mapping[UUID, Seen]


class HeadName(NamedTuple):
    """What the name of a head says.

    Attributes:
        device: Who pushed it.
        seq: Number in the device's chain.
        sha256: SHA-256 (hex) of its sealed bytes.
    """

    device: UUID
    seq: int
    sha256: str

    @property
    def name(self) -> str:
        """The object's name on the remote."""
        return head_name(self.device, self.seq, self.sha256)

    @property
    def seen(self) -> Seen:
        """The head as others refer to it."""
        return Seen(seq=self.seq, sha256=self.sha256)

    def __str__(self) -> str:
        """Describe the head for people."""
        return f"head {self.seq} of device {self.device}"


def object_name(digest: str) -> str:
    """Return where an object lies on a remote."""
    return f"{OBJECTS}/{digest[:2]}/{digest}"


def keys_name(digest: str) -> str:
    """Return where a key bundle lies on a remote."""
    return f"{KEYS}/{digest}"


def head_name(device: UUID, seq: int, digest: str) -> str:
    """Return where a head lies on a remote."""
    return f"{HEADS}/{device.hex}/{seq:012d}-{digest}"


def parse_head_name(name: str) -> HeadName | None:
    """Return what a name says, ``None`` if it is not a head's."""
    match = _HEAD_NAME.fullmatch(name)
    return None if match is None else HeadName(UUID(hex=match[1]), int(match[2]), match[3])


def seal_head(head: Head, keyring: Keyring) -> bytes:
    """Return the sealed bytes of a head."""
    content = zlib.compress(head.model_dump_json().encode())
    return seal_envelope(
        keyring.head_key, Kind.HEAD, content, _context(head.device, head.seq, keyring)
    )


def open_head(content: bytes, name: HeadName, keyring: Keyring) -> Head:
    """Return the head that was sealed under a name.

    Raises:
        RemoteDamaged: It is not what was written.
        RemoteForeign: It belongs to another store.
        RemoteTooNew: A newer program wrote it.
        EnvelopeTooNew: Likewise.
    """
    if sha256(content) != name.sha256:
        raise damaged(str(name))
    context = _context(name.device, name.seq, keyring)
    try:
        packed = open_envelope(keyring.head_key, Kind.HEAD, content, context)
        plain = _unpacked(packed, str(name))
        require_known_format(plain, str(name))
        head = Head.model_validate_json(plain)
    except EnvelopeForeignKey as error:
        raise RemoteForeign(
            f"The remote holds a head that is not of this store ({name})",
            hint="Give every store a remote folder of its own.",
        ) from error
    except (EnvelopeBroken, ValidationError, zlib.error, ValueError) as error:
        raise damaged(str(name)) from error
    if (head.store_id, head.device, head.seq) != (keyring.store_id, name.device, name.seq):
        raise damaged(str(name))
    return head


def _context(device: UUID, seq: int, keyring: Keyring) -> bytes:
    return keyring.store_id.bytes + device.bytes + seq.to_bytes(8, "big")


def _unpacked(packed: bytes, what: str) -> bytes:
    inflater = zlib.decompressobj()
    plain = inflater.decompress(packed, MAX_HEAD)
    if not inflater.eof or inflater.unused_data:
        raise damaged(what)
    return plain


def require_known_format(content: bytes, what: str) -> None:
    """Refuse a newer format before its fields are looked at.

    Raises:
        RemoteTooNew: A newer program wrote it.
        ValueError: It is not JSON.
    """
    record = json.loads(content)
    found = record.get("format") if isinstance(record, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise RemoteTooNew(
            f"The {what} has format version {found}; this program knows {FORMAT}",
            hint="Install a newer version of RoleThread Store.",
        )


def damaged(what: str) -> RemoteDamaged:
    """Return the error for a record that is not what was written."""
    return RemoteDamaged(
        f"The {what} on the remote is not what was written",
        hint="Run verify to see what else is affected.",
        damaged=(what,),
    )
