"""Which later changes depend on an earlier one: the rules a revert must respect.

Each change has a *footprint*: the fields of the entries it says something of. A later
change depends on an earlier one when it touches a field that the earlier one wrote. Every
change needs its entry to be there, so all that happens to an entry depends on the set
that brought it; a deletion writes nothing but the entry's existence, so it does not
depend on earlier edits. Fields are pairs of a name and, for one message or one tag, which.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from rolethread_store.changelog.fold import entries_of
from rolethread_store.model import (
    BatchAttached,
    ChangeSet,
    DatasetCreated,
    DatasetDropped,
    DatasetRenamed,
    EntryChange,
    EntryMoved,
    EntryRewritten,
    FactKind,
    FactPut,
    FactRemoved,
    MessageEdited,
    TagsChanged,
    TagsPatched,
)

__all__ = ["BatchIds", "Footprint", "dependents", "fact_keys", "footprint", "is_structural"]

Field = tuple[str, int | str | None]

EXISTENCE: Field = ("existence", None)
MESSAGES: Field = ("message", None)
TAGS: Field = ("tag", None)

_MADE = frozenset({EXISTENCE})
_PATCHED = frozenset({TAGS})
_REWRITTEN = frozenset({MESSAGES, TAGS, ("extra", None)})
_MOVED = frozenset({("position", None)})


class BatchIds(Protocol):
    """Answers which ids batches hold; batches are too large to be read one id at a time."""

    def among(self, batch_id: UUID, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that a batch holds."""

    def meet(self, one: UUID, other: UUID) -> bool:
        """Return whether two batches have an id in common."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a set wrote in one dataset.

    Attributes:
        entries: Fields written, by entry.
        batches: Batches that wrote the same fields of every entry they hold.
    """

    entries: Mapping[UUID, Set[Field]] = field(default_factory=dict)
    batches: Mapping[UUID, Set[Field]] = field(default_factory=dict)


def footprint(record: ChangeSet, family: Set[UUID]) -> Footprint:
    """Return what a set wrote in one dataset's working copies."""
    entries: dict[UUID, set[Field]] = {}
    batches: dict[UUID, Set[Field]] = {}
    for change in record.changes:
        if isinstance(change, EntryChange):
            if change.dataset_id in family:
                written = _written(change)
                for entry_id in entries_of(change):
                    entries.setdefault(entry_id, set()).update(written)
        elif isinstance(change, BatchAttached):
            if change.dataset_id in family and change.batch_id is not None:
                batches[change.batch_id] = _MADE
        elif isinstance(change, TagsPatched) and change.dataset_id in family:
            batches[change.batch_id] = _PATCHED
    return Footprint(entries, batches)


def dependents(
    earlier: Footprint, later: Iterable[ChangeSet], family: Set[UUID], ids: BatchIds
) -> list[ChangeSet]:
    """Return the later sets that depend on an earlier one, in the order given.

    Args:
        earlier: What the earlier set wrote.
        later: Sets made after it.
        family: The working copies of the dataset.
        ids: Looks into batches.
    """
    candidates = [
        (record, footprint(record, family)) for record in later if _may_touch(record, earlier)
    ]
    in_batches = _found_in(earlier, [made for _, made in candidates], ids)

    def depends(made: Footprint) -> bool:
        return (
            any(
                overlapping(fields | _MADE, earlier.entries.get(entry_id, ()))
                for entry_id, fields in made.entries.items()
            )
            or any(
                entry_id in found and overlapping(fields | _MADE, written)
                for found, written in in_batches
                for entry_id, fields in made.entries.items()
            )
            or _batches_meet(earlier, made, ids)
        )

    return [record for record, made in candidates if depends(made)]


def _may_touch(record: ChangeSet, earlier: Footprint) -> bool:
    """Tell quickly of most of a long history that it is about other entries."""
    if earlier.batches:
        return True
    known = earlier.entries
    for change in record.changes:
        # By kind: a hundred thousand class checks would be most of a revert.
        if change.kind == "message-edited":
            if change.entry_id in known:
                return True
        elif isinstance(change, TagsPatched) or (
            isinstance(change, EntryChange) and not known.keys().isdisjoint(entries_of(change))
        ):
            return True
    return False


def _found_in(
    earlier: Footprint, later: Sequence[Footprint], ids: BatchIds
) -> list[tuple[set[UUID], Set[Field]]]:
    """Return, for each earlier batch, which of the entries touched later it holds."""
    found = []
    for batch_id, written in earlier.batches.items():
        touched = {
            entry_id
            for made in later
            for entry_id, fields in made.entries.items()
            if overlapping(fields | _MADE, written)
        }
        if touched:
            found.append((ids.among(batch_id, touched), written))
    return found


def _batches_meet(earlier: Footprint, later: Footprint, ids: BatchIds) -> bool:
    """Tell whether a later tag batch touches what the earlier set wrote."""
    for batch_id, fields in later.batches.items():
        if EXISTENCE in fields:
            continue  # What an import brings was not there before.
        touched = fields | _MADE
        hit = {key for key, written in earlier.entries.items() if overlapping(touched, written)}
        if hit and ids.among(batch_id, hit):
            return True
        if any(
            overlapping(touched, written) and ids.meet(batch_id, one)
            for one, written in earlier.batches.items()
        ):
            return True
    return False


def overlapping(touched: Iterable[Field], written: Collection[Field]) -> bool:
    """Tell whether one of the fields touched is, or lies in, one of those written."""
    if not written:
        return False
    return any(
        name == other and (which is None or what is None or which == what)
        for name, which in touched
        for other, what in written
    )


def is_structural(record: ChangeSet, family: Set[UUID]) -> bool:
    """Tell whether a set makes, renames or drops the dataset itself."""
    return any(
        isinstance(change, DatasetCreated | DatasetRenamed | DatasetDropped)
        and change.dataset_id in family
        for change in record.changes
    )


def fact_keys(record: ChangeSet) -> set[tuple[FactKind, str]]:
    """Return the registry facts that a set defines or removes."""
    keys = set()
    for change in record.changes:
        if isinstance(change, FactPut):
            keys.add((change.fact.kind, change.fact.key))
        elif isinstance(change, FactRemoved):
            keys.add((change.fact_kind, change.key))
    return keys


def _written(change: EntryChange) -> Set[Field]:
    match change:
        case MessageEdited():
            return {("message", change.message)}
        case EntryRewritten():
            return _REWRITTEN
        case EntryMoved():
            return _MOVED
        case TagsChanged():
            return {("tag", tag) for tag in (*change.add, *change.remove)}
        case _:
            return _MADE
