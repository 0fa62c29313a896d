"""The heads on a remote: listed, remembered, opened and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.crypto.keyring import Keyring
from rolethread_store.sync.failures import (
    DeviceForked,
    HeadsDiverged,
    RemoteDamaged,
    RemoteObjectMissing,
    RemoteRolledBack,
)
from rolethread_store.sync.records import (
    MAX_HEAD,
    Head,
    HeadName,
    Seen,
    open_head,
    parse_head_name,
)
from rolethread_store.sync.remote import Remote

__all__ = ["HeadIndex", "dominating", "index_of", "read_head", "recalled"]


@dataclass(frozen=True, slots=True)
class HeadIndex:
    """Which heads a remote holds.

    Attributes:
        names: Every head with its size in bytes.
    """

    names: Mapping[HeadName, int]

    @property
    def devices(self) -> tuple[UUID, ...]:
        """Devices that pushed, sorted."""
        return tuple(sorted({name.device for name in self.names}))

    def chain(self, device: UUID) -> tuple[HeadName, ...]:
        """Return a device's heads in order."""
        return tuple(sorted(name for name in self.names if name.device == device))

    def newest(self, device: UUID) -> HeadName | None:
        """Return a device's newest head, ``None`` if it has none.

        Raises:
            DeviceForked: Two heads carry the newest number.
        """
        chain = self.chain(device)
        if len(chain) > 1 and chain[-1].seq == chain[-2].seq:
            raise DeviceForked(
                f"Two copies of this store pushed as one device ({device}): "
                f"head {chain[-1].seq} exists twice",
                hint="Restore one of the copies into a new folder and go on with that.",
            )
        return chain[-1] if chain else None

    def newest_of_all(self) -> dict[UUID, HeadName]:
        """Return the newest head of every device.

        Raises:
            DeviceForked: A device has two.
        """
        return {device: head for device in self.devices if (head := self.newest(device))}


def index_of(listed: Mapping[str, int]) -> HeadIndex:
    """Return the heads in a listing; other names are passed over."""
    names = {name: size for text, size in listed.items() if (name := parse_head_name(text))}
    return HeadIndex(names)


def recalled(index: HeadIndex, memory: Mapping[UUID, Seen], remote: Remote) -> HeadIndex:
    """Check that every head this device has seen is still there.

    A listing may be late, so a head that it does not show is asked for by name.

    Returns:
        The index, with the heads that were found by name.

    Raises:
        RemoteRolledBack: A head is gone or was replaced.
    """
    names = dict(index.names)
    for device, seen in memory.items():
        name = HeadName(device, seen.seq, seen.sha256)
        if name in names:
            continue
        size = remote.size(name.name)
        if size is None:
            raise _rolled_back(index, name, remote)
        names[name] = size
    return HeadIndex(names)


def _rolled_back(index: HeadIndex, name: HeadName, remote: Remote) -> RemoteRolledBack:
    chain = index.chain(name.device)
    if not index.names:
        now = "it holds no backup at all now"
    elif not chain or chain[-1].seq < name.seq:
        now = f"the newest there is now {chain[-1].seq if chain else 'none'}"
    else:
        now = "another one has its place now"
    return RemoteRolledBack(
        f"{remote.url} went back in time: this device has seen {name} there; {now}",
        hint="Check that the right drive or share is connected. If the loss is real, "
        "push to a new folder.",
    )


def read_head(remote: Remote, name: HeadName, size: int, keyring: Keyring) -> Head:
    """Fetch and open a head.

    Raises:
        RemoteDamaged: It is not what was written, or gone.
        RemoteForeign: It belongs to another store.
        RemoteTooNew: A newer program wrote it.
    """
    if size > MAX_HEAD:
        raise RemoteDamaged(f"{name} on {remote.url} is too large", damaged=(str(name),))
    try:
        content = remote.read(name.name)
    except RemoteObjectMissing as error:
        raise RemoteDamaged(
            f"{name} is not on {remote.url} any more", missing=(str(name),)
        ) from error
    return open_head(content, name, keyring)


def dominating(heads: Iterable[tuple[HeadName, Head]]) -> tuple[HeadName, Head]:
    """Return the head whose state contains that of all others.

    Args:
        heads: The newest head of every device; at least one.

    Raises:
        HeadsDiverged: No head contains the others.
    """
    everything = tuple(heads)
    for name, head in everything:
        if all(other is head or _contains(head, at) for at, other in everything):
            return name, head
    listed = ", ".join(
        f"{name.device} (head {name.seq}, {head.created_at:%Y-%m-%d %H:%M} UTC)"
        for name, head in everything
    )
    raise HeadsDiverged(
        f"Several devices pushed different states and none contains the others: {listed}",
        hint="Restore one of them by naming its device; the others stay on the remote.",
    )


def _contains(head: Head, name: HeadName) -> bool:
    included = head.includes.get(name.device)
    if included is None:
        return False
    return included.seq > name.seq or included == name.seen
