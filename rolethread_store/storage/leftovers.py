"""What a process that died leaves behind, and who may take it away.

The engine names its temporary files by size and number only. Two sessions that spill into
one folder overwrite each other's, and one that finds files of a dead process refuses to
start. So every session spills into a folder of its own, which says whose it is.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from rolethread_store.errors import StoreError
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.layout import Layout

__all__ = ["collect_leftovers", "new_spill_folder"]

_SPILL = re.compile(r"([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{16}", re.ASCII)


def new_spill_folder(layout: Layout) -> Path:
    """Return the path of a spill folder for one session of this process.

    The engine makes it with its first temporary file and removes it when it closes.
    """
    return layout.spill / f"{_machine()}-{os.getpid()}-{secrets.token_hex(8)}"


def collect_leftovers(layout: Layout, disk: Disk) -> None:
    """Remove what dead processes left; what cannot be removed stays for the next time.

    Only the holder of the writer lock may call this, before it stages anything itself:
    whatever lies in the staging folder then has no owner.
    """
    with suppress(StoreError):
        for name in disk.list(layout.staging):
            disk.remove(layout.staging / name)
    with suppress(StoreError):
        for name in disk.list(layout.spill):
            if _abandoned(name):
                shutil.rmtree(layout.spill / name, ignore_errors=True)


def _machine() -> str:
    """Return what tells this machine's process numbers from those of another one."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _abandoned(name: str) -> bool:
    """Return whether a spill folder's process ran on this machine and is gone."""
    match = _SPILL.fullmatch(name)
    if match is None or match[1] != _machine():
        return False
    if sys.platform == "win32":
        # There a signal 0 would end the process; but files in use cannot be removed.
        return int(match[2]) != os.getpid()
    try:
        os.kill(int(match[2]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
