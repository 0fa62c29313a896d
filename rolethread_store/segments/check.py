"""Are the segment files the ones the manifest describes?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rolethread_store.errors import Corrupt, NotFound
from rolethread_store.model import Batch, Segment
from rolethread_store.storage import Disk, Layout, sha256_file, tail_digest

__all__ = ["SegmentDamage", "SegmentDamaged", "check_segments"]


class SegmentDamaged(Corrupt):
    """A segment is missing, or not the file that was written."""

    code: ClassVar[str] = "segments.damaged"


@dataclass(frozen=True, slots=True)
class SegmentDamage:
    """One segment that is not what it should be.

    Attributes:
        path: The file.
        reason: What is wrong, for people.
        rows: Rows that were in it.
    """

    path: Path
    reason: str
    rows: int


def check_segments(
    batches: Iterable[Batch], layout: Layout, disk: Disk, *, whole: bool
) -> list[SegmentDamage]:
    """Compare size and footer, or with ``whole`` every byte, of all segments.

    Raises:
        Denied: the system forbids reading one; that says nothing about its contents.
        Unavailable: the disk failed at one, which may pass.
    """
    damages = []
    for batch in batches:
        for segment in batch.segments:
            path = layout.segment(batch.batch_id, segment.number)
            reason = _damage(path, segment, disk, whole=whole)
            if reason is not None:
                damages.append(SegmentDamage(path, reason, segment.rows))
    return damages


def _damage(path: Path, segment: Segment, disk: Disk, *, whole: bool) -> str | None:
    try:
        size = disk.size(path)
        if size != segment.size:
            return f"has {size:,} bytes instead of {segment.size:,}"
        if whole and sha256_file(path)[0] != segment.digest:
            return "is not the file that was written (digest differs)"
        if not whole and tail_digest(path) != segment.tail_digest:
            return "has a footer that was not written with it (digest differs)"
    except NotFound:
        return "is missing"
    return None
