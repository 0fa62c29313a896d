"""The only reader of wall-clock time and maker of identifiers."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

__all__ = ["Clock", "FixedClock", "SystemClock"]


class Clock(Protocol):
    """What the rest of the program may ask of time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        ...

    def new_ids(self, count: int) -> npt.NDArray[np.uint8]:
        """Return ``count`` fresh UUIDv7 in ascending order, as a (count, 16) array."""
        ...


def _ids(count: int, milliseconds: int) -> npt.NDArray[np.uint8]:
    """Build ascending UUIDv7 (RFC 9562 §5.7 and §6.2 method 1).

    A 32-bit counter fills ``rand_a`` and the top 20 bits of ``rand_b``, so that ids of
    one import ascend with their records and a row group's id range stays narrow; the
    other 42 bits are random, and each call has a time of its own to the millisecond.
    """
    if not 0 <= count < 2**32:
        raise ValueError("one call makes at most 2**32 ids")
    ids = np.frombuffer(os.urandom(16 * count), np.uint8).reshape(count, 16).copy()
    counter = np.arange(count, dtype=np.uint64)
    ids[:, :6] = np.frombuffer(milliseconds.to_bytes(6, "big"), np.uint8)
    ids[:, 6] = 0x70 | (counter >> np.uint64(28)).astype(np.uint8)
    ids[:, 7] = ((counter >> np.uint64(20)) & np.uint64(0xFF)).astype(np.uint8)
    ids[:, 8] = 0x80 | ((counter >> np.uint64(14)) & np.uint64(0x3F)).astype(np.uint8)
    ids[:, 9] = ((counter >> np.uint64(6)) & np.uint64(0xFF)).astype(np.uint8)
    low = ((counter & np.uint64(0x3F)) << np.uint64(2)).astype(np.uint8)
    ids[:, 10] = low | (ids[:, 10] & 0x03)
    return ids


def _one_id(milliseconds: int) -> UUID:
    """Build one UUIDv7; 20 times faster than an array of one (an edit makes an id)."""
    random = int.from_bytes(os.urandom(10), "big")
    head = (milliseconds & (2**48 - 1)) << 80
    return UUID(int=head | 0x7000_8000 << 48 | random & 0x0FFF_3FFF_FFFF_FFFF_FFFF)


class SystemClock:
    """The machine's clock; identifiers never go back even when the clock does."""

    def __init__(self) -> None:
        self._last_milliseconds = 0

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        return _one_id(self._next_millisecond())

    def new_ids(self, count: int) -> npt.NDArray[np.uint8]:
        """Return ``count`` fresh UUIDv7 in ascending order, as a (count, 16) array."""
        return _ids(count, self._next_millisecond())

    def _next_millisecond(self) -> int:
        milliseconds = max(time.time_ns() // 1_000_000, self._last_milliseconds + 1)
        self._last_milliseconds = milliseconds
        return milliseconds


class FixedClock:
    """A clock for tests: it starts where told and moves one second per reading."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._moment = start

    def now(self) -> datetime:
        """Return the next second."""
        self._moment += timedelta(seconds=1)
        return self._moment

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        return _one_id(int(self.now().timestamp() * 1000))

    def new_ids(self, count: int) -> npt.NDArray[np.uint8]:
        """Return ``count`` fresh UUIDv7 in ascending order, as a (count, 16) array."""
        return _ids(count, int(self.now().timestamp() * 1000))
