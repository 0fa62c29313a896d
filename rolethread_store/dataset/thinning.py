"""Records without their content: what remains of a change set whose content has to go.

A thin record keeps its identity, its place and its time, and what the lists of datasets,
versions and working copies need. What it did to entries is gone, and it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TypeGuard
from uuid import UUID

from rolethread_store.model import (
    REGISTRY_ID,
    BatchAttached,
    Change,
    ChangeSet,
    CheckedOut,
    DatasetCreated,
    DatasetDropped,
    DatasetRenamed,
    Expired,
    FactKind,
    FactPut,
    FactRemoved,
    Reverted,
    StandingChange,
    VersionPublished,
    WorkingCopyForked,
)

__all__ = [
    "SHREDDED",
    "expired",
    "named_batches",
    "shredded",
    "with_originals",
    "without_old_facts",
]

SHREDDED = "(shredded)"
"""Stands for every name and summary of a dataset that was shredded."""

_LISTING = DatasetCreated | DatasetRenamed | DatasetDropped | CheckedOut | Reverted | StandingChange


def expired(record: ChangeSet) -> ChangeSet:
    """Return a record as it is kept when history before it has expired.

    Records without rows, such as a published version or a remote, stay as they are.
    """
    if record.expired or not _has_rows(record):
        return record
    kept: list[Change] = []
    for change in record.changes:
        if isinstance(change, BatchAttached):
            # What was set aside is no history: it stays until it is dealt with. Originals
            # are looked through, see with_originals.
            kept.append(change.model_copy(update={"batch_id": None}))
        elif isinstance(change, _LISTING | FactPut | FactRemoved):
            kept.append(change)
    kept += (
        Expired(dataset_id=dataset_id)
        for dataset_id in record.dataset_ids
        if dataset_id != REGISTRY_ID
    )
    return record.model_copy(update={"changes": tuple(kept)})


def with_originals(
    record: ChangeSet, batches: Mapping[UUID, UUID | None], sources: Set[tuple[UUID, str]]
) -> ChangeSet:
    """Return an expired record with what is left of the bytes its imports kept.

    Args:
        record: The record; itself if nothing about it is different.
        batches: What takes the place of a batch of originals, ``None`` for nothing.
        sources: Import and file name of what some state still has an entry of.
    """
    changes: list[Change] = []
    for change in record.changes:
        if isinstance(change, BatchAttached):
            files = tuple(
                one if (change.import_id, one.name) in sources or one.framing is None
                else one.model_copy(update={"framing": None})
                for one in change.sources
            )  # fmt: skip
            old = change.originals_id
            new = None if old is None else batches.get(old, old)
            if new != old or files != change.sources:
                update = {"originals_id": new, "sources": files}
                change = change.model_copy(update=update)
        changes.append(change)
    if all(one is other for one, other in zip(changes, record.changes, strict=True)):
        return record
    return record.model_copy(update={"changes": tuple(changes)})


def without_old_facts(records: Sequence[ChangeSet], standing: Set[UUID]) -> list[ChangeSet]:
    """Return records of which the expired ones hold no definition that nothing leads back to.

    A set that was undone or reverted and has expired says of each that it is gone, which
    changes nothing; one that a later expired set defined anew says what that one did, so
    that definitions keep their order.

    Args:
        records: All records, oldest first; those that stay as they are remain the same objects.
        standing: The sets in effect that say something of the registry.
    """
    last: dict[tuple[FactKind, str], FactPut | FactRemoved] = {}
    for record in records:
        if record.expired and record.set_id in standing:
            last |= {_subject(one): one for one in record.changes if _is_fact(one)}
    return [
        _with_last_facts(one, last if one.set_id in standing else {}) if one.expired else one
        for one in records
    ]


def _with_last_facts(
    record: ChangeSet, last: Mapping[tuple[FactKind, str], FactPut | FactRemoved]
) -> ChangeSet:
    changes: list[Change] = []
    for change in record.changes:
        if isinstance(change, FactPut):
            kind, key = change.fact.kind, change.fact.key
            changes.append(last.get((kind, key), FactRemoved(fact_kind=kind, key=key)))
        else:
            changes.append(change)
    if tuple(changes) == record.changes:
        return record
    return record.model_copy(update={"changes": tuple(changes)})


def _is_fact(change: Change) -> TypeGuard[FactPut | FactRemoved]:
    return isinstance(change, FactPut | FactRemoved)


def _subject(change: FactPut | FactRemoved) -> tuple[FactKind, str]:
    if isinstance(change, FactPut):
        return change.fact.kind, change.fact.key
    return change.fact_kind, change.key


def shredded(records: Iterable[ChangeSet], family: Set[UUID]) -> list[ChangeSet]:
    """Return records without anything of one dataset but that there was one.

    Args:
        records: All records, oldest first; those that do not touch the dataset stay as they are.
        family: The ids of all working copies of the dataset.
    """
    found: list[ChangeSet] = []
    touched: set[UUID] = set()
    for record in records:
        if not family.isdisjoint(record.dataset_ids):
            touched.add(record.set_id)
            found.append(_without(record, family))
        elif record.target in touched:
            # Its words are those of the change that it takes back.
            found.append(record.model_copy(update={"summary": SHREDDED}))
        else:
            found.append(record)
    return found


def _without(record: ChangeSet, family: Set[UUID]) -> ChangeSet:
    touched = [dataset_id for dataset_id in record.dataset_ids if dataset_id in family]
    kept: list[Change] = []
    for change in record.changes:
        if isinstance(change, FactPut | FactRemoved) or change.dataset_id not in family:
            kept.append(change)
        elif isinstance(change, DatasetCreated | DatasetRenamed | WorkingCopyForked):
            kept.append(change.model_copy(update={"name": SHREDDED}))
        elif isinstance(change, VersionPublished):
            kept.append(change.model_copy(update={"message": None}))
        elif isinstance(change, _LISTING):
            kept.append(change)
    if record.undoable:
        kept += (Expired(dataset_id=dataset_id) for dataset_id in touched)
    return record.model_copy(update={"changes": tuple(kept), "summary": SHREDDED})


def named_batches(records: Iterable[ChangeSet]) -> set[UUID]:
    """Return every batch that records name."""
    found: set[UUID] = set()
    for record in records:
        for change in record.changes:
            for name in ("batch_id", "quarantine_id", "originals_id"):
                batch_id = getattr(change, name, None)
                if batch_id is not None:
                    found.add(batch_id)
    return found


def _has_rows(record: ChangeSet) -> bool:
    """Tell whether a set stands on the undo stack of a working copy."""
    return any(
        not isinstance(change, FactPut | FactRemoved | StandingChange)
        and change.dataset_id != REGISTRY_ID
        for change in record.changes
    )
