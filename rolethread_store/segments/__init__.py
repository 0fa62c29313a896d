"""Bulk rows: immutable encrypted Parquet, written and read by DuckDB."""

from rolethread_store.segments.check import SegmentDamage, SegmentDamaged, check_segments
from rolethread_store.segments.relation import add_keys, empty_relation, scan, scan_columns
from rolethread_store.segments.rescuing import LostRecords, Rescued, Rescuer
from rolethread_store.segments.resealing import ResealMismatch, SealedPlace, reseal_segment
from rolethread_store.segments.schema import (
    COLUMNS_OF,
    ENTRY_COLUMNS,
    MASK_COLUMNS,
    MESSAGE_TYPE,
    PLAIN_MESSAGE_TYPE,
    QUARANTINE_COLUMNS,
    TAG_COLUMNS,
    column_list,
)
from rolethread_store.segments.writer import BatchWriter

__all__ = [
    "COLUMNS_OF",
    "ENTRY_COLUMNS",
    "MASK_COLUMNS",
    "MESSAGE_TYPE",
    "PLAIN_MESSAGE_TYPE",
    "QUARANTINE_COLUMNS",
    "TAG_COLUMNS",
    "BatchWriter",
    "LostRecords",
    "Rescued",
    "Rescuer",
    "ResealMismatch",
    "SealedPlace",
    "SegmentDamage",
    "SegmentDamaged",
    "add_keys",
    "check_segments",
    "column_list",
    "empty_relation",
    "reseal_segment",
    "scan",
    "scan_columns",
]
