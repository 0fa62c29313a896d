"""One log file's bytes, read into frames, and the verdict on how it ends.

A crash leaves at most one unfinished frame, at the end: it was never acknowledged and is
dropped. The same bytes in the middle are damage. The two are told apart by looking for a
frame of this file after the bad one; a frame found there authenticates, so chance and
forgery are both ruled out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import numpy as np

from rolethread_store.changelog.frame import (
    FRAME_HEAD_BYTES,
    HEADER_BYTES,
    MAX_FRAMES,
    MIN_FRAME,
    Frame,
    FrameCodec,
    FrameKind,
    LogCipher,
    LogDamaged,
    head_of,
    is_head,
)
from rolethread_store.storage.layout import LogName

__all__ = [
    "LogFile",
    "LogLink",
    "LogPosition",
    "LogRecord",
    "LogState",
    "candidates",
    "is_room",
    "scan",
]

# Offsets examined at a time while looking for a frame; bounds the memory of the search.
_BLOCK = 1 << 20


class LogState(StrEnum):
    """How a log file ends."""

    CLEAN = "clean"
    """With the frame that closing writes."""
    OPEN = "open"
    """With a whole frame: its writer is at work or died between two changes."""
    TORN = "torn"
    """With a part of a frame, which is dropped."""
    UNBORN = "unborn"
    """Before its first frame: its writer died while creating it."""


class LogLink(NamedTuple):
    """What a file says about the one before it.

    Attributes:
        log_id: The file before.
        frames: How many frames of it are history.
        tag: Tag of the last of them, hex.
    """

    log_id: UUID
    frames: int
    tag: str


class LogPosition(NamedTuple):
    """A place between two frames of the log, provable by the tag before it.

    Attributes:
        number: Number in the file's name.
        log_id: The file.
        frames: Frames of the file up to here, its link included.
        size: Bytes of the file up to here.
        tag: Authentication tag of the last of these frames, hex.
    """

    number: int
    log_id: UUID
    frames: int
    size: int
    tag: str

    @property
    def link(self) -> LogLink:
        """What the next file says about this place."""
        return LogLink(self.log_id, self.frames, self.tag)


class LogRecord(NamedTuple):
    """One change set as bytes.

    Attributes:
        number: Number of its frame in the file.
        body: What was given to ``append``.
    """

    number: int
    body: bytes


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log file, read and authenticated.

    Attributes:
        name: Number and identity.
        state: How it ends.
        link: What it says about the file before it; ``None`` in the first file.
        records: Its change sets in order.
        ends: Per frame, the offset after it and its tag.
    """

    name: LogName
    state: LogState
    link: LogLink | None = None
    records: tuple[LogRecord, ...] = ()
    ends: tuple[tuple[int, bytes], ...] = ()

    @property
    def frames(self) -> int:
        """Frames in the file, link and end included."""
        return len(self.ends)

    def position(self, frames: int | None = None) -> LogPosition:
        """Return the place after the first ``frames`` frames (1 or more), or after all."""
        count = self.frames if frames is None else frames
        end, tag = self.ends[count - 1]
        return LogPosition(self.name.number, self.name.log_id, count, end, tag.hex())

    def holds(self, link: LogLink) -> bool:
        """Return whether the file has the frames that a link speaks of."""
        if link.log_id != self.name.log_id or not 1 <= link.frames <= self.frames:
            return False
        return self.ends[link.frames - 1][1].hex() == link.tag

    def until(self, frames: int) -> LogFile:
        """Return the file without what follows its first ``frames`` frames."""
        kept = tuple(record for record in self.records if record.number < frames)
        return replace(self, records=kept, ends=self.ends[:frames])

    def after(self, frames: int) -> LogFile:
        """Return the file without the records in its first ``frames`` frames."""
        return replace(self, records=tuple(r for r in self.records if r.number >= frames))


def scan(cipher: LogCipher, name: LogName, raw: bytes) -> LogFile:
    """Read a whole log file.

    Args:
        cipher: The store's log keys.
        name: Number and identity from the file's name.
        raw: Its bytes.

    Raises:
        LogDamaged: A frame is bad and whole ones follow, the header is wrong, or anything
            follows the end frame.
        LogTooNew: A newer program wrote it.
    """
    header = raw[:HEADER_BYTES]
    # A crash before the first sync may leave the right length and zeros for the bytes, or
    # for those from some place on: what a cut at that place would leave as well.
    if not any(header) or len(raw.rstrip(b"\0")) < HEADER_BYTES:
        return LogFile(name, LogState.UNBORN)
    codec = cipher.of_header(header, name.log_id)
    frames = list(_frames(codec, raw))
    end = frames[-1].end if frames else HEADER_BYTES
    closed = bool(frames) and frames[-1].kind is FrameKind.END
    whole = is_room(raw, end)
    if not whole:
        _check_tail(codec, raw, end, None if closed else len(frames))
    if not frames:
        return LogFile(name, LogState.UNBORN)
    state = LogState.OPEN if whole else LogState.TORN
    last = len(frames) - closed
    _check_kinds(codec, frames[:last])
    return LogFile(
        name,
        LogState.CLEAN if closed else state,
        _read_link(codec, frames[0].body),
        tuple(LogRecord(number, frames[number].body) for number in range(1, last)),
        tuple((frame.end, frame.tag) for frame in frames),
    )


