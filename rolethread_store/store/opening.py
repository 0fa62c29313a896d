"""Creating a store, and opening one with a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.clock import Clock
from rolethread_store.crypto import (
    KdfParams,
    Keyring,
    Secret,
    SlotIdentity,
    calibrated,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
)
from rolethread_store.dataset import Manifest, StoreHeader, publish_manifest
from rolethread_store.errors import Conflict, NotFound
from rolethread_store.storage import Disk, Layout, Lease, WriterLock
from rolethread_store.store.secrets import Secrets, root_key, slot_bytes
from rolethread_store.store.unfinished import clear_unfinished, is_unfinished

__all__ = [
    "FolderNotEmpty",
    "StoreMissing",
    "Unlocked",
    "make_store",
    "unlock",
    "unlock_bytes",
]


class StoreMissing(NotFound):
    """There is no store at that path."""

    code: ClassVar[str] = "store.missing"


class FolderNotEmpty(Conflict):
    """A store can only be made in a new or empty folder."""

    code: ClassVar[str] = "store.folder-not-empty"


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A store whose keys are known.

    Attributes:
        layout: Where its tree lies.
        disk: How it is reached.
        header: Its public header.
        keyring: Its keys.
        lease: Keeps its tree from being taken away.
        opened_with: The key slot that the caller's secret is proven to open.
    """

    layout: Layout
    disk: Disk
    header: StoreHeader
    keyring: Keyring
    opened_with: UUID | None = None
    lease: Lease | None = None


def make_store(
    path: Path, passphrase: str, clock: Clock, kdf: KdfParams | None = None
) -> tuple[Unlocked, str]:
    """Make a store and return it with its recovery code, which is kept nowhere.

    Raises:
        FolderNotEmpty: something is there.
        PassphraseUnusable: the passphrase is empty.
        Denied: the folder cannot be written.
    """
    layout = Layout(path.absolute())
    disk = Disk(layout.staging)
    if path.exists() and not is_unfinished(layout):
        raise FolderNotEmpty(f"{path} is not empty", hint="name a folder that does not exist yet")
    root = Secret.random()
    code = new_code()
    store_id = clock.new_id()
    now = clock.now()

    def identity(label: str) -> SlotIdentity:
        return SlotIdentity(clock.new_id(), store_id, now, label)

    first, second = identity("passphrase"), identity("recovery code")
    slots = {
        first.slot_id: make_passphrase_slot(root, passphrase, kdf or calibrated(), first),
        second.slot_id: make_recovery_slot(root, code, second),
    }
    for folder in (*reversed(layout.root.parents), layout.root):
        if not folder.exists():
            disk.make_folder(folder)
    # Two makers at once would take each other's files for what a crash left.
    with WriterLock(layout, clock):
        clear_unfinished(layout, disk)
        keyring, header = _written(layout, disk, root, store_id, slots)
    return Unlocked(layout, disk, header, keyring, first.slot_id), code


def _written(
    layout: Layout, disk: Disk, root: Secret, store_id: UUID, slots: Mapping[UUID, bytes]
) -> tuple[Keyring, StoreHeader]:
    """Write a store's first files; its header comes last."""
    for folder in layout.folders:
        disk.make_folder(folder)
    header = StoreHeader(store_id)
    keyring = Keyring(root, store_id)
    for slot_id, content in slots.items():
        disk.put_new(layout.slot(slot_id), content)
    tag = keyring.header_tag(header.encode()).hex()
    manifest = Manifest(store_id=store_id, generation=1, parent=None, header_tag=tag)
    publish_manifest(manifest, layout, disk, keyring)
    # Without a header nothing takes the folder for a store; the names of the folders have
    # to be durable before it.
    disk.sync_folder(layout.root)
    disk.put_new(layout.header, header.encode())
    disk.sync_folder(layout.root.parent)
    return keyring, header


def unlock(path: Path, secrets: Secrets) -> Unlocked:
    """Open a store's keys.

    Raises:
        StoreMissing: there is no store.
        NoSecret: no secret was given.
        WrongPassphrase: it opens no slot; likewise the errors of the other kinds.
        Corrupt: header or slots are not what was written.
        Unsupported: a newer program made the store.
    """
    layout = Layout(path.absolute())
    disk = Disk(layout.staging)
    if not layout.header.is_file():
        raise StoreMissing(f"there is no store at {path}", hint="make one with: rolethread init")
    # Before the header is read: the tree that it names may not be taken away from then on.
    lease = Lease(layout)
    try:
        content = disk.read(layout.header)
        layout = layout.in_tree(StoreHeader.decode(content).tree)
        disk.stage_in(layout.staging)
        slots = list(slot_bytes(layout, disk).values())
        header, keyring, opened_with = unlock_bytes(content, slots, secrets)
    except BaseException:
        lease.release()
        raise
    return Unlocked(layout, disk, header, keyring, opened_with, lease)


def unlock_bytes(
    header: bytes, slots: Sequence[bytes], secrets: Secrets
) -> tuple[StoreHeader, Keyring, UUID]:
    """Open a store's keys from the bytes of its header and slots; see ``root_key``."""
    known = StoreHeader.decode(header)
    slot_id, root = root_key(slots, known.store_id, secrets)
    return known, Keyring(root, known.store_id), slot_id
