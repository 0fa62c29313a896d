"""The files of a change log, read in order and proved to be one history.

Each file begins with a link to the last frame of the file before it, so a missing,
shortened, swapped or foreign file is noticed wherever it stands. Only the newest file's
end is open: there the manifest's marks say what must at least be present.

A frame that was written but never acknowledged (the sync failed, and so did cutting it
back) may survive in the file its writer then left for a new one. The new file's link
names the frame before it, and that is where the old file's history ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from rolethread_store.changelog.frame import LogCipher, LogDamaged
from rolethread_store.changelog.scan import (
    LogFile,
    LogLink,
    LogPosition,
    LogRecord,
    LogState,
    is_room,
    scan,
)
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.layout import Layout, LogName

__all__ = ["LogHistory", "LogReader"]

_HINT: Final = "Restore the store from a backup into a new folder."


@dataclass(frozen=True, slots=True)
class LogHistory:
    """What the log held when it was read.

    Attributes:
        files: The files that are history, oldest first.
        position: The end: where the next change follows; ``None`` in an empty log.
        next_number: Number for the next file's name.
    """

    files: tuple[LogFile, ...]
    position: LogPosition | None
    next_number: int

    def records(self) -> Iterator[LogRecord]:
        """Yield all change sets, oldest first."""
        for file in self.files:
            yield from file.records

    def outline(self) -> LogHistory:
        """Return the same without the records, which take most of the memory."""
        files = tuple(replace(file, records=(), ends=()) for file in self.files)
        return replace(self, files=files)


class LogReader:
    """Reads the log; takes no lock.

    Args:
        layout: The store.
        disk: Where it lies.
        cipher: The store's log keys.
    """

    def __init__(self, layout: Layout, disk: Disk, cipher: LogCipher) -> None:
        self._layout = layout
        self._disk = disk
        self._cipher = cipher

    def read_all(
        self, start: LogPosition | None = None, marks: Iterable[LogPosition] = ()
    ) -> LogHistory:
        """Read and verify the log.

        A future writer reads under the writer lock; what another one adds later is unseen.

        Args:
            start: Where needed history begins: what a checkpoint has folded already.
                Files before it are not read and may be gone, its own file too.
            marks: Places known from the manifest; each must be in the log, unless the
                checkpoint has folded it.

        Raises:
            FileMissing: A file was retired meanwhile; read the manifest again.
            LogDamaged: A frame, a file or a link is not what was written.
            LogTooNew: A newer program wrote a file.
        """
        first = 0 if start is None else start.number
        listed = filter(None, map(self._layout.log_of, self._disk.list(self._layout.logs)))
        names = [name for name in listed if name.number >= first]
        kept: list[LogFile] = []
        unborn: dict[UUID, int] = {}
        for name in names:
            raw = self._disk.read(self._layout.log(*name))
            file = scan(self._cipher, name, raw)
            if file.state is LogState.UNBORN:
                unborn[name.log_id] = name.number
            else:
                _join(kept, file, start, unborn)
        _check_marks(kept, (mark for mark in marks if _beyond(mark, start)))
        if start is not None and kept and kept[0].name.log_id == start.log_id:
            kept[0] = kept[0].after(start.frames)
        last = max([name.number for name in names], default=first)
        return LogHistory(tuple(kept), kept[-1].position() if kept else start, last + 1)

    def is_still(self, history: LogHistory) -> bool:
        """Tell whether the log is certainly as it was read; only the newest file is looked at.

        No file was added or retired, and nothing stands behind the last frame. What could
        only be told by reading all again is answered with no. To be asked under the lock.
        """
        listed = set(filter(None, map(self._layout.log_of, self._disk.list(self._layout.logs))))
        position = history.position
        if position is None or listed != {file.name for file in history.files}:
            return False
        newest = LogName(position.number, position.log_id)
        raw = self._disk.read(self._layout.log(*newest))
        return newest == history.files[-1].name and is_room(raw, position.size)


def _join(
    kept: list[LogFile], file: LogFile, start: LogPosition | None, unborn: Mapping[UUID, int]
) -> None:
    """Add a file to the history if its link fits.

    Args:
        kept: The files before it.
        file: The file.
        start: Where the history begins.
        unborn: Numbers of the files before it in which no frame was found.
    """
    link = file.link
    while kept and (link is None or link.log_id != kept[-1].name.log_id):
        # A first change that failed leaves a file with it, which the next one links past.
        if kept[-1].frames > _FAILED_BIRTH or kept[-1].state is LogState.CLEAN:
            break
        kept.pop()
    if kept and link is not None:
        kept[-1] = _linked_part(kept[-1], file, link)
    elif kept or not _begins(file, start):
        if link is not None and (lost := unborn.get(link.log_id)) is not None:
            message = f"The change log file {lost:08d} is damaged from its first frame on"
            raise _too_short(lost, message)
        raise LogDamaged(
            f"The change log file before {file.name.number:08d} is missing", hint=_HINT
        )
    kept.append(file)


_FAILED_BIRTH: Final = 2
"""Most frames in a file whose creation was never acknowledged: link and first record."""


def _begins(file: LogFile, start: LogPosition | None) -> bool:
    """Return whether history may begin with this file."""
    if start is None:
        return file.link is None
    if file.name.log_id == start.log_id:
        return file.holds(start.link)
    return file.link == start.link


def _beyond(mark: LogPosition, start: LogPosition | None) -> bool:
    """Return whether a mark lies in the history that is read."""
    return start is None or (mark.number, mark.frames) > (start.number, start.frames)


def _linked_part(before: LogFile, file: LogFile, link: LogLink) -> LogFile:
    """Return the part of a file that the next one's link calls history."""
    unacknowledged = before.frames - link.frames
    closed = before.state is LogState.CLEAN
    if not before.holds(link) or unacknowledged > 1 or (unacknowledged and closed):
        raise _too_short(
            before.name.number,
            f"The change log file {before.name.number:08d} does not end where "
            f"{file.name.number:08d} goes on",
        )
    return before.until(link.frames) if unacknowledged else before


def _check_marks(kept: list[LogFile], marks: Iterable[LogPosition]) -> None:
    """Refuse a log that lacks what the manifest knows of."""
    files = {file.name.log_id: file for file in kept}
    for mark in marks:
        file = files.get(mark.log_id)
        if file is None or not file.holds(mark.link):
            raise _too_short(
                mark.number,
                f"The change log file {mark.number:08d} is missing or shorter than it was",
            )


def _too_short(number: int, message: str) -> LogDamaged:
    error = LogDamaged(message, hint=_HINT)
    error.number = number
    return error
