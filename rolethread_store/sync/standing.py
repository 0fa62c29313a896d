"""How things stand on a remote before a push: what is there, and whether we may add to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.crypto.keyring import Keyring
from rolethread_store.sync.failures import DeviceForked, RemoteDamaged
from rolethread_store.sync.heads import HeadIndex, index_of, read_head, recalled
from rolethread_store.sync.local import LocalFiles
from rolethread_store.sync.records import HEADS, Head, HeadName, Seen
from rolethread_store.sync.remote import Remote
from rolethread_store.sync.trust import Memory

__all__ = ["Standing", "standing_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand on a remote before a push.

    Attributes:
        memory: What this device remembers of the remote.
        index: The heads that are there.
        newest: This device's newest head, ``None`` before its first push.
        previous: What that head says.
    """

    memory: Memory
    index: HeadIndex
    newest: HeadName | None
    previous: Head | None

    @property
    def known(self) -> frozenset[str]:
        """Objects that the last head vouches for and no verify has doubted."""
        if self.previous is None:
            return frozenset()
        named = {part.sha256 for file in self.previous.files for part in file.parts}
        return frozenset(named.difference(self.memory.doubted))

    @property
    def includes(self) -> Mapping[UUID, Seen]:
        """Heads of other devices that this store's state contains."""
        before = self.previous.includes if self.previous is not None else {}
        return {**before, **self.memory.includes}

    def others(self, device: UUID) -> dict[UUID, Seen]:
        """Return the newest heads of the other devices; one that forked has none."""
        others: dict[UUID, Seen] = {}
        for other in self.index.devices:
            chain = self.index.chain(other)
            forked = len(chain) > 1 and chain[-1].seq == chain[-2].seq
            if other != device and not forked:
                others[other] = chain[-1].seen
        return others


def standing_of(local: LocalFiles, memory: Memory, keyring: Keyring, remote: Remote) -> Standing:
    """Look at the remote in two requests: its heads, and what our newest one says.

    Raises:
        DeviceForked: Another copy of this store folder pushed as this device.
        RemoteDamaged: Our newest head is not what was written.
        RemoteForeign: It belongs to another store.
        RemoteRolledBack: The remote lost a head that this device has seen.
    """
    index = recalled(index_of(remote.listing(HEADS)), memory.heads, remote)
    newest = index.newest(local.device_id)
    if memory.pending is not None and (newest is None or newest.seq < memory.pending.seq):
        # A push was interrupted; its head may be there though no listing shows it yet.
        name = HeadName(local.device_id, memory.pending.seq, memory.pending.sha256)
        size = remote.size(name.name)
        if size is not None:
            index = HeadIndex({**index.names, name: size})
    return _upon(index, local, memory, keyring, remote)


def _upon(
    index: HeadIndex, local: LocalFiles, memory: Memory, keyring: Keyring, remote: Remote
) -> Standing:
    """Open this device's newest head, if it has one."""
    newest = index.newest(local.device_id)
    if newest is None:
        return Standing(memory, index, None, None)
    try:
        previous = read_head(remote, newest, index.names[newest], keyring)
    except RemoteDamaged:
        if newest.seen != memory.pending:
            raise
        # Our own push was cut off while it wrote this head, and nobody was told of it.
        remote.remove(newest.name)
        names = {name: size for name, size in index.names.items() if name != newest}
        return _upon(HeadIndex(names), local, memory, keyring, remote)
    if newest.seen not in (memory.heads.get(local.device_id), memory.pending):
        _require_descent(local, previous, remote)
    return Standing(memory, index, newest, previous)


def _require_descent(local: LocalFiles, head: Head, remote: Remote) -> None:
    """Check that a head we do not remember writing is not ahead of this folder.

    It is when the folder was copied, or put back from an older copy of the disk: to push
    then would hide the newer state.
    """
    sizes = {local.relative(path): size for path, size in local.logs}
    ahead = head.generation > local.generation or any(
        sizes.get(file.path, file.size) < file.size
        or (file.path not in sizes and head.generation == local.generation)
        for file in head.files
        if file.path.startswith("log/")
    )
    if ahead:
        raise DeviceForked(
            f"{remote.url} holds a newer state of this device than this folder: "
            f"{local.layout.root} is a copy or was put back",
            hint="Restore the remote into a new folder, or push to a new remote folder.",
        )