def _frames(codec: FrameCodec, raw: bytes) -> Iterator[Frame]:
    """Yield the frames from the header on, until one is bad, missing, or the end frame."""
    offset = HEADER_BYTES
    number = 0
    while (frame := codec.open(raw, offset, number)) is not None:
        yield frame
        if frame.kind is FrameKind.END:
            return
        offset = frame.end
        number += 1


def is_room(raw: bytes, end: int) -> bool:
    """Return whether only zeros follow: what a writer wrote in advance, or nothing at all.

    Behind an end frame too: the cut that takes the room away may be lost with the power
    when the end is not.
    """
    return raw.count(0, end) == len(raw) - end


def _check_kinds(codec: FrameCodec, frames: list[Frame]) -> None:
    """Refuse a file whose frames before the end do not are not a link and then records."""
    first = bool(frames) and frames[0].kind is FrameKind.LINK
    if not first or any(frame.kind is not FrameKind.RECORD for frame in frames[1:]):
        raise LogDamaged(f"A frame of the log file {codec.log_id.hex} is out of place")


def _check_tail(codec: FrameCodec, raw: bytes, offset: int, number: int | None) -> None:
    """Refuse bytes after the last good frame unless they can be an unfinished one.

    Args:
        codec: The file's codec.
        raw: The whole file.
        offset: Where the last good frame ends.
        number: The number the next frame would have, ``None`` after the end frame.
    """
    name = f"The change log file {codec.log_id.hex}"
    if number is None:
        raise LogDamaged(f"{name} goes on after its end (byte {offset})")
    if (found := _later_frame(codec, raw, offset, number)) is not None:
        raise LogDamaged(
            f"{name} is damaged in frame {number} (byte {offset}); "
            f"a whole frame follows at byte {found}",
            hint="Restore the store from a backup into a new folder.",
        )


def _later_frame(codec: FrameCodec, raw: bytes, offset: int, number: int) -> int | None:
    """Return where a frame of this file with this number or a later one begins, if any.

    Opening is paid for by length. A real tail holds a handful of candidates; one made to
    cost more than twice the tail is not what a crash leaves, and counts as damage.
    """
    budget = 2 * (len(raw) - offset)
    for place, claimed in candidates(raw, offset, number):
        budget -= head_of(raw, place)[0]
        if budget < 0 or codec.open(raw, place, claimed) is not None:
            return place
    return None


def candidates(raw: bytes, offset: int, number: int) -> Iterator[tuple[int, int]]:
    """Yield each place from ``offset`` on whose bytes may begin frame ``number`` or later.

    The number is tried at every offset at once; of sealed bytes one offset in 256 passes,
    and only that is looked at one by one.
    """
    stop = len(raw) - MIN_FRAME + 1
    view = np.frombuffer(raw, np.uint8)
    for begin in range(offset, stop, _BLOCK):
        count = min(_BLOCK, stop - begin)
        numbers = np.zeros(count, np.uint32)
        for byte in range(4):
            at = begin + 4 + byte
            numbers |= view[at : at + count].astype(np.uint32) << np.uint32(8 * byte)
        hits = np.flatnonzero((numbers >= number) & (numbers < MAX_FRAMES))
        for place in (hits + begin).tolist():
            length, claimed = head_of(raw, place)
            if is_head(raw, place) and place + FRAME_HEAD_BYTES + length <= len(raw):
                yield place, claimed


def _read_link(codec: FrameCodec, body: bytes) -> LogLink | None:
    """Read the body of a file's first frame."""
    try:
        previous = json.loads(body)["previous"]
        if previous is None:
            return None
        return LogLink(UUID(hex=previous["log_id"]), int(previous["frames"]), previous["tag"])
    except (ValueError, KeyError, TypeError) as error:
        raise LogDamaged(f"The log file {codec.log_id.hex} has an unreadable link") from error
