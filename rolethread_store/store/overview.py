"""Looking at the store as a whole."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from rolethread_store.changelog import (
    MAIN,
    DatasetFold,
    HistoryExpired,
    NothingToRedo,
    NothingToUndo,
    UndoBlocked,
)
from rolethread_store.dataset import FORMAT_VERSION
from rolethread_store.errors import NotFound
from rolethread_store.model import ChangeSet, VersionPublished
from rolethread_store.query import count
from rolethread_store.store import remotes
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import DatasetInfo, DatasetStanding, LogItem, StoreStatus

__all__ = ["ChangeMissing", "datasets", "item", "log", "numbered", "status"]


class ChangeMissing(NotFound):
    """The history has no change of that number."""

    code: ClassVar[str] = "store.change-missing"


def datasets(parts: Parts) -> list[DatasetInfo]:
    """Return every dataset in numbers, in the order they were made."""
    return [_info(parts, fold) for fold in parts.journal.existing()]


def _info(parts: Parts, fold: DatasetFold) -> DatasetInfo:
    batches = [parts.journal.batch(layer.batch_id) for layer in fold.layers]
    families = parts.journal.history.families
    version, changes = families.version_under(families.copy(fold.dataset_id))
    return DatasetInfo(
        name=fold.name,
        dataset_id=parts.journal.history.families.copy(fold.dataset_id).dataset_id,
        entries=count(parts.reader, parts.reader.relation(fold)),
        quarantined=fold.quarantined,
        segments=sum(len(batch.segments) for batch in batches),
        bytes=sum(batch.size for batch in batches),
        pending=len(fold.pending),
        created_at=parts.journal.history.effective(fold.dataset_id)[0].at,
        working_copy=fold.working_copy,
        version=None if version is None else version.number,
        changes=changes,
    )


def status(parts: Parts) -> StoreStatus:
    """Return the store in numbers."""
    journal = parts.journal
    infos = datasets(parts)
    return StoreStatus(
        path=journal.layout.root,
        store_id=journal.keyring.store_id,
        format=FORMAT_VERSION,
        generation=journal.manifest.generation,
        datasets=len(infos),
        entries=sum(info.entries for info in infos),
        quarantined=sum(info.quarantined for info in infos),
        bytes=sum(batch.size for batch in journal.manifest.batches),
        pending=journal.states.pending,
        log_files=len(journal.disk.list(journal.layout.logs)),
        undoable=_undoable(parts),
        redoable=_redoable(parts),
        remotes=tuple(remotes.known(parts)),
        standings=tuple(
            DatasetStanding(info.name, info.working_copy, info.version, info.changes)
            for info in infos
        ),
    )


def _undoable(parts: Parts) -> str | None:
    try:
        return parts.journal.history.undo_target().first.summary
    except (NothingToUndo, HistoryExpired, UndoBlocked):
        return None


def _redoable(parts: Parts) -> str | None:
    try:
        moved, _ = parts.journal.history.redo_target()
        return moved.first.summary
    except (NothingToRedo, HistoryExpired):
        return None


def log(parts: Parts, dataset: str | None, limit: int | None) -> list[LogItem]:
    """Return the records of the store or of one dataset, newest first."""
    # The history of a dataset is that of all its working copies.
    dataset_id = parts.dataset_id(dataset, MAIN, gone=True)
    records = islice(parts.journal.history.records(dataset_id), limit)
    return [item(parts, record) for record in records]


def numbered(parts: Parts, seq: int) -> ChangeSet:
    """Return a change by its number in the log.

    Raises:
        ChangeMissing: there is none, or the number is that of an undo or redo.
    """
    found = parts.journal.history.numbered(seq)
    if found is None or found.kind != "change":
        raise ChangeMissing(f"there is no change {seq}", hint="see: rolethread log")
    return found


def item(parts: Parts, record: ChangeSet) -> LogItem:
    """Describe one record; an undo or redo touches what its change touched.

    A record beyond the end of the history waits in a transaction.
    """
    history = parts.journal.history
    # What was made last can be neither undone yet nor, in a transaction, known.
    new = record.seq >= history.last_seq
    if new and record.is_one_edit:
        fold = parts.journal.states.find(record.dataset_ids[0])
        if fold is not None and fold.exists:
            return _edited(record, fold)
    subject = record if record.target is None else history.get(record.target)
    copies = [history.families.copy(copy_id) for copy_id in subject.dataset_ids]
    names = (parts.name_of(copy.dataset_id) for copy in copies)
    return LogItem(
        set_id=record.set_id,
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        summary=record.summary,
        datasets=tuple(dict.fromkeys(name for name in names if name)),
        working_copies=tuple(copy.name for copy in copies if copy.copy_id != copy.dataset_id),
        undone=not new and history.is_undone(record.set_id),
        target=record.target,
        version=_published(record),
        registry=subject.touches_registry,
    )


def _edited(record: ChangeSet, fold: DatasetFold) -> LogItem:
    """Describe the newest record, one edit: this is in the way of every edit."""
    return LogItem(
        record.set_id,
        record.seq,
        record.at,
        record.kind,
        record.summary,
        (fold.name,),
        () if fold.working_copy == MAIN else (fold.working_copy,),
        undone=False,
        target=None,
    )


def _published(record: ChangeSet) -> int | None:
    """Return the number of the version that a record publishes, if any."""
    return next((one.number for one in record.changes if isinstance(one, VersionPublished)), None)
