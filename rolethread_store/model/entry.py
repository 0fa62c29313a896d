"""The entry and its messages, as schema v1 stores them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

__all__ = ["Alternative", "Entry", "Message", "Origin"]


class _Noun(BaseModel):
    """Frozen, and closed against unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Alternative(_Noun):
    """One other answer a turn could have had: a swipe, a regeneration."""

    content: str | None = None
    extra: str | None = None


class Message(_Noun):
    """One turn.

    Attributes:
        role: Canonical role (``user``, ``assistant``, ``system``) or the source's own word.
        content: The text; ``None`` when the source had none or had something structured,
            which then stands in ``extra`` under ``content``.
        name: Participant name as the source gave it.
        character: Registry character that speaks.
        weight: Training weight.
        alternatives: Swipes and regenerated answers.
        extra: JSON object with every other field of the source, or ``None``.
    """

    role: str | None = None
    content: str | None = None
    name: str | None = None
    character: str | None = None
    weight: float | None = None
    alternatives: tuple[Alternative, ...] | None = None
    extra: str | None = None


class Origin(_Noun):
    """Where an entry came from.

    Attributes:
        import_id: The import, or ``None`` for an entry written by hand.
        source: File name as given.
        record: 1-based line (JSONL) or element (array) in that file.
        format: Shape the record had: ``chatml``, ``sharegpt``.
    """

    import_id: UUID | None = None
    source: str | None = None
    record: int | None = None
    format: str | None = None


class Entry(_Noun):
    """One training example.

    Attributes:
        entry_id: UUIDv7, never reused.
        position: Place in the dataset; neighbours are 1024 apart when imported.
        messages: The turns in order.
        tags: Tags in the order given; ``None`` when the source had no such field.
        origin: Where it came from.
        created_at: When it entered the store (UTC).
        updated_at: When it last changed (UTC).
        extra: JSON object with unknown top-level fields, or ``None``.
    """

    entry_id: UUID
    position: int
    messages: tuple[Message, ...]
    tags: tuple[str, ...] | None = None
    origin: Origin = Origin()
    created_at: datetime
    updated_at: datetime
    extra: str | None = None
