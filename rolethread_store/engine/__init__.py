"""The door to DuckDB: the only room that imports it."""

from rolethread_store.engine.failures import (
    CryptoModuleMissing,
    EngineFailed,
    LibraryMissing,
    MemoryExhausted,
    QueryInvalid,
    QueryRefused,
    SegmentUnreadable,
    SpillFull,
)
from rolethread_store.engine.result import EngineResult
from rolethread_store.engine.sandbox import checked_statement
from rolethread_store.engine.session import Session, SessionFolders
from rolethread_store.engine.text import identifier, literal

__all__ = [
    "CryptoModuleMissing",
    "EngineFailed",
    "EngineResult",
    "LibraryMissing",
    "MemoryExhausted",
    "QueryInvalid",
    "QueryRefused",
    "SegmentUnreadable",
    "Session",
    "SessionFolders",
    "SpillFull",
    "checked_statement",
    "identifier",
    "literal",
]
