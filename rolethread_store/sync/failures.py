"""What a remote can do to us, as typed errors.

One context manager turns whatever a backend raises into errors that name the remote and
say what to do; no other code needs to know which library speaks the protocol.
"""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar

from rolethread_store.errors import (
    Conflict,
    Corrupt,
    Denied,
    NotFound,
    StoreError,
    Unavailable,
)

__all__ = [
    "DeviceForked",
    "HeadsDiverged",
    "LocalFileDamaged",
    "Reaching",
    "RemoteDamaged",
    "RemoteEmpty",
    "RemoteForeign",
    "RemoteObjectExists",
    "RemoteObjectMissing",
    "RemoteOtherKey",
    "RemoteRefused",
    "RemoteRolledBack",
    "RemoteUnavailable",
]

# Backends let errors of their transport through: these are the top-level packages of the
# ones the extras install, of their HTTP and SSH libraries, and of fsspec itself.
_BACKENDS = frozenset(
    {
        "aiobotocore", "aiohttp", "asyncssh", "botocore", "fsspec", "httpcore", "httpx",
        "paramiko", "s3fs", "sshfs", "webdav4",
    }
)  # fmt: skip


class RemoteUnavailable(Unavailable):
    """The remote cannot be reached or failed; trying again may help."""

    code: ClassVar[str] = "sync.remote-unavailable"


class RemoteRefused(Denied):
    """The remote forbids the access."""

    code: ClassVar[str] = "sync.remote-refused"


class RemoteObjectMissing(NotFound):
    """An object that was asked for is not on the remote."""

    code: ClassVar[str] = "sync.object-missing"


class RemoteObjectExists(Conflict):
    """The name is taken on the remote; what is there is untouched."""

    code: ClassVar[str] = "sync.object-exists"


class RemoteEmpty(NotFound):
    """There is no backup of a store at this place."""

    code: ClassVar[str] = "sync.remote-empty"


class RemoteForeign(Conflict):
    """The remote holds the backup of another store."""

    code: ClassVar[str] = "sync.remote-foreign"


class RemoteOtherKey(Conflict):
    """The remote holds backups that the store's present keys do not open."""

    code: ClassVar[str] = "sync.remote-other-key"


class RemoteDamaged(Corrupt):
    """Objects on the remote are missing or not what was written.

    Attributes:
        missing: What is not there, as the files it belongs to.
        damaged: What differs from what was written, likewise.
    """

    code: ClassVar[str] = "sync.remote-damaged"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        missing: tuple[str, ...] = (),
        damaged: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.missing = missing
        self.damaged = damaged


class RemoteRolledBack(Corrupt):
    """The remote lost, or was made to forget, a backup that this device has seen there."""

    code: ClassVar[str] = "sync.remote-rolled-back"


class DeviceForked(Conflict):
    """Two copies of one store folder pushed as the same device."""

    code: ClassVar[str] = "sync.device-forked"


class HeadsDiverged(Conflict):
    """Several devices pushed states of which none contains the others."""

    code: ClassVar[str] = "sync.heads-diverged"


class LocalFileDamaged(Corrupt):
    """A file of the store is not what its manifest says; it was not pushed."""

    code: ClassVar[str] = "sync.local-damaged"


class Reaching:
    """Turn a backend's error in the block into an error of this room.

    Args:
        url: The remote, without secrets, for the message.
        name: The object in question.

    Raises:
        RemoteObjectExists: The name is taken.
        RemoteObjectMissing: There is no such object.
        RemoteRefused: The remote forbids the access.
        RemoteUnavailable: Anything else the backend reports.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise the translation of the backend's error, if there is one."""
        if not isinstance(error, Exception) or isinstance(error, StoreError):
            return
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _BACKENDS:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> StoreError:
        where = f"{self._name} on {self._url}"
        if isinstance(error, FileNotFoundError):
            return RemoteObjectMissing(f"There is no {where}")
        if isinstance(error, FileExistsError):
            return RemoteObjectExists(f"{where} exists already")
        reason = str(error) or type(error).__name__
        if isinstance(error, PermissionError):
            return RemoteRefused(
                f"The remote forbids access to {where} ({reason})",
                hint="Check the credentials and the permissions of this remote.",
            )
        return RemoteUnavailable(
            f"The remote failed on {where} ({reason})",
            hint="Check the connection and try again; a push continues where it stopped.",
        )
