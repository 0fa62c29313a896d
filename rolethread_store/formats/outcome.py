"""What an import is given and what it says afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rolethread_store.clock import Clock
from rolethread_store.engine import Session
from rolethread_store.model import Source
from rolethread_store.segments import BatchWriter

__all__ = ["ImportOutcome", "ImportTarget", "QuarantineSample"]


@dataclass(frozen=True)
class ImportTarget:
    """Where an import goes.

    Attributes:
        session: The writing session.
        clock: Gives entry ids and the moment.
        import_id: Stands in every row's origin.
        first_position: Position of the first record; the others follow 1024 apart.
        entries: Takes the entries; ``None`` only counts them (a dry run).
        quarantine: Takes the bad records; ``None`` only counts them.
    """

    session: Session
    clock: Clock
    import_id: UUID
    first_position: int
    entries: BatchWriter | None
    quarantine: BatchWriter | None


@dataclass(frozen=True, slots=True)
class QuarantineSample:
    """One record that could not be read, for a report."""

    source: str
    record: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of the files.

    Attributes:
        sources: One per file, in order.
        formats: Entries by format.
        samples: The first records that went to quarantine.
    """

    sources: tuple[Source, ...]
    formats: dict[str, int]
    samples: tuple[QuarantineSample, ...]
