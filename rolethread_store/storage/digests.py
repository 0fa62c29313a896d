"""SHA-256 of files, whole and of their tails, without holding them in memory."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from rolethread_store.storage.failures import translated

__all__ = ["TAIL_BYTES", "sha256_file", "tail_digest"]

TAIL_BYTES = 64 * 1024
"""What a tail digest covers: enough for the footer of every segment we write."""


def sha256_file(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file (hex) and its length in bytes.

    The length is what was hashed, so the two always belong together.

    Raises:
        FileMissing: There is no such file.
        DiskFailed: It cannot be read.
    """
    with translated(path), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()


def tail_digest(path: Path, tail: int = TAIL_BYTES) -> str:
    """Return the SHA-256 (hex) of a file's last ``tail`` bytes, or of all of a shorter file.

    Raises:
        FileMissing: There is no such file.
        DiskFailed: It cannot be read.
    """
    with translated(path), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - tail))
        return hashlib.sha256(file.read(tail)).hexdigest()
