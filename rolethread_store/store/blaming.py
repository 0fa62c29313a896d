"""Blame: every change to one entry, and whether it still counts."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rolethread_store.dataset import Reader
from rolethread_store.engine import literal
from rolethread_store.model import (
    BatchAttached,
    BatchKind,
    ChangeSet,
    DatasetChange,
    EntriesDeleted,
    EntryAdded,
    EntryMoved,
    EntryRewritten,
    FactPut,
    FactRemoved,
    MessageEdited,
    Reverted,
    TagsChanged,
    TagsPatched,
)
from rolethread_store.segments import scan
from rolethread_store.store.editions import EntryMissing, parsed_id
from rolethread_store.store.parts import Parts

__all__ = ["BlameItem", "ChangeStanding", "blame"]


class ChangeStanding(StrEnum):
    """Whether a change counts in a working copy."""

    IN_EFFECT = "in effect"
    UNDONE = "undone"
    REVERTED = "reverted"
    NOT_IN_EFFECT = "not in effect"


@dataclass(frozen=True, slots=True)
class BlameItem:
    """One change to an entry.

    Attributes:
        seq: Number of the change set in the log.
        set_id: Its identity.
        at: When (UTC).
        dataset: The dataset.
        working_copy: The working copy it was made in.
        summary: What the command did, over all entries it touched.
        kind: What happened to this entry, as the change is called: ``message-edited``.
        what: The same in words.
        standing: Whether it counts in the working copy one looks from; a change that is
            not in effect was made in another one, or left behind by a check-out.
    """

    seq: int
    set_id: UUID
    at: datetime
    dataset: str
    working_copy: str
    summary: str
    kind: str
    what: str
    standing: ChangeStanding


@dataclass(frozen=True, slots=True)
class _Touch:
    record: ChangeSet
    change: DatasetChange
    copy_id: UUID
    what: str


def blame(parts: Parts, entry_id: str | UUID) -> list[BlameItem]:
    """Return every change to an entry, oldest first, also of one that is deleted.

    Raises:
        EntryMissing: no change names it.
    """
    key = parsed_id(entry_id)
    touches = list(_touches(parts, key))
    if not touches:
        raise EntryMissing(f"no entry {key} in this store, now or ever")
    families = parts.journal.history.families
    dataset_id = families.copy(touches[0].copy_id).dataset_id
    seen_from = _chosen_copy(parts, dataset_id)
    effective = {record.set_id: record for record in parts.journal.history.effective(seen_from)}
    reverted = {
        change.target
        for record in effective.values()
        for change in record.changes
        if isinstance(change, Reverted)
    }
    return [
        BlameItem(
            seq=touch.record.seq,
            set_id=touch.record.set_id,
            at=touch.record.at,
            dataset=parts.name_of(dataset_id),
            working_copy=families.copy(touch.copy_id).name,
            summary=touch.record.summary,
            kind=touch.change.kind,
            what=touch.what,
            standing=_standing(parts, touch.record.set_id, effective.keys(), reverted),
        )
        for touch in touches
    ]


def _chosen_copy(parts: Parts, dataset_id: UUID) -> UUID:
    """Return the dataset's working copy of the store's choice, or its main one."""
    wanted = parts.journal.states.working_copy
    for copy in parts.journal.history.families.copies(dataset_id):
        if copy.name == wanted:
            return copy.copy_id
    return dataset_id


def _standing(
    parts: Parts, set_id: UUID, effective: Set[UUID], reverted: Set[UUID]
) -> ChangeStanding:
    if set_id in effective:
        return ChangeStanding.IN_EFFECT
    if set_id in reverted:
        return ChangeStanding.REVERTED
    if parts.journal.history.is_undone(set_id):
        return ChangeStanding.UNDONE
    return ChangeStanding.NOT_IN_EFFECT


def _touches(parts: Parts, key: UUID) -> Iterator[_Touch]:
    """Yield the changes that are about an entry, oldest first."""
    for record in parts.journal.history.touching([key]):
        for change in record.changes:
            if isinstance(change, FactPut | FactRemoved):
                continue
            what = _told(parts.reader, change, key)
            if what is not None:
                yield _Touch(record, change, change.dataset_id, what)


def _told(reader: Reader, change: DatasetChange, key: UUID) -> str | None:
    """Return what a change did to an entry, ``None`` when it is about others."""
    match change:
        case BatchAttached(batch_id=UUID() as batch_id):
            row = _row(reader, batch_id, key)
            return None if row is None else f"imported from {row[0]}, record {row[1]}"
        case TagsPatched():
            row = _row(reader, change.batch_id, key)
            return None if row is None else f"tags set to {', '.join(row[0]) or 'none'}"
        case TagsChanged() if key in change.entry_ids:
            signs = [*(f"+{tag}" for tag in change.add), *(f"-{tag}" for tag in change.remove)]
            # A removed tag may stand there in two spellings, typed and composed.
            return f"tags {' '.join(dict.fromkeys(signs))}"
        case EntriesDeleted() if key in change.entry_ids:
            return "deleted"
        case EntryAdded() if change.entry.entry_id == key:
            return f"written with {len(change.entry.messages)} messages"
        case MessageEdited() if change.entry_id == key:
            return f"message {change.message} edited"
        case EntryRewritten() if change.entry_id == key:
            return f"rewritten with {len(change.messages)} messages"
        case EntryMoved() if change.entry_id == key:
            return f"moved to position {change.position}"
        case _:
            return None


def _row(reader: Reader, batch_id: UUID, key: UUID) -> tuple[Any, ...] | None:
    """Return what a batch of entries or tags says of an entry, ``None`` when nothing."""
    batch = reader.journal.batch(batch_id)
    near = tuple(
        segment
        for segment in batch.segments
        if segment.first_id is not None
        and segment.last_id is not None
        and segment.first_id <= key <= segment.last_id
    )
    if not near:
        return None
    reader.admit([batch])
    columns = "tags" if batch.kind is BatchKind.TAGS else "origin.source, origin.record"
    rows = scan([batch.model_copy(update={"segments": near})], reader.journal.layout, batch.kind)
    found = reader.rows(
        f"SELECT {columns} FROM ({rows}) WHERE entry_id = CAST({literal(str(key))} AS UUID)"
    )
    return found[0] if found else None
