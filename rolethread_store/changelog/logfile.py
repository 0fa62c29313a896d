"""The change log of a store: read as one history, and appended to by its one writer.

The log is a row of files. A process that writes begins a file of its own and never adds
to another's, since a file's key must not seal one frame number twice.
"""

from __future__ import annotations

import json
from pathlib import Path

from rolethread_store.changelog.frame import (
    MAX_FRAMES,
    FrameCodec,
    FrameKind,
    FrameTooLong,
    LogCipher,
    LogDamaged,
    LogTooNew,
)
from rolethread_store.changelog.logreader import LogHistory, LogReader
from rolethread_store.changelog.scan import (
    LogFile,
    LogLink,
    LogPosition,
    LogRecord,
    LogState,
)
from rolethread_store.clock import Clock
from rolethread_store.storage.append import AppendFile
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import DiskFull
from rolethread_store.storage.layout import Layout
from rolethread_store.storage.reserve import Reserve

__all__ = [
    "FrameTooLong",
    "LogCipher",
    "LogDamaged",
    "LogFile",
    "LogHistory",
    "LogLink",
    "LogPosition",
    "LogReader",
    "LogRecord",
    "LogState",
    "LogTooNew",
    "LogWriter",
]


class LogWriter:
    """Appends change sets; made under the writer lock, from a history read under it.

    The file is created with the first change, so a process that only reads leaves none.
    After a failed append nothing of it counts, and the next one begins a new file.

    Args:
        layout: The store.
        disk: Where it lies.
        cipher: The store's log keys.
        history: What the log holds.
        clock: Names the files.
    """

    frames_per_file = MAX_FRAMES
    """Frames after which a new file begins."""
    bytes_per_file = 256 << 20
    """Length after which a new file begins, so that reading one stays within memory."""

    def __init__(
        self, layout: Layout, disk: Disk, cipher: LogCipher, history: LogHistory, clock: Clock
    ) -> None:
        self._layout = layout
        self._disk = disk
        self._cipher = cipher
        self._clock = clock
        self._number = history.next_number
        self._position = history.position
        self._file: AppendFile | None = None
        self._codec: FrameCodec | None = None
        # Its last frames may be in the page cache only, if their writer was killed.
        self._unsettled: Path | None = None
        if history.files:
            self._unsettled = layout.log(*history.files[-1].name)

    @property
    def position(self) -> LogPosition | None:
        """The end of the log, ``None`` while it is empty."""
        return self._position

    def settled(self) -> LogPosition | None:
        """Make the log durable up to its end, and return the end.

        Marks in a manifest come from here: one that names frames which then die with the
        power would make the store look damaged.

        Raises:
            DiskFailed: The disk failed.
        """
        if self._unsettled is not None:
            self._disk.sync_file(self._unsettled)
            self._disk.sync_folder(self._layout.logs)
            self._unsettled = None
        return self._position

    def append(self, body: bytes, reserve: Reserve | None = None) -> LogPosition:
        """Add one change set; it is durable when this returns.

        Args:
            body: The change set.
            reserve: Room to give up for it when the disk is full.

        Raises:
            DiskFailed: The disk failed; the change is not in the log.
            DiskFull: No space is left; the change is not in the log.
            FrameTooLong: The change exceeds 64 MiB.
            ReadOnly: The system forbids it.
        """
        try:
            return self._add(body)
        except DiskFull:
            if reserve is None or not reserve.release():
                raise
        # In a new file, whose link passes over whatever the failed write left behind.
        return self._add(body)

    def _add(self, body: bytes) -> LogPosition:
        """Add one change set to the open file, or to a new one."""
        file, codec, position = self._file, self._codec, self._position
        if file is None or codec is None or position is None or not file.usable:
            return self._begin(body)
        if position.frames >= self.frames_per_file - 1 or file.size >= self.bytes_per_file:
            self.close()
            return self._begin(body)
        try:
            frame = codec.seal(position.frames, FrameKind.RECORD, body)
            file.append(frame)
        except FrameTooLong:
            raise
        except BaseException:
            # The number is spent, even when an interrupt came before the first byte.
            file.close()
            raise
        return self._advance(codec, position.frames + 1, file.size, frame)

    def close(self) -> None:
        """Close the file with its end frame; it need not reach the disk, so nothing waits."""
        file, codec, position = self._file, self._codec, self._position
        self._file = self._codec = None
        if file is None or codec is None or position is None or not file.usable:
            return
        frame = codec.seal(position.frames, FrameKind.END, b'{"end":true}')
        before = file.size
        file.finish(frame)
        if file.size > before:
            self._advance(codec, position.frames + 1, file.size, frame)
            self._unsettled = file.path

    def _begin(self, body: bytes) -> LogPosition:
        """Create the next file with its link and first record, in one write."""
        self._file = self._codec = None
        codec = self._cipher.fresh(self._clock.new_id())
        link = codec.seal(0, FrameKind.LINK, _link_body(self._position))
        frame = codec.seal(1, FrameKind.RECORD, body)
        self.settled()
        number, self._number = self._number, self._number + 1
        path = self._layout.log(number, codec.log_id)
        file = AppendFile.create(self._disk, path, codec.header + link + frame)
        self._file, self._codec = file, codec
        return self._advance(codec, 2, file.size, frame, number)

    def _advance(
        self, codec: FrameCodec, frames: int, size: int, frame: bytes, number: int | None = None
    ) -> LogPosition:
        """Remember and return the new end of the log."""
        if number is None:
            number = self._number - 1
        tag = frame[-16:].hex()
        self._position = LogPosition(number, codec.log_id, frames, size, tag)
        return self._position


def _link_body(position: LogPosition | None) -> bytes:
    """Return the body of a file's first frame."""
    previous = None
    if position is not None:
        link = position.link
        previous = {"log_id": link.log_id.hex, "frames": link.frames, "tag": link.tag}
    return json.dumps({"previous": previous}, separators=(",", ":")).encode("ascii")
