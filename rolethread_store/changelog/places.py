"""Places: the list of sets in effect as a chain that later states share.

Every state of a working copy is the newest place of a chain that leads down to its first
set. An undo steps down, a change steps up, a version or a fork is one reference: all of
them cost the same at any size, and nothing that a version refers to can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rolethread_store.model import ChangeSet

__all__ = ["Place", "Version", "effective_sets", "sets_above"]


class Place:
    """A set on a chain.

    Attributes:
        record: The set.
        below: The place before it.
        resumes: Where the state goes on below a check-out: the version's place.
        checked_out: Whether it is a check-out, so that ``resumes`` counts and not ``below``.
        reverts: Set that this one takes out of effect.
    """

    __slots__ = ("below", "checked_out", "record", "resumes", "reverts")

    def __init__(self, record: ChangeSet, below: Place | None) -> None:
        self.record = record
        self.below = below
        self.checked_out = False
        self.resumes: Place | None = None
        self.reverts: UUID | None = None


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


def effective_sets(place: Place | None) -> list[ChangeSet]:
    """Return the sets in effect at a place, oldest first.

    Read from the newest down, so a set that is reverted is known before it is met, also
    when the revert is itself reverted.
    """
    found: list[ChangeSet] = []
    reverted: set[UUID] = set()
    while place is not None:
        if place.record.set_id not in reverted:
            found.append(place.record)
            if place.reverts is not None:
                reverted.add(place.reverts)
            place = place.resumes if place.checked_out else place.below
        else:
            place = place.below
    found.reverse()
    return found


def sets_above(place: Place | None, floor: Place | None) -> list[ChangeSet]:
    """Return the sets between two places of one chain, newest first; not the floor's."""
    found: list[ChangeSet] = []
    while place is not None and place is not floor:
        found.append(place.record)
        place = place.below
    return found
