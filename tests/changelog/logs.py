"""A change log to try things on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rolethread_store.changelog.logfile import (
    LogCipher,
    LogHistory,
    LogPosition,
    LogReader,
    LogWriter,
)
from rolethread_store.clock import SystemClock
from rolethread_store.crypto import Secret
from rolethread_store.storage import Layout
from rolethread_store.testing import FaultyDisk

__all__ = ["CIPHER", "CLOCK", "Log", "make_log"]

CIPHER = LogCipher(Secret(bytes(range(32))), UUID(int=1))
CLOCK = SystemClock()


@dataclass(frozen=True)
class Log:
    """A log folder on a disk that can fail."""

    layout: Layout
    disk: FaultyDisk

    def read(
        self, start: LogPosition | None = None, marks: tuple[LogPosition, ...] = ()
    ) -> LogHistory:
        return LogReader(self.layout, self.disk, CIPHER).read_all(start, marks)

    def bodies(
        self, start: LogPosition | None = None, marks: tuple[LogPosition, ...] = ()
    ) -> list[bytes]:
        return [record.body for record in self.read(start, marks).records()]

    def writer(self, history: LogHistory | None = None) -> LogWriter:
        known = self.read() if history is None else history
        return LogWriter(self.layout, self.disk, CIPHER, known, CLOCK)

    def write(self, *bodies: bytes, close: bool = True) -> list[LogPosition]:
        """Be one process life."""
        writer = self.writer()
        positions = [writer.append(body) for body in bodies]
        if close:
            writer.close()
        return positions

    def paths(self) -> list[Path]:
        return sorted(self.layout.logs.iterdir())


def make_log(root: Path) -> Log:
    layout = Layout(root)
    disk = FaultyDisk(layout.staging)
    for folder in (layout.staging, layout.logs):
        disk.make_folder(folder)
    return Log(layout, disk)
