"""Source records that could not be read, with their place, bytes and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader
from rolethread_store.engine import literal
from rolethread_store.errors import InvalidInput, NotFound

__all__ = [
    "QuarantinedMissing",
    "QuarantinedRecord",
    "QuarantinedUnclear",
    "one_quarantined",
    "quarantined",
    "quarantined_count",
]


class QuarantinedMissing(NotFound):
    """Nothing of that name was set aside, or it was mended since."""

    code: ClassVar[str] = "query.quarantined-missing"


class QuarantinedUnclear(InvalidInput):
    """Several records were set aside under that name."""

    code: ClassVar[str] = "query.quarantined-unclear"


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One record that was set aside.

    Attributes:
        dataset: Dataset of the import.
        source: File name.
        record: Line (JSONL) or element (array), from 1.
        offset: Byte offset in the file.
        reason: Why, for people.
        raw: The record's bytes.
        import_id: The import.
        quarantine_id: The batch that holds it.
    """

    dataset: str
    source: str
    record: int
    offset: int
    reason: str
    raw: bytes
    import_id: UUID
    quarantine_id: UUID

    @property
    def record_id(self) -> str:
        """A short name for it: ten hexadecimal digits, always the same."""
        words = f"{self.import_id}/{self.record}/{self.source}"
        return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def quarantined_count(reader: Reader, folds: Sequence[DatasetFold]) -> int:
    """Return how many records the imports in effect set aside."""
    return sum(
        int(reader.rows(f"SELECT count(*) FROM ({reader.quarantine_relation(fold)})")[0][0])
        for fold in folds
    )


def quarantined(
    reader: Reader,
    folds: Sequence[DatasetFold],
    condition: str = "true",
    limit: int | None = None,
) -> list[QuarantinedRecord]:
    """Return what the imports in effect set aside, by dataset, file and place.

    Args:
        reader: Reads.
        folds: The datasets.
        condition: SQL over the columns of quarantine, of our own making.
        limit: Records at most, ``None`` for all.
    """
    found: list[QuarantinedRecord] = []
    for fold in folds:
        most = "" if limit is None else f" LIMIT {max(0, int(limit) - len(found))}"
        rows = reader.rows(
            'SELECT "source", "record", "offset", "reason", "raw", import_id, quarantine_id FROM '
            f"({reader.quarantine_relation(fold)}) WHERE {condition} "
            f'ORDER BY created_at, "source", "record", "offset"{most}'
        )
        found += [
            QuarantinedRecord(fold.name, source, record, offset, reason, bytes(raw or b""), *ids)
            for source, record, offset, reason, raw, *ids in rows
        ]
    return found


def one_quarantined(reader: Reader, folds: Sequence[DatasetFold], name: str) -> QuarantinedRecord:
    """Return the record that an id, or ``SOURCE:RECORD``, means.

    Raises:
        QuarantinedMissing: there is none.
        QuarantinedUnclear: there are several.
    """
    source, _, number = name.rpartition(":")
    found: list[QuarantinedRecord] = []
    if source and number.isdecimal() and len(number) < 19:
        found = quarantined(
            reader, folds, f'"source" = {literal(source)} AND "record" = {int(number)}'
        )
    if not found:
        found = [one for one in quarantined(reader, folds) if one.record_id == name]
    if not found:
        raise QuarantinedMissing(
            f"no record “{name}” is in quarantine", hint="see: rolethread quarantine list"
        )
    if len(found) > 1:
        ids = ", ".join(f"{one.record_id} ({one.dataset})" for one in found[:5])
        raise QuarantinedUnclear(
            f"“{name}” means several records", hint=f"name one by its id: {ids}"
        )
    return found[0]
