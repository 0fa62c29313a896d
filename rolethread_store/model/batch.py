"""What the manifest knows of the immutable files: batches and their segments."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Batch", "BatchKind", "Segment"]

HexDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class BatchKind(StrEnum):
    """What the rows of a batch are."""

    ENTRIES = "entries"
    TAGS = "tags"
    TEXTS = "texts"
    MASK = "mask"
    QUARANTINE = "quarantine"
    ORIGINALS = "originals"


class Segment(BaseModel):
    """One immutable encrypted Parquet file.

    Attributes:
        number: Place in its batch; with the batch id it makes the file name.
        rows: Rows in the file.
        size: Bytes.
        tail_digest: SHA-256 (hex) of the last 64 KiB, which hold the footer.
        digest: SHA-256 (hex) of the whole file; also its name on a remote.
        first_id: Smallest entry id in it, ``None`` for rows without one.
        last_id: Largest entry id in it.
        plain: Whether its messages have the fields role and content alone, the others
            being NULL throughout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=0)
    rows: int = Field(ge=0)
    size: int = Field(ge=0)
    tail_digest: HexDigest
    digest: HexDigest
    first_id: UUID | None = None
    last_id: UUID | None = None
    plain: bool = False


class Batch(BaseModel):
    """Segments written together under one random data key.

    Attributes:
        batch_id: Names the files and binds the wrapped key.
        kind: What the rows are.
        wrapped_key: Data key under RFC 3394 key wrap, hex.
        segments: The files in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_id: UUID
    kind: BatchKind
    wrapped_key: str
    segments: tuple[Segment, ...]

    @property
    def rows(self) -> int:
        """Rows in all segments."""
        return sum(segment.rows for segment in self.segments)

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum(segment.size for segment in self.segments)

    def only(self, numbers: Collection[int] | None) -> Batch:
        """Return the batch as far as some of its segments go; ``None`` stands for all."""
        if numbers is None:
            return self
        kept = tuple(segment for segment in self.segments if segment.number in numbers)
        return self.model_copy(update={"segments": kept})
