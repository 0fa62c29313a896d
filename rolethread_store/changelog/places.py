"""Places: the list of sets in effect as a chain that later states share.

Every state of a working copy is the newest place of a chain that leads down to its first
set. An undo steps down, a change steps up, a version or a fork is one reference: all of
them cost the same at any size, and nothing that a version refers to can change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from rolethread_store.model import ChangeSet, DatasetCreated, DatasetDropped, DatasetRenamed

__all__ = [
    "Place",
    "Stretch",
    "Version",
    "effective_sets",
    "name_at",
    "numbered_place",
    "place_of",
    "reverted_numbers",
    "stands",
    "walk",
]


class Place:
    """A set on a chain.

    Attributes:
        record: The set.
        below: The place before it.
        depth: How many places lie below it.
        jump: A place further down, or itself at the bottom; chosen so that any place below is
            found in logarithmic time (E. W. Myers, "An applicative random-access stack", 1983).
        uncommon: The newest place from here on down whose set is more than one edit: what a
            long undo has to look at is found without a walk over edits.
        resumes: Where the state goes on below a check-out: the version's place.
        checked_out: Whether it is a check-out, so that ``resumes`` counts and not ``below``.
        reverts: Number of the set that this one takes out of effect.
        marked: The newest place from here on down that names or drops the dataset, reverts,
            or is a check-out: what a dataset is called is found without a walk over edits.
    """

    __slots__ = (
        "below", "checked_out", "depth", "jump", "marked",
        "record", "resumes", "reverts", "uncommon",
    )  # fmt: skip

    def __init__(self, record: ChangeSet, below: Place | None) -> None:
        self.record = record
        self.below = below
        self.depth: int = 0 if below is None else below.depth + 1
        self.jump: Place = self if below is None else _jump_from(below)
        lower = None if below is None else below.uncommon
        self.uncommon: Place | None = lower if record.is_one_edit else self
        self.checked_out = False
        self.resumes: Place | None = None
        self.reverts: int | None = None
        self.marked: Place | None = None if below is None else below.marked


def _jump_from(below: Place) -> Place:
    """Return where the place above one jumps to: twice as far when two equal leaps meet."""
    near, far = below.jump, below.jump.jump
    return far if below.depth - near.depth == near.depth - far.depth else below


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sets that follow each other on a chain: what one undo takes off and one redo puts back.

    Its ends and nothing between them, so it costs the same at any length.

    Attributes:
        oldest: The lowest place.
        newest: The highest.
    """

    oldest: Place
    newest: Place

    @classmethod
    def under(cls, top: Place, steps: int) -> Self | None:
        """Return so many places from one on down, ``None`` when there are not so many."""
        lowest = top.depth - steps + 1
        place: Place | None = top if lowest >= 0 else None
        while place is not None and place.depth > lowest:
            place = place.jump if place.jump.depth >= lowest else place.below
        return None if place is None else cls(place, top)

    @property
    def steps(self) -> int:
        """How many sets there are."""
        return self.newest.depth - self.oldest.depth + 1

    @property
    def first(self) -> ChangeSet:
        """The oldest set."""
        return self.oldest.record

    @property
    def last(self) -> ChangeSet:
        """The newest set."""
        return self.newest.record

    def sets(self) -> list[ChangeSet]:
        """Return all of them, oldest first."""
        return list(reversed(self._met(common=True)))

    def uncommon(self) -> list[ChangeSet]:
        """Return those that are more than one edit, oldest first."""
        return list(reversed(self._met(common=False)))

    def _met(self, *, common: bool) -> list[ChangeSet]:
        found: list[ChangeSet] = []
        at = self.newest if common else self.newest.uncommon
        while at is not None and at.depth >= self.oldest.depth:
            found.append(at.record)
            onward = at.below
            at = onward if common or onward is None else onward.uncommon
        return found


def numbered_place(top: Place | None, seq: int) -> Place | None:
    """Return the place of a set on a chain by its number, in logarithmic time.

    The chain is that of an undo stack: below a check-out it goes on with what the check-out
    took out of effect.
    """
    place = top
    while place is not None and place.record.seq > seq:
        leap = place.jump
        place = leap if leap is not place and leap.record.seq >= seq else place.below
    return place if place is not None and place.record.seq == seq else None


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


def stands(top: Place | None, seq: int, without: Collection[int] = ()) -> bool:
    """Tell whether a set is in effect in a state, with no walk over edits.

    Args:
        top: The newest set of the state.
        seq: Number of the set asked for.
        without: Numbers of sets that a further revert would take out of effect.
    """
    reverted = set(without)
    place = top
    while place is not None and (mark := place.marked) is not None and mark.record.seq > seq:
        # Nothing between a place and its mark steers what is in effect below.
        place = mark.below
        if mark.record.seq not in reverted:
            if mark.reverts is not None:
                reverted.add(mark.reverts)
            if mark.checked_out:
                place = mark.resumes
    return seq not in reverted and numbered_place(place, seq) is not None


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
