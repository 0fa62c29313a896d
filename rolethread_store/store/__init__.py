"""The front door: create, open, and everything an open store does."""

from rolethread_store.store.blaming import BlameItem, ChangeStanding
from rolethread_store.store.checking import LocalReport, check_local
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.detecting import detect
from rolethread_store.store.mending import RetryReport
from rolethread_store.store.remotes import restore_store
from rolethread_store.store.reports import (
    DatasetInfo,
    DatasetStanding,
    ExportReport,
    ImportReport,
    LogItem,
    RemoteInfo,
    StoredEntry,
    StoreStatus,
    VersionInfo,
    WorkingCopyInfo,
)
from rolethread_store.store.roundtrip import RoundTrip, verify_roundtrip
from rolethread_store.store.salvaging import SalvageReport, salvage_store
from rolethread_store.store.slot_list import SlotInfo, slots_of
from rolethread_store.store.slots import NewSlot
from rolethread_store.store.store import Store, create_store, open_store
from rolethread_store.store.transactions import Transaction

__all__ = [
    "BlameItem",
    "ChangeStanding",
    "Dataset",
    "DatasetInfo",
    "DatasetStanding",
    "ExportReport",
    "ImportReport",
    "LocalReport",
    "LogItem",
    "NewSlot",
    "RemoteInfo",
    "RetryReport",
    "RoundTrip",
    "SalvageReport",
    "SlotInfo",
    "Store",
    "StoreStatus",
    "StoredEntry",
    "Transaction",
    "VersionInfo",
    "WorkingCopyInfo",
    "check_local",
    "create_store",
    "detect",
    "open_store",
    "restore_store",
    "salvage_store",
    "slots_of",
    "verify_roundtrip",
]
