"""Rekey: a new root key and new data keys for everything, in a tree of its own.

The long part, sealing every segment anew, takes no writer lock, so edits go on meanwhile.
Then the lock is taken, what came since is done, and the public header is replaced. A
rekey that is killed leaves its tree; the next one goes on with it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import ClassVar
from uuid import UUID

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
from rolethread_store.dataset import (
    ManifestMissing,
    RekeyedTree,
    collect_trees,
    new_tree,
    unfinished_rekeys,
)
from rolethread_store.errors import Denied, StoreError
from rolethread_store.model import ProgressListener
from rolethread_store.storage import Layout, rebuilding
from rolethread_store.store import remotes
from rolethread_store.store.parts import Parts

__all__ = ["RekeyPassphrase", "RekeyReport", "abandon", "rekey"]


class RekeyPassphrase(Denied):
    """An unfinished rekey was begun with another passphrase than the one given."""

    code: ClassVar[str] = "store.rekey-passphrase"


@dataclass(frozen=True, slots=True)
class RekeyReport:
    """What a rekey did, and what it could not do.

    Attributes:
        recovery_code: The new recovery code, shown only now.
        segments: Files sealed under new keys.
        bytes: Their size.
        seconds: How long it took.
        resumed: Whether it went on with an earlier one that was interrupted.
        dropped: Key slots of the old keys that have no successor, by kind and label.
        remotes: Remotes that still hold backups under the old key.
        old_removed: Whether the old files are gone; else the next writer removes them when
            nobody reads them any more.
    """

    recovery_code: str = field(repr=False)
    segments: int
    bytes: int
    seconds: float
    resumed: bool
    dropped: tuple[str, ...]
    remotes: tuple[str, ...]
    old_removed: bool


def rekey(
    parts: Parts, passphrase: str, listener: ProgressListener, kdf: KdfParams | None = None
) -> tuple[RekeyReport, UUID]:
    """Give the store a new root key, new data keys, a passphrase slot and a recovery code.

    Returns:
        What was done, and the slot that the passphrase opens.

    Raises:
        RebuildRunning: another process does already.
        RekeyPassphrase: an unfinished one was begun with another passphrase.
        StoreLocked: another process writes, at the end; what is done is kept.
        Unavailable: the disk is full; what is done is kept.
    """
    started = perf_counter()
    journal = parts.journal
    journal.require_no_block()
    with rebuilding(journal.layout):
        journal.require_tree()
        found = unfinished_rekeys(journal.layout, journal.disk)
        try:
            tree = _resumed(parts, found, passphrase)
            resumed = tree is not None
            if tree is None:
                tree = _begun(parts, passphrase, kdf or calibrated())
            journal.disk.stage_in(tree.layout.staging)
            tree.seal(journal, listener)
            parts.upkeep.wait()
            journal.begin_write()
            # Becoming the writer may have read a newer state, with more segments.
            tree.seal(journal, listener)
            (code, slot_id), dropped = _slots(parts, tree), _dropped(parts)
            tree.finish(journal)
            parts.release()
            journal.switch(tree.layout, tree.keyring, tree.header)
        finally:
            journal.disk.stage_in(journal.layout.staging)
        removed = _collected(parts)
    report = RekeyReport(
        recovery_code=code,
        segments=tree.segments,
        bytes=sum(batch.size for batch in journal.manifest.batches),
        seconds=perf_counter() - started,
        resumed=resumed,
        dropped=dropped,
        remotes=tuple(remote.name for remote in remotes.known(parts)),
        old_removed=removed,
    )
    return report, slot_id


def abandon(parts: Parts) -> bool:
    """Take away what an unfinished rekey left; return whether there was anything.

    Raises:
        RebuildRunning: it is running.
    """
    journal = parts.journal
    with rebuilding(journal.layout):
        found = unfinished_rekeys(journal.layout, journal.disk)
        for tree in found:
            journal.disk.remove_tree(tree.top)
    return bool(found)


def _resumed(parts: Parts, found: list[Layout], passphrase: str) -> RekeyedTree | None:
    """Take up the tree of an unfinished rekey; ``None`` when there is none worth it."""
    journal = parts.journal
    for layout in found:
        keyring = _unlocked(parts, layout, passphrase)
        if keyring is not None:
            with suppress(ManifestMissing):
                return RekeyedTree.resume(layout, keyring, journal.disk)
        # It was killed before anything was sealed.
        journal.disk.remove_tree(layout.top)
    return None


def _unlocked(parts: Parts, layout: Layout, passphrase: str) -> Keyring | None:
    """Open the tree's passphrase slot; ``None`` when it has none yet."""
    journal = parts.journal
    try:
        names = journal.disk.list(layout.keys)
    except StoreError:
        return None
    store_id = journal.keyring.store_id
    for name in names:
        blob = journal.disk.read(layout.keys / name)
        if read_slot_header(blob).kind is not SlotKind.PASSPHRASE:
            continue
        try:
            return Keyring(open_slot(blob, store_id=store_id, passphrase=passphrase), store_id)
        except Denied as error:
            raise RekeyPassphrase(
                "an unfinished rekey was begun with another passphrase; nothing was changed",
                hint="give that one, or begin anew after: rolethread rekey --abandon",
            ) from error
    return None


