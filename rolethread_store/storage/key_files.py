"""A key file on whatever medium a person chose, outside the store."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import ClassVar

from rolethread_store.errors import Denied
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import translated

__all__ = ["KeyFileExposed", "read_key_file", "write_key_file"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileExposed(Denied):
    """Other users of the machine can read the key file."""

    code: ClassVar[str] = "storage.key-file-exposed"


def read_key_file(path: Path, limit: int) -> bytes:
    """Return the contents, at most ``limit`` bytes and one more.

    Raises:
        KeyFileExposed: Its permissions let other users at it (not checked on Windows).
        FileMissing: There is no such file.
        ReadOnly: The system forbids the access.
    """
    with translated(path), path.open("rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        # A pipe from <(…) is nobody else's to open.
        if os.name == "posix" and stat.S_ISREG(mode) and mode & _OTHERS:
            raise KeyFileExposed(
                f"{path} can be read by other users; the key was not taken from it",
                hint=f"chmod 600 {shlex.quote(str(path))} (or mount the stick with umask=077)",
            )
        return stream.read(limit + 1)


def write_key_file(path: Path, content: bytes) -> None:
    """Write a new key file durably, for its owner only.

    Raises:
        AlreadyThere: The name is taken; what is there is untouched.
        FileMissing: Its folder does not exist.
        DiskFull: There is no room.
    """
    Disk(path.parent).put_new(path, content)
