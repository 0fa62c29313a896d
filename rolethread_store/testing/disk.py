"""A disk that fails when told, and remembers what was asked of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rolethread_store.storage.disk import Disk

__all__ = ["Fault", "FaultyDisk", "Operation"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One system call that was asked for.

    Attributes:
        name: Such as ``"write"`` or ``"datasync"``.
        path: What it was for.
    """

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong.

    Attributes:
        at: Which operation fails, counted from 0 over those that match ``only``.
        errno: The system's error number.
        lasting: Whether all later matching operations fail too.
        only: Names of the operations that count, all when empty.
        torn: Bytes a failing write leaves behind.
    """

    at: int
    errno: int
    lasting: bool = False
    only: frozenset[str] = frozenset()
    torn: int = 0


class FaultyDisk(Disk):
    """The real disk, with one fault.

    Args:
        staging: As for :class:`~rolethread_store.storage.disk.Disk`.
        fault: What goes wrong; ``None`` only records.

    Attributes:
        operations: Every operation so far, the failed ones too.
        failures: How many were made to fail.
    """

    def __init__(self, staging: Path, fault: Fault | None = None) -> None:
        super().__init__(staging)
        self.operations: list[Operation] = []
        self.failures = 0
        self._fault = fault
        self._matched = 0

    def arm(self, fault: Fault | None) -> None:
        """Set the fault, counting from now on; ``None`` heals the disk."""
        self._fault = fault
        self._matched = 0

    def step(self, operation: str, path: Path) -> None:
        """Record the operation and fail if its turn has come.

        Raises:
            OSError: With the fault's error number.
        """
        self.operations.append(Operation(operation, path))
        fault = self._fault
        if fault is None or (fault.only and operation not in fault.only):
            return
        count, self._matched = self._matched, self._matched + 1
        if count == fault.at or (fault.lasting and count > fault.at):
            self.failures += 1
            raise OSError(fault.errno, os.strerror(fault.errno), str(path))

    def write(self, descriptor: int, content: bytes, path: Path) -> None:
        """Write, leaving a part of the bytes behind when the write is made to fail."""
        before = self.failures
        try:
            super().write(descriptor, content, path)
        except OSError:
            if self._fault is not None and self.failures > before:
                os.write(descriptor, content[: self._fault.torn])
            raise
