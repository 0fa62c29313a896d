"""Looking at the store as a whole."""

from __future__ import annotations

from itertools import islice

from rolethread_store.changelog import DatasetFold, NothingToRedo, NothingToUndo, UndoBlocked
from rolethread_store.dataset import FORMAT_VERSION
from rolethread_store.model import ChangeSet
from rolethread_store.query import count
from rolethread_store.store import remotes
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import DatasetInfo, LogItem, StoreStatus, log_item

__all__ = ["datasets", "item", "log", "status"]


def datasets(parts: Parts) -> list[DatasetInfo]:
    """Return every dataset in numbers, in the order they were made."""
    return [_info(parts, fold) for fold in parts.journal.existing()]


def _info(parts: Parts, fold: DatasetFold) -> DatasetInfo:
    batches = [parts.journal.batch(layer.batch_id) for layer in fold.layers]
    return DatasetInfo(
        name=fold.name,
        dataset_id=fold.dataset_id,
        entries=count(parts.reader, parts.reader.relation(fold)),
        quarantined=sum(attached.quarantined for _, attached in fold.attached),
        segments=sum(len(batch.segments) for batch in batches),
        bytes=sum(batch.size for batch in batches),
        pending=len(fold.pending),
        created_at=parts.journal.history.effective(fold.dataset_id)[0].at,
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
        pending=journal.pending,
        log_files=len(journal.disk.list(journal.layout.logs)),
        undoable=_undoable(parts),
        redoable=_redoable(parts),
        remotes=tuple(remotes.known(parts)),
    )


def _undoable(parts: Parts) -> str | None:
    try:
        return parts.journal.history.undo_target().summary
    except (NothingToUndo, UndoBlocked):
        return None


def _redoable(parts: Parts) -> str | None:
    try:
        return parts.journal.history.redo_target().summary
    except NothingToRedo:
        return None


def log(parts: Parts, dataset: str | None, limit: int | None) -> list[LogItem]:
    """Return the records of the store or of one dataset, newest first."""
    dataset_id = parts.dataset_id(dataset, gone=True)
    records = islice(parts.journal.history.records(dataset_id), limit)
    return [item(parts, record) for record in records]


def item(parts: Parts, record: ChangeSet) -> LogItem:
    """Describe one record."""
    history = parts.journal.history
    subject = record if record.target is None else history.get(record.target)
    undone = history.is_undone(record.set_id)
    return log_item(record, subject, parts.name_of, undone=undone)
