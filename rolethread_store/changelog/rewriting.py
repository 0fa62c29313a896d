"""A whole log written at once, for a tree that nothing names yet.

No record is acknowledged on its own here, so a file is synced once and not per record:
a log of 100,000 records takes half a second instead of half a minute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from rolethread_store.changelog.frame import MAX_FRAMES, FrameCodec, FrameKind, LogCipher
from rolethread_store.changelog.logfile import LogWriter
from rolethread_store.changelog.scan import LogPosition
from rolethread_store.clock import Clock
from rolethread_store.storage import Disk, Layout, translated

__all__ = ["write_log"]

_CHUNK = 4 << 20


def write_log(
    layout: Layout, disk: Disk, cipher: LogCipher, bodies: Iterable[bytes], clock: Clock
) -> LogPosition | None:
    """Write change sets as the log of a tree whose log folder is empty, durably.

    Args:
        layout: The tree.
        disk: Where it lies.
        cipher: The log keys of the tree.
        bodies: The records, oldest first.
        clock: Names the files.

    Returns:
        The end of the log, ``None`` when there are no records.

    Raises:
        Unavailable: the disk is full or fails; what was written counts for nothing.
    """
    file: _File | None = None
    position: LogPosition | None = None
    try:
        for body in bodies:
            if file is not None and file.full:
                position = file.finish()
                file = None
            if file is None:
                number = 1 if position is None else position.number + 1
                file = _File.begin(layout, disk, cipher.fresh(clock.new_id()), number, position)
            file.add(body)
        if file is not None:
            position = file.finish()
            file = None
    finally:
        if file is not None:
            file.close()
    disk.sync_folder(layout.logs)
    return position


@dataclass
class _File:
    """One log file being written."""

    layout: Layout
    disk: Disk
    codec: FrameCodec
    number: int
    descriptor: int
    size: int = 0
    frames: int = 0
    tag: bytes = b""
    waiting: bytearray = field(default_factory=bytearray)

    @classmethod
    def begin(
        cls,
        layout: Layout,
        disk: Disk,
        codec: FrameCodec,
        number: int,
        previous: LogPosition | None,
    ) -> _File:
        """Create a file with its header and its link."""
        descriptor = disk.open_new(layout.log(number, codec.log_id))
        file = cls(layout, disk, codec, number, descriptor)
        file.waiting += codec.header
        link = None
        if previous is not None:
            link = {
                "log_id": previous.log_id.hex, "frames": previous.frames, "tag": previous.tag,
            }  # fmt: skip
        body = json.dumps({"previous": link}, separators=(",", ":")).encode("ascii")
        file._seal(FrameKind.LINK, body)
        return file

    @property
    def full(self) -> bool:
        """Whether the next record belongs into another file."""
        length = self.size + len(self.waiting)
        return self.frames >= MAX_FRAMES - 1 or length >= LogWriter.bytes_per_file

    def add(self, body: bytes) -> None:
        """Add a record."""
        self._seal(FrameKind.RECORD, body)
        if len(self.waiting) >= _CHUNK:
            self._write()

    def finish(self) -> LogPosition:
        """End the file, make it durable, and return the place after it."""
        self._seal(FrameKind.END, b'{"end":true}')
        self._write()
        path = self.layout.log(self.number, self.codec.log_id)
        with translated(path):
            self.disk.sync(self.descriptor, path)
        self.close()
        return LogPosition(self.number, self.codec.log_id, self.frames, self.size, self.tag.hex())

    def close(self) -> None:
        """Let go of the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _seal(self, kind: FrameKind, body: bytes) -> None:
        frame = self.codec.seal(self.frames, kind, body)
        self.frames += 1
        self.tag = frame[-16:]
        self.waiting += frame

    def _write(self) -> None:
        path = self.layout.log(self.number, self.codec.log_id)
        with translated(path):
            self.disk.write(self.descriptor, bytes(self.waiting), path)
        self.size += len(self.waiting)
        self.waiting.clear()
