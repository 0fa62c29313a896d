"""One writer per store, by a lock of the operating system.

The system frees the lock when its holder dies, however it dies, so there is no stale lock
and no command to break one. Readers take no lock. Beside the lock lies a small note on
who holds it: it only feeds the message and is never relied upon.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self

from filelock import FileLock, Timeout

from rolethread_store.clock import Clock
from rolethread_store.errors import Locked
from rolethread_store.storage.failures import translated
from rolethread_store.storage.layout import Layout

__all__ = ["RebuildRunning", "StoreLocked", "WriterLock", "rebuilding"]


class StoreLocked(Locked):
    """Another process is the store's writer."""

    code: ClassVar[str] = "storage.locked"


class RebuildRunning(Locked):
    """Another process gives the store new keys, or rebuilds it for another reason."""

    code: ClassVar[str] = "storage.rebuild-running"


@contextmanager
def rebuilding(layout: Layout) -> Iterator[None]:
    """Be the only one who makes or collects trees.

    The writer lock is not enough: a rekey works for minutes without it, so that edits
    may go on.

    Raises:
        RebuildRunning: another process does.
    """
    lock = FileLock(layout.rekey_lock, mode=0o600, thread_local=False)
    with translated(layout.rekey_lock):
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RebuildRunning(
                "another process is rebuilding this store, or giving it new keys",
                hint="wait for it to finish; reading and editing are possible meanwhile",
            ) from error
    try:
        yield
    finally:
        lock.release()


class WriterLock:
    """The right to write to a store, held until :meth:`release`.

    Args:
        layout: The store.
        clock: Gives the moment for the note.
    """

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout = layout
        self._clock = clock
        # The lock belongs to the store object, whichever thread uses it.
        self._lock = FileLock(layout.lock, mode=0o600, thread_local=False)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return bool(self._lock.is_locked)

    def acquire(self, wait: float = 0.0) -> None:
        """Take the lock.

        Args:
            wait: Seconds to wait for another writer to finish; 0 asks once.

        Raises:
            FileMissing: The store's folder does not exist.
            ReadOnly: The store lies where nothing can be written.
            StoreLocked: Another process still holds it; the message names it.
        """
        with translated(self._layout.lock):
            # The lock would create missing folders, and so a store that is none.
            self._layout.root.stat()
            try:
                self._lock.acquire(timeout=max(0.0, wait))
            except Timeout as error:
                raise StoreLocked(
                    f"{self._layout.root} is being written to by {self._holder()}",
                    hint="Wait for it to finish or close it; reading is possible meanwhile.",
                ) from error
        self._leave_note()

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        if self.held:
            with suppress(OSError):
                self._layout.lock_info.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        """Take the lock if it is not held yet."""
        if not self.held:
            self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self.release()

    def _leave_note(self) -> None:
        """Write who holds the lock and since when, if the disk lets us."""
        note = {"pid": os.getpid(), "since": self._clock.now().isoformat(timespec="seconds")}
        with suppress(OSError):
            self._layout.lock_info.write_text(json.dumps(note), encoding="utf-8")

    def _holder(self) -> str:
        """Describe the holder from its note, which may be missing, old or half-written."""
        try:
            note = json.loads(self._layout.lock_info.read_text(encoding="utf-8"))
            pid, since = int(note["pid"]), datetime.fromisoformat(note["since"])
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"
        return f"process {pid} since {since.isoformat(sep=' ', timespec='seconds')}"
