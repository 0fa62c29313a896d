"""Taking the space of a real file system."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["fill", "fill_to"]


def fill(path: Path) -> None:
    """Take all space of a file system."""
    with path.open("wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2


def fill_to(ballast: Path, *, free: int) -> None:
    """Leave so many bytes of a file system free."""
    usage = os.statvfs(ballast.parent)
    ballast.write_bytes(bytes(usage.f_bavail * usage.f_frsize - free))
