"""A history of those change sets that can be read, where others are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from rolethread_store.changelog import History
from rolethread_store.clock import Clock
from rolethread_store.errors import StoreError
from rolethread_store.model import ChangeSet, CheckedOut, VersionPublished, WorkingCopyForked

__all__ = ["Refitted", "refitted"]


class Refitted(NamedTuple):
    """What follows from change sets with gaps between them.

    Attributes:
        history: All that could be applied.
        left_out: Summaries of those that could not, or that begin where another state stood.
        lost_versions: Dataset and number of versions whose publication is missing; they have
            a place in the history, so that later ones keep their numbers, and what stands
            there is not what was published.
    """

    history: History
    left_out: list[str]
    lost_versions: set[tuple[UUID, int | None]]


def refitted(records: Iterable[ChangeSet], clock: Clock) -> Refitted:
    """Apply what follows from what can be read, in order; the clock gives identifiers."""
    found = Refitted(History(), [], set())
    for record in records:
        for missing in _missing(record, found, clock):
            found.history.append(_numbered(missing, found.history))
        if _on_a_lost_version(record, found):
            found.left_out.append(f"{record.summary}: begins at a version that is lost")
        try:
            found.history.append(_numbered(record, found.history))
        except (StoreError, KeyError):
            found.left_out.append(record.summary)
    return found


def _missing(record: ChangeSet, found: Refitted, clock: Clock) -> Iterator[ChangeSet]:
    """Yield publications that must have come before a record and cannot be read."""
    families = found.history.families
    for change in record.changes:
        if not isinstance(change, VersionPublished):
            continue
        copy = families.find(change.dataset_id)
        if copy is None or copy.deleted:
            continue
        for number in range(len(families.versions(copy.dataset_id)) + 1, change.number):
            name = found.history.name_of(copy.dataset_id)
            found.left_out.append(f"publish version {number} of {name}")
            found.lost_versions.add((copy.dataset_id, number))
            lost = VersionPublished(dataset_id=change.dataset_id, number=number)
            yield record.model_copy(update={"set_id": clock.new_id(), "changes": (lost,)})


def _on_a_lost_version(record: ChangeSet, found: Refitted) -> bool:
    """Return whether a record goes on from a version whose true state is not known."""
    for change in record.changes:
        if isinstance(change, CheckedOut):
            copy = found.history.families.find(change.dataset_id)
        elif isinstance(change, WorkingCopyForked):
            copy = found.history.families.find(change.source)
        else:
            continue
        if copy is not None and (copy.dataset_id, change.version) in found.lost_versions:
            return True
    return False


def _numbered(record: ChangeSet, history: History) -> ChangeSet:
    return record.model_copy(update={"seq": history.last_seq + 1})
