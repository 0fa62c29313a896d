"""Bytes that can be looked at before they are read, from wherever they come.

Every layer between a disk and a record is one of these: what packs, encodes or carries the
bytes differs, how they are read does not.
"""

from __future__ import annotations

from collections.abc import Callable
from io import RawIOBase
from typing import Protocol

from rolethread_store.formats.sources.failures import Reaching

__all__ = ["Feed", "Stream", "Watcher"]

# Hears of the bytes as they are read, in order and each once.
Watcher = Callable[[memoryview], None]


class Feed(Protocol):
    """Where a stream takes its bytes from."""

    def readinto(self, room: memoryview, /) -> int | None:
        """Fill some of the room and return how much; zero at the end."""

    def close(self) -> None:
        """Let go of the file or connection."""


class Stream(RawIOBase):
    """A reader of one source that fills what it is given, and can look ahead.

    Attributes:
        shown: The source as messages name it.
        watcher: Hears of every byte that is read, not of those only looked at.
    """

    def __init__(self, feed: Feed, shown: str, watcher: Watcher | None = None) -> None:
        super().__init__()
        self.shown = shown
        self.watcher = watcher
        self._feed = feed
        self._ahead = b""
        self._at = 0
        self.begun = False

    @property
    def broken(self) -> str | None:
        """Why the bytes end before they should; ``None`` while and where they do not."""
        return getattr(self._feed, "broken", None)

    def readable(self) -> bool:
        """Tell that bytes can be read."""
        return True

    def peek(self, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer only at the end, without taking them."""
        missing = count - (len(self._ahead) - self._at)
        if missing > 0:
            room = bytearray(missing)
            filled = self._filled(memoryview(room))
            self._ahead = self._ahead[self._at :] + bytes(memoryview(room)[:filled])
            self._at = 0
        return self._ahead[self._at : self._at + count]

    def readinto(self, room: object, /) -> int:
        """Fill the whole room, unless the bytes end before; return how many were read."""
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        self.begun = True
        held = min(len(self._ahead) - self._at, len(view))
        if held:
            view[:held] = self._ahead[self._at : self._at + held]
            self._at += held
            if self._at == len(self._ahead):
                self._ahead, self._at = b"", 0
        filled = held + self._filled(view[held:])
        if self.watcher is not None and filled:
            self.watcher(view[:filled])
        return filled

    def skip(self, count: int) -> None:
        """Read past some bytes.

        Args:
            count: How many; those of a mark or bracket that was looked at.
        """
        while count > 0 and (passed := len(self.read(min(count, 1 << 20)) or b"")):
            count -= passed

    def close(self) -> None:
        """Let go of what the bytes come from."""
        if not self.closed:
            self._feed.close()
        super().close()

    def _filled(self, view: memoryview) -> int:
        filled = 0
        with Reaching(self.shown):
            while filled < len(view) and (count := self._feed.readinto(view[filled:])):
                filled += count
        return filled
