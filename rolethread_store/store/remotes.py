"""Remotes by name, and the flows between this store and them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto import Keyring, Kind, derive, open_envelope, seal_envelope
from rolethread_store.errors import Conflict, InvalidInput, NotFound
from rolethread_store.model import (
    FactKind,
    FactPut,
    FactRemoved,
    ProgressListener,
    Setting,
    unheard,
)
from rolethread_store.store.opening import unlock_bytes
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import RemoteInfo
from rolethread_store.store.secrets import Secrets, key_path
from rolethread_store.sync import (
    LocalFiles,
    PushReport,
    Remote,
    RestoreReport,
    VerifyReport,
    push,
    restore,
    verify,
)

__all__ = [
    "RemoteExists",
    "RemoteNameInvalid",
    "RemoteUnknown",
    "add",
    "known",
    "push_to",
    "remove",
    "restore_store",
    "verify_at",
]

_PREFIX = "remote/"
_DEVICE_NAME_BYTES = 16


class RemoteUnknown(NotFound):
    """No remote has that name."""

    code: ClassVar[str] = "store.remote-unknown"


class RemoteExists(Conflict):
    """The name belongs to another remote."""

    code: ClassVar[str] = "store.remote-exists"


class RemoteNameInvalid(InvalidInput):
    """A name that cannot be a remote's."""

    code: ClassVar[str] = "store.remote-name-invalid"


def known(parts: Parts) -> list[RemoteInfo]:
    """Return the remotes in the order they were added."""
    settings = parts.journal.facts.of_kind(FactKind.SETTING)
    return [
        RemoteInfo(setting.key.removeprefix(_PREFIX), setting.value)
        for setting in settings
        if isinstance(setting, Setting) and setting.key.startswith(_PREFIX)
    ]


def add(parts: Parts, name: str, url: str) -> RemoteInfo:
    """Remember a remote; the URL may hold credentials, for it is sealed like everything."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise RemoteNameInvalid(f"“{name}” cannot be the name of a remote")
    if "://" not in url:
        # A path must mean the same folder wherever the command runs next.
        url = str(Path(url).expanduser().absolute())
    parts.journal.begin_write()
    for remote in known(parts):
        if remote.name == name:
            if remote.url == url:
                return remote
            raise RemoteExists(f"the remote “{name}” is {remote.url} already")
    Remote.open(url)
    fact = Setting(key=_PREFIX + name, value=url)
    parts.journal.commit((FactPut(fact=fact),), f"add remote {name}")
    return RemoteInfo(name, url)


def remove(parts: Parts, name: str) -> RemoteInfo:
    """Forget a remote's name and URL; what lies there stays, and can be added again."""
    parts.journal.begin_write()
    remote = _chosen(parts, name)
    gone = FactRemoved(fact_kind=FactKind.SETTING, key=_PREFIX + name)
    parts.journal.commit((gone,), f"remove remote {name}")
    return remote


def push_to(parts: Parts, name: str | None, listener: ProgressListener) -> PushReport:
    """Send what the remote lacks; we stay the one writer meanwhile."""
    remote = Remote.open(_chosen(parts, name).url)
    parts.journal.begin_write()
    journal = parts.journal
    return push(_local_files(parts), journal.keyring, remote, journal.clock, listener)


def verify_at(parts: Parts, name: str | None, listener: ProgressListener) -> VerifyReport:
    """Read everything the remote holds and compare digests."""
    remote = Remote.open(_chosen(parts, name).url)
    journal = parts.journal
    return verify(journal.layout, journal.keyring, remote, listener)


def restore_store(  # noqa: PLR0913 (each way to open it is one keyword)
    url: str,
    destination: str | Path,
    *,
    passphrase: str | None = None,
    recovery_code: str | None = None,
    key_file: str | Path | None = None,
    keyring: bool = False,
    progress: ProgressListener = unheard,
) -> RestoreReport:
    """Bring a store back from a remote into a new folder.

    Raises:
        DestinationNotEmpty: something is there.
        WrongPassphrase: the passphrase opens nothing there; likewise the other secrets.
        RemoteDamaged: an object is missing or differs; nothing is left behind.
    """
    given = Secrets(passphrase, recovery_code, key_path(key_file), keyring)

    def unlocked(slots: list[bytes], header: bytes) -> Keyring:
        return unlock_bytes(header, slots, given)[1]

    return restore(Remote.open(url), Path(destination).expanduser(), unlocked, progress)


def _chosen(parts: Parts, name: str | None) -> RemoteInfo:
    remotes = known(parts)
    if name is None and len(remotes) == 1:
        return remotes[0]
    names = ", ".join(remote.name for remote in remotes)
    hint = f"remotes: {names}" if names else "add one with: rolethread remote add NAME URL"
    if name is None:
        raise RemoteUnknown("say which remote" if remotes else "there is no remote", hint=hint)
    for remote in remotes:
        if remote.name == name:
            return remote
    raise RemoteUnknown(f"no remote is called “{name}”", hint=hint)


def _local_files(parts: Parts) -> LocalFiles:
    journal, layout = parts.journal, parts.journal.layout
    return LocalFiles(
        layout=layout,
        store_id=journal.keyring.store_id,
        device_id=_device_id(parts),
        generation=journal.manifest.generation,
        segments=tuple(
            (layout.segment(batch.batch_id, segment.number), segment.size, segment.digest)
            for batch in journal.manifest.batches
            for segment in batch.segments
        ),
        manifest=layout.manifest(journal.manifest.generation),
        header=layout.header,
        slots=tuple(
            layout.keys / name
            for name in journal.disk.list(layout.keys)
            if layout.slot_of(name) is not None
        ),
        logs=tuple(journal.log_files()),
    )


def _device_id(parts: Parts) -> UUID:
    """Return the identity of this copy of the store, made when it first pushes.

    It lies with what this device remembers of its remotes and travels nowhere, so a
    restored store is another device. So is a store with new keys: its name depends on them.
    """
    journal = parts.journal
    name = derive(journal.keyring.device_key, "device-name", b"", _DEVICE_NAME_BYTES)
    path = journal.layout.trust / f"{name.reveal().hex()}.device"
    context = b"device" + journal.keyring.store_id.bytes
    if path.is_file():
        sealed = journal.disk.read(path)
        plain = open_envelope(journal.keyring.device_key, Kind.TRUST, sealed, context)
        return UUID(bytes=plain)
    device_id = journal.clock.new_id()
    sealed = seal_envelope(journal.keyring.device_key, Kind.TRUST, device_id.bytes, context)
    journal.disk.put_new(path, sealed)
    return device_id
