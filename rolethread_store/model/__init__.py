"""Nouns: frozen values without I/O and without an engine."""

from rolethread_store.model.batch import Batch, BatchKind, Segment
from rolethread_store.model.changes import (
    BatchAttached,
    Change,
    DatasetChange,
    DatasetCreated,
    DatasetDropped,
    DatasetRenamed,
    EntriesDeleted,
    EntryAdded,
    EntryChange,
    EntryMoved,
    EntryRewritten,
    FactPut,
    FactRemoved,
    MessageEdited,
    Source,
    TagsChanged,
    TagsPatched,
)
from rolethread_store.model.changeset import ChangeSet
from rolethread_store.model.entry import Alternative, Entry, Message, Origin
from rolethread_store.model.facts import Fact, FactKind, Setting
from rolethread_store.model.progress import Progress, ProgressListener, unheard

__all__ = [
    "Alternative",
    "Batch",
    "BatchAttached",
    "BatchKind",
    "Change",
    "ChangeSet",
    "DatasetChange",
    "DatasetCreated",
    "DatasetDropped",
    "DatasetRenamed",
    "EntriesDeleted",
    "Entry",
    "EntryAdded",
    "EntryChange",
    "EntryMoved",
    "EntryRewritten",
    "Fact",
    "FactKind",
    "FactPut",
    "FactRemoved",
    "Message",
    "MessageEdited",
    "Origin",
    "Progress",
    "ProgressListener",
    "Segment",
    "Setting",
    "Source",
    "TagsChanged",
    "TagsPatched",
    "unheard",
]
