"""Who still reads: a lease per open store, so that nothing is deleted under a reader.

A reader keeps answering from the state it opened, whose files a writer may have replaced
since. Each open store therefore holds a lock on a file of its own; the system frees it when
the process dies, however it dies, so a lease that can be locked belongs to nobody.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rolethread_store.storage.layout import Layout

__all__ = ["Lease", "others_read"]

_SUFFIX = ".lease"


class Lease:
    """The mark of one open store; taken when made, until :meth:`release`.

    In a folder that cannot be written there is no lease: whoever could delete files there
    through another mount has to know that it is in use.
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.leases / f"{secrets.token_hex(16)}{_SUFFIX}"
        self._lock = FileLock(self._path, mode=0o600, thread_local=False)
        with suppress(OSError):
            # Only this one folder: the lock would make the whole store's folder as well.
            layout.leases.mkdir(mode=0o700, exist_ok=True)
            self._lock.acquire(timeout=0)

    @property
    def path(self) -> Path:
        """The file that is locked."""
        return self._path

    def release(self) -> None:
        """Give the lease back; twice is harmless."""
        if self._lock.is_locked:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self._lock.release()


def others_read(layout: Layout, own: Lease) -> bool:
    """Return whether another open store may still read files; removes what the dead left.

    Only the holder of the writer lock may call this: a reader that opens meanwhile reads
    the newest manifest, so nothing it needs is retired.
    """
    found = False
    try:
        paths = [path for path in layout.leases.iterdir() if path.suffix == _SUFFIX]
    except OSError:
        return False
    for path in paths:
        if path == own.path:
            continue
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            found = True
            continue
        with suppress(OSError):
            path.unlink(missing_ok=True)
        lock.release()
    return found
