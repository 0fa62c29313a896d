"""An open store whose disk dies at its n-th operation, as a crash would have it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rolethread_store.clock import SystemClock
from rolethread_store.errors import StoreError
from rolethread_store.store import Store
from rolethread_store.store.opening import unlock
from rolethread_store.store.secrets import Secrets
from rolethread_store.testing import Fault, FaultyDisk, Operation

__all__ = ["NEVER", "died", "switch_of"]

NEVER = 10**9


def died(path: Path, passphrase: str, at: int, act: Callable[[Store], object]) -> list[Operation]:
    """Act until the disk dies; return what was asked of it."""
    unlocked = unlock(path, Secrets(passphrase))
    disk = FaultyDisk(unlocked.layout.staging)
    store = Store(replace(unlocked, disk=disk), SystemClock())
    disk.operations.clear()
    disk.arm(Fault(at, errno.EIO, lasting=True))
    try:
        act(store)
    except StoreError:
        pass
    finally:
        store._parts.release()
        store._parts.journal._lock.release()
        store._parts.journal.lease.release()
    return disk.operations


def switch_of(operations: list[Operation]) -> int:
    """Return which operation replaces the public header."""
    renamed = (op.name == "rename" and op.path.name == "STORE" for op in operations)
    return list(renamed).index(True)
