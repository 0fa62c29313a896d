"""Source records that could not be read, with their place, bytes and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader

__all__ = ["QuarantinedRecord", "quarantined"]


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
    """

    dataset: str
    source: str
    record: int
    offset: int
    reason: str
    raw: bytes


def quarantined(reader: Reader, folds: Sequence[DatasetFold]) -> list[QuarantinedRecord]:
    """Return what the imports in effect set aside, by dataset, file and place."""
    found = []
    for fold in folds:
        rows = reader.rows(
            'SELECT "source", "record", "offset", "reason", "raw" FROM '
            f'({reader.quarantine_relation(fold)}) ORDER BY created_at, "source", "record"'
        )
        found += [
            QuarantinedRecord(fold.name, source, record, offset, reason, bytes(raw or b""))
            for source, record, offset, reason, raw in rows
        ]
    return found
