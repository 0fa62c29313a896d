"""What an import is given and what it says afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from rolethread_store.clock import Clock
from rolethread_store.engine import Session
from rolethread_store.formats.adapters import ReadingOptions
from rolethread_store.formats.definitions import Renamed
from rolethread_store.formats.digesting import ContentDigest
from rolethread_store.formats.sources import SourceOptions
from rolethread_store.model import Fact, FactKind, Source

__all__ = ["ImportOutcome", "ImportTarget", "QuarantineSample", "RowWriter"]


class RowWriter(Protocol):
    """Takes the rows of a SELECT; a batch writer does."""

    def write(self, select: str, *, plain: bool = False, expected: int | None = None) -> int:
        """Take the rows and return how many they were."""
        ...


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
        options: What the user said about who speaks.
        known: Definitions that are there already.
        originals: Takes what is needed to write files once more as they were; ``None`` keeps
            nothing.
        exact: Whether to keep that of every file, of none, or (``None``) of those that are
            not large.
        imported: Records of the files that were read before; ``None`` to read every file,
            whether it was or not.
        reading: How the sources are to be read.
    """

    session: Session
    clock: Clock
    import_id: UUID
    first_position: int
    entries: RowWriter | None
    quarantine: RowWriter | None
    options: ReadingOptions = field(default_factory=ReadingOptions)
    known: Mapping[tuple[FactKind, str], Fact] = field(default_factory=dict)
    imported: Mapping[ContentDigest, int] | None = None
    reading: SourceOptions | None = None
    originals: RowWriter | None = None
    exact: bool | None = None


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
        facts: Definitions to be made.
        renamed: Those that could not keep their key.
        evidence: By what the first record of a format was known, for formats that are read
            record by record, and for files that are one document.
    """

    sources: tuple[Source, ...]
    formats: dict[str, int]
    samples: tuple[QuarantineSample, ...]
    facts: tuple[Fact, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)
