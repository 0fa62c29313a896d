"""Restore: a store from a remote into a folder that is new.

Everything is fetched into a folder beside the destination, every digest compared on the
way, and only a complete store is given the destination's name. A restore that fails leaves
nothing behind.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto.keyring import Keyring
from rolethread_store.errors import Conflict, Denied
from rolethread_store.model.progress import ProgressListener, unheard
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import translated
from rolethread_store.storage.layout import Layout
from rolethread_store.sync.bundle import KeyBundle, read_bundle
from rolethread_store.sync.failures import (
    HeadsDiverged,
    RemoteDamaged,
    RemoteEmpty,
    RemoteObjectMissing,
)
from rolethread_store.sync.fetching import Fetch, require_listed
from rolethread_store.sync.heads import HeadIndex, dominating, index_of, read_head
from rolethread_store.sync.records import (
    KEYS,
    MAX_KEYS,
    ROOT,
    Head,
    HeadName,
)
from rolethread_store.sync.remote import Remote
from rolethread_store.sync.reports import RestoreReport
from rolethread_store.sync.trust import Memory, TrustBook

__all__ = ["DestinationNotEmpty", "Unlock", "restore"]

Unlock = Callable[[list[bytes], bytes], Keyring]
"""Opens one of the key slots, given their bytes and those of the header.

It raises an error of the family ``Denied`` if the secret opens none of them.
"""


class DestinationNotEmpty(Conflict):
    """The folder to restore into holds something; it was left as it is."""

    code: ClassVar[str] = "sync.destination-not-empty"


def restore(
    remote: Remote,
    destination: Path,
    unlock: Unlock,
    listener: ProgressListener = unheard,
    *,
    device: UUID | None = None,
) -> RestoreReport:
    """Bring a store back from a remote.

    Args:
        remote: Where the backup is.
        destination: A folder that does not exist or is empty.
        unlock: Opens the key slots with the user's secret.
        listener: Told about the bytes restored.
        device: Whose newest push to take, when several diverged.

    Raises:
        Denied: The secret opens no key slot of the backup.
        DestinationNotEmpty: There is something in the destination.
        HeadsDiverged: Several devices pushed different states and ``device`` names none.
        RemoteDamaged: The backup is not whole; the error names what is affected.
        RemoteEmpty: There is no backup.
        RemoteUnavailable: The remote failed.
    """
    destination = destination.expanduser().absolute()
    _require_empty(destination)
    listed = remote.listing(ROOT)
    index = index_of(listed)
    bundles = _bundles(remote, listed)
    if not index.names or not bundles:
        hint = "Check the address of the remote."
        raise RemoteEmpty(f"There is no complete backup at {remote.url}", hint=hint)
    keyring, opened = _unlocked(bundles, unlock)
    try:
        newest = _newest(remote, index, keyring)
        name, head = _chosen(newest, device)
        require_listed(head, listed)
        if head.keys.sha256 != opened:
            # The secret opened slots of an earlier time. The restored store will have the
            # present ones, so it is those that it must open.
            _current(bundles, head, unlock).wipe()
        with _building(destination) as folder:
            fetch = Fetch(remote, folder, listener)
            layout = fetch.run(head, bundles[head.keys.sha256])
            TrustBook(layout, keyring).save(remote.url, _memory(newest, name, head))
            _publish(layout, destination)
    finally:
        keyring.wipe()
    return RestoreReport(destination, fetch.files, fetch.bytes, head.seq, name.device)


def _require_empty(destination: Path) -> None:
    with translated(destination):
        if destination.is_dir() and not any(destination.iterdir()):
            return
        if destination.exists() or destination.is_symlink():
            raise DestinationNotEmpty(
                f"{destination} is not an empty folder; nothing was changed",
                hint="Restore into a folder that does not exist yet.",
            )


def _bundles(remote: Remote, listed: Mapping[str, int]) -> dict[str, KeyBundle]:
    """Return every key bundle that is whole, by its digest.

    Raises:
        RemoteDamaged: There are bundles and none is whole.
    """
    found: dict[str, KeyBundle] = {}
    broken: list[str] = []
    for name, size in listed.items():
        folder, _, digest = name.rpartition("/")
        if folder != KEYS:
            continue
        try:
            if size > MAX_KEYS:
                broken.append(name)
            else:
                found[digest] = read_bundle(remote.read(name), digest)
        except (RemoteDamaged, RemoteObjectMissing):
            broken.append(name)
    if broken and not found:
        what = "the key slots (keys/ and STORE)"
        raise RemoteDamaged(
            f"The key slots at {remote.url} are damaged; the backup cannot be opened",
            hint="Push again from a device that still has the store.",
            damaged=(what,),
        )
    return found


def _unlocked(bundles: Mapping[str, KeyBundle], unlock: Unlock) -> tuple[Keyring, str]:
    """Return the keys and the bundle that the secret opens; a store has several over time.

    A slot takes half a second to try, so each is tried once.
    """
    refused = Denied("The backup has no key slots")
    tried: set[bytes] = set()
    for digest, bundle in bundles.items():
        slots = [slot for slot in bundle.slots.values() if slot not in tried]
        if not slots:
            continue
        tried.update(slots)
        try:
            return unlock(slots, bundle.header), digest
        except Denied as error:
            refused = error
    raise refused


def _current(bundles: Mapping[str, KeyBundle], head: Head, unlock: Unlock) -> Keyring:
    bundle = bundles.get(head.keys.sha256)
    if bundle is None:
        what = "the key slots (keys/ and STORE)"
        raise RemoteDamaged(
            "The present key slots are not on the remote, only earlier ones",
            hint="Push again from a device that still has the store.",
            missing=(what,),
        )
    return unlock(list(bundle.slots.values()), bundle.header)


def _newest(remote: Remote, index: HeadIndex, keyring: Keyring) -> dict[HeadName, Head]:
    """Open the newest head of every device."""
    return {
        name: read_head(remote, name, index.names[name], keyring)
        for name in index.newest_of_all().values()
    }


def _chosen(newest: Mapping[HeadName, Head], device: UUID | None) -> tuple[HeadName, Head]:
    if device is None:
        return dominating(newest.items())
    for name, head in newest.items():
        if name.device == device:
            return name, head
    raise HeadsDiverged(
        f"Device {device} never pushed to this remote",
        hint="Name one of: " + ", ".join(str(name.device) for name in newest),
    )


def _memory(newest: Mapping[HeadName, Head], name: HeadName, head: Head) -> Memory:
    """Return what the restored store knows of the remote, and contains, from the start."""
    seen = {**head.seen, **{other.device: other.seen for other in newest}}
    return Memory(heads=seen, includes={**head.includes, name.device: name.seen})


@contextmanager
def _building(destination: Path) -> Iterator[Path]:
    """Give a folder to build the store in; whatever is left of it afterwards is removed."""
    made: list[Path] = []
    folder = destination.with_name(f"{destination.name}.partial-{secrets.token_hex(4)}")
    try:
        with translated(destination):
            for parent in reversed(destination.parents):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            for parent in reversed(made):
                parent.rmdir()
        raise


def _publish(layout: Layout, destination: Path) -> None:
    """Give the finished folder its name; an empty destination makes room for it."""
    disk = Disk(layout.staging)
    for inner in layout.folders:
        disk.sync_folder(inner)
    with translated(destination):
        if destination.is_dir():
            destination.rmdir()
        layout.root.rename(destination)
    disk.sync_folder(destination.parent)
