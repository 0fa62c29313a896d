"""State and commit: header, manifest, journal, snapshots of rows, checkpoints."""

from rolethread_store.dataset.basing import chain_digest
from rolethread_store.dataset.blocks import TransactionOpen, TransactionOver
from rolethread_store.dataset.checkpoint import Checkpointer, CheckpointReport
from rolethread_store.dataset.collecting import Garbage, collect, find_garbage
from rolethread_store.dataset.digests import content_digest
from rolethread_store.dataset.expiry import (
    Beginning,
    base_of,
    beginnings,
    lowered,
    useful_bases,
)
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
from rolethread_store.dataset.rebuilding import Rebuild, next_record, require_no_rekey
from rolethread_store.dataset.rekeying import RekeyedTree
from rolethread_store.dataset.remains import FileDamage, Remains
from rolethread_store.dataset.rows import ENTRY_SELECT, entry_of
from rolethread_store.dataset.slices import row_slices
from rolethread_store.dataset.states import DatasetMissing, States, stored_name
from rolethread_store.dataset.thinning import (
    expired,
    named_batches,
    shredded,
    with_originals,
    without_old_facts,
)
from rolethread_store.dataset.trees import (
    RekeyUnfinished,
    StoreRebuilt,
    collect_trees,
    new_tree,
    present_layout,
    unfinished_rekeys,
)
from rolethread_store.dataset.workbench import CheckpointMismatch
from rolethread_store.dataset.writing import WritingRoom

__all__ = [
    "ENTRY_SELECT",
    "FORMAT_VERSION",
    "Base",
    "BaseLayer",
    "BatchProbe",
    "BatchUnknown",
    "Beginning",
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
    "Rebuild",
    "RekeyUnfinished",
    "RekeyedTree",
    "Remains",
    "States",
    "StepKind",
    "StoreHeader",
    "StoreRebuilt",
    "StoreTooNew",
    "TransactionOpen",
    "TransactionOver",
    "WritingRoom",
    "base_of",
    "beginnings",
    "chain_digest",
    "collect",
    "collect_trees",
    "content_digest",
    "entry_of",
    "expired",
    "find_garbage",
    "load_manifest",
    "lowered",
    "named_batches",
    "new_tree",
    "newest_generation",
    "next_record",
    "present_layout",
    "publish_manifest",
    "require_no_rekey",
    "row_slices",
    "shredded",
    "stored_name",
    "unfinished_rekeys",
    "useful_bases",
    "with_originals",
    "without_old_facts",
]
