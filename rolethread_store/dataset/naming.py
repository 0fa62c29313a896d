"""Two datasets of one name cannot be there; undo and redo must not bring that about."""

from __future__ import annotations

from typing import ClassVar

from rolethread_store.changelog import Stretch
from rolethread_store.dataset.states import States
from rolethread_store.errors import Conflict
from rolethread_store.model import DatasetDropped, DatasetRenamed

__all__ = ["NameInUse", "require_free_names"]


class NameInUse(Conflict):
    """Another dataset has taken the name that a dataset would have again."""

    code: ClassVar[str] = "dataset.name-in-use"


def require_free_names(states: States, moved: Stretch, *, undo: bool) -> None:
    """Refuse an undo or redo that gives a dataset a name that another one has by now.

    Args:
        states: The states before it.
        moved: The sets that it is about.
        undo: Which of the two it is.

    Raises:
        NameInUse: it would.
    """
    for record in moved.uncommon():
        for change in record.changes:
            if not isinstance(change, DatasetDropped | DatasetRenamed):
                continue
            fold = states.fold(change.dataset_id)
            if isinstance(change, DatasetRenamed):
                earlier = [name for seq, name in fold.names if seq != record.seq]
                name = (earlier or [""])[-1] if undo else change.name
            else:
                name = fold.name if undo else ""
            for other in states.mains():
                if other.name.casefold() == name.casefold() and not (
                    other.family == fold.family or change.dataset_id in other.family
                ):
                    raise NameInUse(
                        f"another dataset is called “{other.name}” by now",
                        hint="rename that one first: rolethread dataset rename OLD NEW",
                    )
