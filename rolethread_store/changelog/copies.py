"""Working copies: a chain of sets, where it began, and what could be redone."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from rolethread_store.changelog.places import Place, Stretch, numbered_place
from rolethread_store.model import REGISTRY_ID, ChangeSet

__all__ = ["MAIN", "WorkingCopy", "subjects"]

MAIN = "main"
"""Name of the working copy that a dataset is made with."""

_SETTINGS = UUID(int=1)
"""Settings and versions have a stack of their own: neither must block an undo."""


@dataclass
class WorkingCopy:
    """The editable state of a dataset under one name.

    Attributes:
        copy_id: Its identity; the dataset's own for the main one.
        dataset_id: The dataset.
        name: Its name.
        floor: Where it was forked; undo does not go below.
        top: Its newest set.
        undone: What redo would put back, each as what one undo took off. The places
            themselves, for a version or a fork may refer to them.
        deleted: Whether it is no longer listed.
        forked: The set that made it, ``None`` for the main one.
        source: The working copy it was forked from.
    """

    copy_id: UUID
    dataset_id: UUID
    name: str = MAIN
    floor: Place | None = None
    top: Place | None = None
    undone: list[Stretch] = field(default_factory=list)
    deleted: bool = False
    forked: ChangeSet | None = None
    source: UUID | None = None

    @property
    def newest(self) -> Place | None:
        """The newest place that an undo could take off."""
        return None if self.top is self.floor else self.top

    def last(self, steps: int) -> Stretch | None:
        """Return its newest places above the floor, ``None`` when there are not so many."""
        floor = -1 if self.floor is None else self.floor.depth
        if self.top is None or self.top.depth - floor < steps:
            return None
        return Stretch.under(self.top, steps)

    def holds(self, record: ChangeSet) -> bool:
        """Tell whether a set is on its stack, be it in effect or under a check-out or revert."""
        return numbered_place(self.top, record.seq) is not None


def subjects(record: ChangeSet) -> tuple[UUID, ...]:
    """Return the stacks a set stands on: its working copies, and the registry."""
    if record.is_one_edit:
        return record.dataset_ids
    if not record.undoable:
        return (_SETTINGS,)
    return (*record.dataset_ids, REGISTRY_ID) if record.touches_registry else record.dataset_ids