def _begun(parts: Parts, passphrase: str, params: KdfParams) -> RekeyedTree:
    """Make a tree with a new root key, wrapped under the passphrase."""
    journal, clock = parts.journal, parts.journal.clock
    root = Secret.random()
    store_id = journal.keyring.store_id
    identity = SlotIdentity(clock.new_id(), store_id, clock.now(), "passphrase")
    slot = make_passphrase_slot(root, passphrase, params, identity)
    layout = new_tree(journal.layout, journal.disk)
    journal.disk.stage_in(layout.staging)
    journal.disk.put_new(layout.rekey_mark, b"")
    journal.disk.put_new(layout.slot(identity.slot_id), slot)
    return RekeyedTree.begin(layout, Keyring(root, store_id), journal.disk)


def _slots(parts: Parts, tree: RekeyedTree) -> tuple[str, UUID]:
    """Leave the passphrase slot and add one for a new recovery code.

    Returns:
        The code, and the passphrase slot's id.
    """
    journal, clock, layout = parts.journal, parts.journal.clock, tree.layout
    passphrase_slot = UUID(int=0)
    for name in journal.disk.list(layout.keys):
        header = read_slot_header(journal.disk.read(layout.keys / name))
        if header.kind is SlotKind.PASSPHRASE:
            passphrase_slot = header.slot_id
        else:
            # Its code was never shown: the process that made it died before the end.
            journal.disk.remove(layout.keys / name)
    code = new_code()
    store_id = journal.keyring.store_id
    identity = SlotIdentity(clock.new_id(), store_id, clock.now(), "recovery code")
    slot = make_recovery_slot(tree.keyring.root, code, identity)
    journal.disk.put_new(layout.slot(identity.slot_id), slot)
    return code, passphrase_slot


def _dropped(parts: Parts) -> tuple[str, ...]:
    """Return the slots that have no successor: all but one passphrase and recovery code."""
    journal = parts.journal
    found = []
    seen: set[SlotKind] = set()
    for name in journal.disk.list(journal.layout.keys):
        if journal.layout.slot_of(name) is None:
            continue
        try:
            header = read_slot_header(journal.disk.read(journal.layout.keys / name))
        except StoreError:
            found.append(f"a damaged slot ({name})")
            continue
        successor = header.kind in (SlotKind.PASSPHRASE, SlotKind.RECOVERY_CODE)
        if not successor or header.kind in seen:
            found.append(f"{header.kind.name.lower().replace('_', ' ')} “{header.label}”")
        seen.add(header.kind)
    return tuple(found)


def _collected(parts: Parts) -> bool:
    """Take away the old tree and what it knew of remotes, as far as nobody uses them."""
    journal = parts.journal
    with suppress(StoreError):
        for name in journal.disk.list(journal.layout.trust):
            journal.disk.remove(journal.layout.trust / name)
        return collect_trees(journal.layout, journal.disk, journal.lease)
    return False
