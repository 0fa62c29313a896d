"""The counts of an import as they grow, and the proof that they add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar

from rolethread_store.errors import Corrupt
from rolethread_store.formats.definitions import Definitions
from rolethread_store.formats.outcome import QuarantineSample

__all__ = ["SAMPLES", "Counts", "RecordsUnaccounted", "Tally", "require_accounted"]

SAMPLES = 20
"""Bad records that a report shows at most."""


class RecordsUnaccounted(Corrupt):
    """Rows kept and rows quarantined do not add up to the records read."""

    code: ClassVar[str] = "formats.records-unaccounted"


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts at one moment.

    Attributes:
        records: Records read.
        kept: Those that became entries or definitions.
        quarantined: Those set aside.
        entries: Entries made.
    """

    records: int
    kept: int
    quarantined: int
    entries: int


@dataclass
class Tally:
    """Counts as they grow; ``ordinal`` runs over all files."""

    definitions: Definitions
    formats: Counter[str] = field(default_factory=Counter)
    samples: list[QuarantineSample] = field(default_factory=list)
    evidence: dict[str, str] = field(default_factory=dict)
    ordinal: int = 0
    kept: int = 0
    entries: int = 0
    quarantined: int = 0

    @property
    def counts(self) -> Counts:
        """The counts now."""
        return Counts(self.ordinal, self.kept, self.quarantined, self.entries)

    def since(self, before: Counts) -> Counts:
        """Return what was counted since a moment."""
        return Counts(
            self.ordinal - before.records,
            self.kept - before.kept,
            self.quarantined - before.quarantined,
            self.entries - before.entries,
        )


def require_accounted(source: str, records: int, kept: int, quarantined: int) -> None:
    """Make sure that every record became something.

    Raises:
        RecordsUnaccounted: the counts do not add up.
    """
    if kept + quarantined != records:
        raise RecordsUnaccounted(
            f"{source}: {records} records read, {kept} kept and {quarantined} quarantined",
            hint="nothing was imported; please report this with the file's first lines",
        )
