"""Creating a store, and opening one with a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rolethread_store.clock import Clock
from rolethread_store.crypto import (
    KdfParams,
    Keyring,
    Secret,
    SlotIdentity,
    SlotKind,
    calibrated,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
    open_slot,
    read_slot_header,
)
from rolethread_store.dataset import Manifest, StoreHeader, publish_manifest
from rolethread_store.errors import Conflict, Corrupt, Denied, InvalidInput, NotFound
from rolethread_store.storage import Disk, Layout

__all__ = [
    "FolderNotEmpty",
    "NoSecret",
    "NoUsableSlot",
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


class NoSecret(InvalidInput):
    """Neither a passphrase nor a recovery code was given."""

    code: ClassVar[str] = "store.no-secret"


class NoUsableSlot(Corrupt):
    """No key slot of the wanted kind can be read."""

    code: ClassVar[str] = "store.no-usable-slot"


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A store whose keys are known."""

    layout: Layout
    disk: Disk
    header: StoreHeader
    keyring: Keyring


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
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FolderNotEmpty(f"{path} is not empty", hint="name a folder that does not exist yet")
    disk = Disk(layout.staging)
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
    for parent in reversed(layout.root.parents):
        if not parent.exists():
            disk.make_folder(parent)
    for folder in layout.folders:
        disk.make_folder(folder)
    header = StoreHeader(store_id)
    keyring = Keyring(root, store_id)
    for slot_id, content in slots.items():
        disk.put_new(layout.slot(slot_id), content)
    tag = keyring.header_tag(header.encode()).hex()
    manifest = Manifest(store_id=store_id, generation=1, parent=None, header_tag=tag)
    publish_manifest(manifest, layout, disk, keyring)
    # The header comes last: without it nothing takes the folder for a store.
    disk.put_new(layout.header, header.encode())
    disk.sync_folder(layout.root.parent)
    return Unlocked(layout, disk, header, keyring), code


def unlock(path: Path, passphrase: str | None, recovery_code: str | None) -> Unlocked:
    """Open a store's keys.

    Raises:
        StoreMissing: there is no store.
        NoSecret: no secret was given.
        WrongPassphrase: it opens no slot.
        Corrupt: header or slots are not what was written.
        Unsupported: a newer program made the store.
    """
    layout = Layout(path.absolute())
    disk = Disk(layout.staging)
    if not layout.header.is_file():
        raise StoreMissing(f"there is no store at {path}", hint="make one with: rolethread init")
    content = disk.read(layout.header)
    slots = [
        disk.read(layout.keys / name)
        for name in disk.list(layout.keys)
        if layout.slot_of(name) is not None
    ]
    header, keyring = unlock_bytes(content, slots, passphrase, recovery_code)
    return Unlocked(layout, disk, header, keyring)


def unlock_bytes(
    header: bytes, slots: list[bytes], passphrase: str | None, recovery_code: str | None
) -> tuple[StoreHeader, Keyring]:
    """Open a store's keys from the bytes of its header and slots.

    Every slot of the right kind is tried: a damaged one never locks the store while
    another opens.

    Raises:
        NoSecret: no secret was given.
        WrongPassphrase: it opens no slot.
        NoUsableSlot: no slot of that kind can be read.
    """
    if passphrase is None and recovery_code is None:
        raise NoSecret("a passphrase or a recovery code is needed")
    known = StoreHeader.decode(header)
    failures: list[Denied | Corrupt] = []
    kind = SlotKind.RECOVERY_CODE if passphrase is None else SlotKind.PASSPHRASE
    for slot in _of_kind(slots, kind, failures):
        try:
            root = open_slot(
                slot,
                store_id=known.store_id,
                passphrase=passphrase,
                recovery_code=recovery_code if passphrase is None else None,
            )
        except (Denied, Corrupt) as error:
            failures.append(error)
            continue
        return known, Keyring(root, known.store_id)
    wrong = [error for error in failures if isinstance(error, Denied)]
    if wrong:
        raise wrong[0]
    if failures:
        raise failures[0]
    raise NoUsableSlot(
        f"the store has no key slot for a {kind.name.lower().replace('_', ' ')}",
        hint="put back the keys folder from a copy or a remote",
    )


def _of_kind(
    slots: list[bytes], kind: SlotKind, failures: list[Denied | Corrupt]
) -> Iterator[bytes]:
    for slot in slots:
        try:
            if read_slot_header(slot).kind is kind:
                yield slot
        except Corrupt as error:
            failures.append(error)
