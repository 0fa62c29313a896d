"""State and commit: header, manifest, journal, snapshots of rows, checkpoints."""

from rolethread_store.dataset.blocks import TransactionOpen, TransactionOver
from rolethread_store.dataset.checkpoint import Checkpointer, CheckpointReport
from rolethread_store.dataset.collecting import Garbage, collect, find_garbage
from rolethread_store.dataset.digests import content_digest
from rolethread_store.dataset.header import (
    FORMAT_VERSION,
    HeaderDamaged,
    StoreHeader,
    StoreTooNew,
)
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.loading import BatchUnknown
from rolethread_store.dataset.locating import Located, Locator
from rolethread_store.dataset.manifest import (
    Base,
    BaseLayer,
    LogMark,
    Manifest,
    ManifestDamaged,
    ManifestMissing,
    load_manifest,
    newest_generation,
    publish_manifest,
)
from rolethread_store.dataset.planning import StepKind
from rolethread_store.dataset.probing import BatchProbe
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.remains import FileDamage, Remains
from rolethread_store.dataset.rows import ENTRY_SELECT, entry_of
from rolethread_store.dataset.states import DatasetMissing, States, stored_name
from rolethread_store.dataset.stepping import CheckpointMismatch
from rolethread_store.dataset.writing import WritingRoom

__all__ = [
    "ENTRY_SELECT",
    "FORMAT_VERSION",
    "Base",
    "BaseLayer",
    "BatchProbe",
    "BatchUnknown",
    "CheckpointMismatch",
    "CheckpointReport",
    "Checkpointer",
    "DatasetMissing",
    "FileDamage",
    "Garbage",
    "HeaderDamaged",
    "Journal",
    "Located",
    "Locator",
    "LogMark",
    "Manifest",
    "ManifestDamaged",
    "ManifestMissing",
    "Reader",
    "Remains",
    "States",
    "StepKind",
    "StoreHeader",
    "StoreTooNew",
    "TransactionOpen",
    "TransactionOver",
    "WritingRoom",
    "collect",
    "content_digest",
    "entry_of",
    "find_garbage",
    "load_manifest",
    "newest_generation",
    "publish_manifest",
    "stored_name",
]
