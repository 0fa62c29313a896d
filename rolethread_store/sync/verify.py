"""Verify: look at everything on a remote that the newest backups need.

Level 0 compares names and sizes; level 1 reads every byte and compares digests, which
needs no key beyond opening the heads. All that is wrong is collected before it is reported,
and remembered, so that the next push brings back what this device still has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from rolethread_store.crypto.keyring import Keyring
from rolethread_store.model.progress import Progress, ProgressListener, unheard
from rolethread_store.storage.layout import Layout
from rolethread_store.sync.failures import (
    RemoteDamaged,
    RemoteEmpty,
    RemoteForeign,
    RemoteObjectMissing,
)
from rolethread_store.sync.heads import HeadIndex, index_of, read_head, recalled
from rolethread_store.sync.objects import is_whole
from rolethread_store.sync.records import (
    ROOT,
    Head,
    HeadName,
    Part,
    Seen,
    keys_name,
    object_name,
)
from rolethread_store.sync.remote import Remote
from rolethread_store.sync.reports import VerifyReport
from rolethread_store.sync.trust import Memory, TrustBook

__all__ = ["verify"]


def verify(
    layout: Layout,
    keyring: Keyring,
    remote: Remote,
    listener: ProgressListener = unheard,
    *,
    level: int = 1,
) -> VerifyReport:
    """Check that the newest backup of every device is on the remote and whole.

    Args:
        layout: The store, for what this device remembers of the remote.
        keyring: The store's keys.
        remote: What to check.
        listener: Told about the bytes checked.
        level: 0 for names and sizes, 1 to read every object and compare digests.

    Raises:
        RemoteDamaged: Something is missing or differs; the error lists all of it.
        RemoteEmpty: There is no backup.
        RemoteRolledBack: The remote lost a head that this device has seen.
        RemoteUnavailable: The remote failed.
    """
    book = TrustBook(layout, keyring)
    memory = book.load(remote.url)
    listed = remote.listing(ROOT)
    index = recalled(index_of(listed), memory.heads, remote)
    if not index.names:
        raise RemoteEmpty(
            f"There is no backup at {remote.url}", hint="Run push to make the first one."
        )
    check = _Check(keyring, remote, listener, level)
    newest = check.heads(index)
    check.objects(newest.values(), listed)
    if check.findings:
        book.save(remote.url, memory.model_copy(update={"doubted": tuple(sorted(check.doubted))}))
        raise check.error()
    heads = {**memory.heads, **{name.device: name.seen for name in newest}}
    sound = Memory(heads=heads, includes=memory.includes, pending=memory.pending)
    if sound != memory:
        book.save(remote.url, sound)
    return VerifyReport(
        objects=check.checked,
        bytes=check.bytes,
        missing=(),
        damaged=(),
        head_seq=max(name.seq for name in newest),
        level=level,
    )


class _Check:
    """One verification: what was checked and what was found."""

    def __init__(
        self, keyring: Keyring, remote: Remote, listener: ProgressListener, level: int
    ) -> None:
        self._keyring = keyring
        self._remote = remote
        self._listener = listener
        self._level = level
        self._missing: dict[str, None] = {}
        self._damaged: dict[str, None] = {}
        self.checked = 0
        self.bytes = 0
        self.doubted: set[str] = set()

    @property
    def findings(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._missing or self._damaged)

    def error(self) -> RemoteDamaged:
        """Return all findings as one error."""
        missing, damaged = tuple(self._missing), tuple(self._damaged)
        named = [f"missing: {what}" for what in missing] + [f"damaged: {what}" for what in damaged]
        return RemoteDamaged(
            f"The backup at {self._remote.url} is not whole; " + "; ".join(named),
            hint="Push again: what this device still has is put back. "
            "A lost head cannot be; then push to a new folder.",
            missing=missing,
            damaged=damaged,
        )

    def heads(self, index: HeadIndex) -> dict[HeadName, Head]:
        """Open every head, follow every chain and return the newest of each device."""
        newest: dict[HeadName, Head] = {}
        for device in index.devices:
            last = self._chain(index, device)
            if last is not None:
                newest[last[0]] = last[1]
        for head in newest.values():
            self._references(index, head.seen)
            self._references(index, head.includes)
        return newest

    def _chain(self, index: HeadIndex, device: UUID) -> tuple[HeadName, Head] | None:
        """Check a device's heads against each other; return the newest one if it is sound."""
        before: HeadName | None = None
        last: tuple[HeadName, Head] | None = None
        for name in index.chain(device):
            expected = before.seq + 1 if before is not None else 1
            for seq in range(expected, name.seq):
                self._missing[f"head {seq} of device {device}"] = None
            if name.seq < expected:
                self._damaged[f"{name}, which exists twice"] = None
            head = self._opened(name, index.names[name])
            last = (name, head) if head is not None else None
            if head is not None and name.seq == expected:
                link = before.sha256 if before is not None else None
                if head.previous != link:
                    self._damaged[f"{name}, which does not follow the one before"] = None
            before = name
        return last

    def _opened(self, name: HeadName, size: int) -> Head | None:
        self.checked += 1
        self.bytes += size
        try:
            return read_head(self._remote, name, size, self._keyring)
        except RemoteDamaged as error:
            (self._missing if error.missing else self._damaged)[str(name)] = None
        except RemoteForeign:
            self._damaged[f"{name}, which this store's key does not open"] = None
        return None

    def _references(self, index: HeadIndex, seen: Mapping[UUID, Seen]) -> None:
        """Find heads that other devices saw and that are gone: a partial rollback."""
        for device, at in seen.items():
            name = HeadName(device, at.seq, at.sha256)
            if name not in index.names:
                self._missing[str(name)] = None

    def objects(self, heads: Iterable[Head], listed: Mapping[str, int]) -> None:
        """Check every object that the heads need, each once."""
        wanted: dict[str, tuple[Part, str]] = {}
        for head in heads:
            keys = keys_name(head.keys.sha256)
            wanted.setdefault(keys, (head.keys, "the key slots (keys/ and STORE)"))
            for file in head.files:
                for part in file.parts:
                    wanted.setdefault(object_name(part.sha256), (part, file.path))
        total = sum(part.size for part, _ in wanted.values())
        done = 0
        for name, (part, path) in wanted.items():
            self._listener(Progress(done, total, "bytes checked"))
            self._object(name, part, f"{path} (object {part.sha256[:12]}…)", listed)
            done += part.size
        self._listener(Progress(done, total, "bytes checked"))

    def _object(self, name: str, part: Part, what: str, listed: Mapping[str, int]) -> None:
        self.checked += 1
        self.bytes += part.size
        size = listed[name] if name in listed else self._remote.size(name)
        if size is None:
            self._missing[what] = None
        elif size != part.size:
            self._damaged[what] = None
        elif self._level == 0:
            return
        else:
            try:
                if is_whole(self._remote, name, part):
                    return
                self._damaged[what] = None
            except RemoteObjectMissing:
                self._missing[what] = None
        self.doubted.add(part.sha256)
