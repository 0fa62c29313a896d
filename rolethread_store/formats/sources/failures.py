"""What a source can do to us, as typed errors.

One context manager turns what a disk, a driver or a protocol raises into errors that name
the source and say what to do; nothing else needs to know where the bytes come from.
"""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar

from rolethread_store.errors import (
    Denied,
    InvalidInput,
    NotFound,
    StoreError,
    Unavailable,
    Unsupported,
)

__all__ = [
    "ArchiveRefused",
    "EncodingUnknown",
    "Reaching",
    "SourceDriverMissing",
    "SourceExpands",
    "SourceMissing",
    "SourceNotText",
    "SourceSpent",
    "SourceUnavailable",
    "SourceUnreadable",
]

# Top-level packages whose own exceptions the drivers of the extras let through.
_DRIVERS = frozenset(
    {
        "aiobotocore", "aiohttp", "asyncssh", "botocore", "fsspec", "httpcore", "httpx",
        "s3fs", "sshfs", "webdav4",
    }
)  # fmt: skip


class SourceMissing(NotFound):
    """The file to read is not there, or no file matches the pattern."""

    code: ClassVar[str] = "formats.source-missing"


class SourceUnreadable(Denied):
    """The system or the remote does not let us read the source."""

    code: ClassVar[str] = "formats.source-unreadable"


class SourceUnavailable(Unavailable):
    """The disk or the remote failed while the source was read; trying again may help."""

    code: ClassVar[str] = "formats.source-unavailable"


class SourceNotText(InvalidInput):
    """A folder, or bytes that are neither text nor a table that can be read."""

    code: ClassVar[str] = "formats.source-not-text"


class SourceSpent(InvalidInput):
    """Standard input can be read once, and it was."""

    code: ClassVar[str] = "formats.source-spent"


class SourceExpands(InvalidInput):
    """A compressed source unpacks to so much that it is taken for a trap."""

    code: ClassVar[str] = "formats.source-expands"


class SourceDriverMissing(Unsupported):
    """The library that reads this kind of address is not installed."""

    code: ClassVar[str] = "formats.source-driver-missing"


class ArchiveRefused(InvalidInput):
    """An archive that is damaged, encrypted, or holds names that mislead."""

    code: ClassVar[str] = "formats.archive-refused"


class EncodingUnknown(InvalidInput):
    """No text encoding of this name is known."""

    code: ClassVar[str] = "formats.encoding-unknown"


class Reaching:
    """Turn the error of a disk or a driver in the block into one of this room.

    Args:
        shown: The source as people may see it: without passwords and signatures.

    Raises:
        SourceMissing: nothing is there.
        SourceNotText: it is a folder.
        SourceUnreadable: reading is forbidden.
        SourceUnavailable: anything else the disk or the driver reports.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise the translation of the error, if there is one."""
        if not isinstance(error, Exception) or isinstance(error, StoreError):
            return
        if isinstance(error, OSError) or type(error).__module__.split(".")[0] in _DRIVERS:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> StoreError:
        if isinstance(error, FileNotFoundError):
            return SourceMissing(f"there is no file {self._shown}", hint="check the path")
        if isinstance(error, IsADirectoryError):
            return SourceNotText(f"{self._shown} is a folder", hint="name the files in it")
        if isinstance(error, PermissionError):
            return SourceUnreadable(
                f"{self._shown} may not be read", hint="check its permissions or your credentials"
            )
        reason = getattr(error, "strerror", None) or type(error).__name__
        return SourceUnavailable(
            f"{self._shown} could not be read to its end ({reason})",
            hint="check the disk or the connection and try again; nothing was imported",
        )
