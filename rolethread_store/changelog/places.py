"""Places: the list of sets in effect as a chain that later states share.

Every state of a working copy is the newest place of a chain that leads down to its first
set. An undo steps down, a change steps up, a version or a fork is one reference: all of
them cost the same at any size, and nothing that a version refers to can change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.model import ChangeSet, DatasetCreated, DatasetDropped, DatasetRenamed

__all__ = [
    "Place",
    "Version",
    "effective_sets",
    "name_at",
    "place_of",
    "reverted_numbers",
    "sets_above",
    "walk",
]


class Place:
    """A set on a chain.

    Attributes:
        record: The set.
        below: The place before it.
        resumes: Where the state goes on below a check-out: the version's place.
        checked_out: Whether it is a check-out, so that ``resumes`` counts and not ``below``.
        reverts: Number of the set that this one takes out of effect.
        marked: The newest place from here on down that names or drops the dataset, reverts,
            or is a check-out: what a dataset is called is found without a walk over edits.
    """

    __slots__ = ("below", "checked_out", "marked", "record", "resumes", "reverts")

    def __init__(self, record: ChangeSet, below: Place | None) -> None:
        self.record = record
        self.below = below
        self.checked_out = False
        self.resumes: Place | None = None
        self.reverts: int | None = None
        self.marked: Place | None = None if below is None else below.marked


@dataclass(frozen=True, slots=True)
class Version:
    """A published state.

    Attributes:
        number: From 1.
        record: The set that published it.
        copy_id: The working copy it was published from.
        place: Its newest set, ``None`` when it has none.
        message: What the user says of it.
    """

    number: int
    record: ChangeSet
    copy_id: UUID
    place: Place | None
    message: str | None


def effective_sets(place: Place | None, without: Collection[int] = ()) -> list[ChangeSet]:
    """Return the sets in effect at a place, oldest first.

    Args:
        place: The newest set.
        without: Numbers of sets that a further revert would take out of effect.
    """
    # As ``walk`` reads, written out: this is most of what an undo or a revert at the end of
    # a hundred thousand changes costs.
    found: list[ChangeSet] = []
    reverted = set(without)
    while place is not None:
        if reverted and place.record.seq in reverted:
            place = place.below
            continue
        found.append(place.record)
        if place.reverts is not None:
            reverted.add(place.reverts)
        place = place.resumes if place.checked_out else place.below
    found.reverse()
    return found


def reverted_numbers(place: Place | None) -> set[int]:
    """Return which sets on the way down from a place a revert took out of effect."""
    return {one.record.seq for one, holds in walk(place, set()) if not holds}


def name_at(top: Place | None, family: Set[UUID]) -> str | None:
    """Return what a dataset is called in a state, ``None`` when it is not there."""
    name: str | None = None
    reverted: set[int] = set()
    place = None if top is None else top.marked
    while place is not None:
        onward = place.below
        if place.record.seq not in reverted:
            for change in reversed(place.record.changes):
                if isinstance(change, DatasetDropped) and change.dataset_id in family:
                    return None
                if isinstance(change, DatasetCreated | DatasetRenamed):
                    name = name or (change.name if change.dataset_id in family else None)
            if place.reverts is not None:
                reverted.add(place.reverts)
            if place.checked_out:
                onward = place.resumes
        place = None if onward is None else onward.marked
    return name


def place_of(top: Place | None, set_id: UUID) -> Place | None:
    """Return the place of a set on the way down from another, in effect or not."""
    return next((one for one, _ in walk(top, set()) if one.record.set_id == set_id), None)


def walk(place: Place | None, reverted: set[int]) -> Iterator[tuple[Place, bool]]:
    """Yield the places of a state, newest first, and whether each is in effect.

    Read from the newest down, so a set that is reverted is known before it is met, also
    when the revert is itself reverted. Sequence numbers fall all the way, also where a
    check-out leads to another chain.

    Args:
        place: The newest set.
        reverted: Numbers of sets to pass over; those that reverts name are added.
    """
    while place is not None:
        holds = place.record.seq not in reverted
        yield place, holds
        if holds and place.reverts is not None:
            reverted.add(place.reverts)
        place = place.resumes if holds and place.checked_out else place.below


def sets_above(place: Place | None, floor: Place | None) -> list[ChangeSet]:
    """Return the sets between two places of one chain, newest first; not the floor's."""
    found: list[ChangeSet] = []
    while place is not None and place is not floor:
        found.append(place.record)
        place = place.below
    return found
