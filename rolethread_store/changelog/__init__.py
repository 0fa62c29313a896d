"""History: frames, log files, the fold of change sets, and what undo takes out."""

from rolethread_store.changelog.applying import applied, changed_tags
from rolethread_store.changelog.copies import MAIN, WorkingCopy
from rolethread_store.changelog.depending import (
    BatchIds,
    Footprint,
    dependents,
    fact_keys,
    footprint,
    is_structural,
)
from rolethread_store.changelog.expired import HistoryExpired, no_longer_kept
from rolethread_store.changelog.family import (
    VersionMissing,
    VersionsInconsistent,
    WorkingCopyMissing,
)
from rolethread_store.changelog.fold import DatasetFold, Layer, PendingChange, touched_entries
from rolethread_store.changelog.frame import FrameTooLong, LogCipher, LogDamaged, LogTooNew
from rolethread_store.changelog.history import (
    History,
    HistoryInconsistent,
    NothingToRedo,
    NothingToUndo,
    UndoBlocked,
)
from rolethread_store.changelog.leftovers import without_content
from rolethread_store.changelog.logfile import LogWriter
from rolethread_store.changelog.logreader import LogHistory, LogReader
from rolethread_store.changelog.patching import EntryPatch, TagPatch, depends_on_tags, reduced
from rolethread_store.changelog.places import Place, Stretch, Version, effective_sets, stands
from rolethread_store.changelog.remains import LogRemains, log_remains
from rolethread_store.changelog.rewriting import write_log
from rolethread_store.changelog.scan import LogPosition

__all__ = [
    "MAIN",
    "BatchIds",
    "DatasetFold",
    "EntryPatch",
    "Footprint",
    "FrameTooLong",
    "History",
    "HistoryExpired",
    "HistoryInconsistent",
    "Layer",
    "LogCipher",
    "LogDamaged",
    "LogHistory",
    "LogPosition",
    "LogReader",
    "LogRemains",
    "LogTooNew",
    "LogWriter",
    "NothingToRedo",
    "NothingToUndo",
    "PendingChange",
    "Place",
    "Stretch",
    "TagPatch",
    "UndoBlocked",
    "Version",
    "VersionMissing",
    "VersionsInconsistent",
    "WorkingCopy",
    "WorkingCopyMissing",
    "applied",
    "changed_tags",
    "dependents",
    "depends_on_tags",
    "effective_sets",
    "fact_keys",
    "footprint",
    "is_structural",
    "log_remains",
    "no_longer_kept",
    "reduced",
    "stands",
    "touched_entries",
    "without_content",
    "write_log",
]
