"""The sealed manifest: what immutable files there are, and what they must be.

The manifest does not say what is in a dataset: the log does. It knows every batch (files,
digests, wrapped data key), the checkpoints that let a fold start late, and how far each
log file had come, so that a log cut short before that point is noticed. Generation *n*
is published by exclusive creation of its name; the one before it stays until the next.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rolethread_store.crypto import Keyring, Kind, open_envelope, seal_envelope
from rolethread_store.errors import Corrupt, NotFound
from rolethread_store.model import Batch, BatchKind, Fact
from rolethread_store.storage import Disk, Layout

__all__ = [
    "Base",
    "BaseLayer",
    "LogMark",
    "Manifest",
    "ManifestDamaged",
    "ManifestMissing",
    "load_manifest",
    "newest_generation",
    "opened_manifest",
    "publish_manifest",
]

_KEPT_GENERATIONS = 2


class ManifestDamaged(Corrupt):
    """A manifest does not open or contradicts itself."""

    code: ClassVar[str] = "dataset.manifest-damaged"


class ManifestMissing(Corrupt):
    """The store has no manifest."""

    code: ClassVar[str] = "dataset.manifest-missing"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogMark(_Part):
    """How far the log had come when the manifest was written.

    Attributes:
        number: Number in the log file's name.
        log_id: The file.
        frames: Valid frames it then had.
        size: Bytes up to and with the last of them.
        tag: Tag of the last of them, hex.
    """

    number: int
    log_id: UUID
    frames: int
    size: int
    tag: str


class BaseLayer(_Part):
    """One layer of a base, lowest first.

    Attributes:
        kind: What its rows are.
        batch_id: The batch.
        segments: Numbers of the segments meant, ``None`` for all of the batch.
    """

    kind: BatchKind
    batch_id: UUID
    segments: tuple[int, ...] | None = None


class Base(_Part):
    """A checkpoint of one dataset: the fold up to a set, kept as layers.

    Attributes:
        dataset_id: The working copy it was made of; others of the dataset may share it.
        depth: How many sets in effect are folded in.
        top: The last of them.
        chain: SHA-256 (hex) of the ids of all of them, in order.
        layers: The rows.
        entries: Entries in it.
    """

    dataset_id: UUID
    depth: int = Field(ge=1)
    top: UUID
    chain: str
    layers: tuple[BaseLayer, ...]
    entries: int


class Manifest(_Part):
    """See the module.

    Attributes:
        format: Version of this structure.
        store_id: The store.
        generation: From 1, one more with each manifest.
        parent: SHA-256 (hex) of the manifest file before it.
        header_tag: HMAC (hex) of the public header.
        batches: Every batch that a set in the log or a base may name.
        bases: Checkpoints, oldest first.
        facts: Registry and settings as of ``facts_seq``.
        facts_seq: Last set whose facts are in ``facts``.
        log: How far the log had come; ``None`` before its first record.
    """

    format: Literal[1] = 1
    store_id: UUID
    generation: Annotated[int, Field(ge=1)]
    parent: str | None
    header_tag: str
    batches: tuple[Batch, ...] = ()
    bases: tuple[Base, ...] = ()
    facts: tuple[Fact, ...] = ()
    facts_seq: int = 0
    log: LogMark | None = None


def _context(store_id: UUID, generation: int) -> bytes:
    return store_id.bytes + generation.to_bytes(8, "big")


def newest_generation(layout: Layout, disk: Disk) -> int:
    """Return the newest manifest's generation, 0 when there is none."""
    found = (layout.generation_of(name) for name in disk.list(layout.manifests))
    return max((generation for generation in found if generation is not None), default=0)


def load_manifest(layout: Layout, disk: Disk, keyring: Keyring) -> tuple[Manifest, str]:
    """Return the newest manifest and the SHA-256 (hex) of its file.

    Raises:
        ManifestMissing: there is none.
        ManifestDamaged: it contradicts itself or its name.
        Corrupt: it does not open.
    """
    while True:
        generation = newest_generation(layout, disk)
        if generation == 0:
            raise ManifestMissing(
                "the store has no manifest", hint="restore the store from a remote"
            )
        try:
            sealed = disk.read(layout.manifest(generation))
        except NotFound:
            continue  # A writer retired it between the listing and the reading.
        break
    manifest = opened_manifest(sealed, generation, keyring)
    return manifest, hashlib.sha256(sealed).hexdigest()


def opened_manifest(sealed: bytes, generation: int, keyring: Keyring) -> Manifest:
    """Return what a manifest file says.

    Raises:
        ManifestDamaged: it contradicts itself or its name.
        Corrupt: it does not open.
    """
    plain = open_envelope(
        keyring.manifest_key, Kind.MANIFEST, sealed, _context(keyring.store_id, generation)
    )
    try:
        manifest = Manifest.model_validate_json(plain)
    except ValidationError as error:
        raise ManifestDamaged(
            f"manifest {generation} has an unknown structure ({error.error_count()} places)"
        ) from None
    if manifest.generation != generation or manifest.store_id != keyring.store_id:
        raise ManifestDamaged(f"manifest {generation} belongs to another place")
    return manifest


def publish_manifest(manifest: Manifest, layout: Layout, disk: Disk, keyring: Keyring) -> str:
    """Write the next manifest and retire those before its parent; return its SHA-256 (hex).

    Raises:
        AlreadyThere: another writer published that generation.
    """
    sealed = seal_envelope(
        keyring.manifest_key,
        Kind.MANIFEST,
        manifest.model_dump_json().encode(),
        _context(manifest.store_id, manifest.generation),
    )
    disk.put_new(layout.manifest(manifest.generation), sealed)
    for name in disk.list(layout.manifests):
        generation = layout.generation_of(name)
        if generation is not None and generation <= manifest.generation - _KEPT_GENERATIONS:
            disk.remove(layout.manifest(generation))
    return hashlib.sha256(sealed).hexdigest()
