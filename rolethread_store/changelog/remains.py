"""What can still be read of a damaged log file.

Every frame opens by itself, so what lies behind a damaged one is not lost with it.
"""

from __future__ import annotations

from typing import NamedTuple

from rolethread_store.changelog.frame import HEADER_BYTES, Frame, FrameCodec, FrameKind, LogCipher
from rolethread_store.changelog.scan import candidates, scan
from rolethread_store.errors import Corrupt, StoreError, Unsupported
from rolethread_store.storage.layout import LogName

__all__ = ["LogRemains", "log_remains"]


class LogRemains(NamedTuple):
    """What a log file still says.

    Attributes:
        bodies: Its readable change sets, in order.
        damage: Why the file as a whole is refused; ``None`` when it is sound.
    """

    bodies: tuple[bytes, ...]
    damage: StoreError | None


def log_remains(cipher: LogCipher, name: LogName, raw: bytes) -> LogRemains:
    """Read all frames of a file that open, whatever lies between them."""
    try:
        file = scan(cipher, name, raw)
    except (Corrupt, Unsupported) as error:
        return LogRemains(_bodies(cipher, name, raw), error)
    return LogRemains(tuple(record.body for record in file.records), None)


def _bodies(cipher: LogCipher, name: LogName, raw: bytes) -> tuple[bytes, ...]:
    try:
        codec = cipher.of_header(raw[:HEADER_BYTES], name.log_id)
    except (Corrupt, Unsupported):
        return ()
    found = []
    offset, number = HEADER_BYTES, 0
    while (step := _next(codec, raw, offset, number)) is not None:
        number, frame = step
        if frame.kind is FrameKind.RECORD:
            found.append(frame.body)
        offset, number = frame.end, number + 1
    return tuple(found)


def _next(codec: FrameCodec, raw: bytes, offset: int, number: int) -> tuple[int, Frame] | None:
    """Return the first frame of this number or a later one at or behind a place."""
    frame = _opened(codec, raw, offset, number)
    if frame is not None:
        return number, frame
    for place, claimed in candidates(raw, offset, number):
        frame = _opened(codec, raw, place, claimed)
        if frame is not None:
            return claimed, frame
    return None


def _opened(codec: FrameCodec, raw: bytes, place: int, number: int) -> Frame | None:
    try:
        return codec.open(raw, place, number)
    except (Corrupt, Unsupported):
        return None
