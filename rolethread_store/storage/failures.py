"""What the disk can do to us, as typed errors.

One context manager turns every ``OSError`` of this room into an error that names the
file and says what to do; no other code needs to know error numbers.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from rolethread_store.errors import Conflict, Denied, NotFound, Unavailable

__all__ = [
    "AlreadyThere",
    "DiskFailed",
    "DiskFull",
    "FileMissing",
    "ReadOnly",
    "is_full",
    "translated",
]

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR})


class AlreadyThere(Conflict):
    """A name that is published once only is taken."""

    code: ClassVar[str] = "storage.already-there"


class DiskFull(Unavailable):
    """The disk or the quota has no room left; nothing was committed."""

    code: ClassVar[str] = "storage.disk-full"


class DiskFailed(Unavailable):
    """The disk refused for a reason of its own, such as an input/output error."""

    code: ClassVar[str] = "storage.disk-failed"


class FileMissing(NotFound):
    """A file or folder of the store is not there."""

    code: ClassVar[str] = "storage.file-missing"


class ReadOnly(Denied):
    """The system forbids the access: read-only medium or missing permission."""

    code: ClassVar[str] = "storage.read-only"


def is_full(error: OSError) -> bool:
    """Return whether an error means that no space or quota is left."""
    return error.errno in _FULL


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` in the block into the error of this room.

    Args:
        path: The file or folder to name in the message.

    Raises:
        AlreadyThere: The name is taken.
        DiskFailed: Any other failure.
        DiskFull: No space or quota left.
        FileMissing: The file or its folder does not exist.
        ReadOnly: The system forbids the access.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if is_full(error):
            hint = "Free some space on this disk, then try again."
            raise DiskFull(f"The disk is full: {path}", hint=hint) from error
        if error.errno in _FORBIDDEN:
            hint = "Check the permissions of the folder and that the disk is not read-only."
            raise ReadOnly(f"The system forbids access to {path} ({reason})", hint=hint) from error
        if error.errno in _MISSING:
            hint = "Check the path, or restore the store from a backup."
            raise FileMissing(f"There is no {path}", hint=hint) from error
        if error.errno == errno.EEXIST:
            raise AlreadyThere(f"{path} exists already", hint="Choose another name.") from error
        hint = "Check the disk and its connection; what was acknowledged before is kept."
        raise DiskFailed(f"The disk failed on {path} ({reason})", hint=hint) from error
