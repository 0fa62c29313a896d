"""What the model of a store is made of: operations, states, working copies, datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "MAIN",
    "Copy",
    "Dataset",
    "Node",
    "Operation",
    "Refused",
    "Row",
    "State",
    "Version",
    "builds_on",
]

Row = dict[str, Any]
State = frozenset[int]

MAIN = "main"


class Refused(Exception):
    """The store must refuse.

    Attributes:
        why: Which refusal.
        changes: Numbers it must name.
    """

    def __init__(self, why: str, changes: Iterable[int] = ()) -> None:
        super().__init__(why)
        self.why = why
        self.changes = tuple(changes)


@dataclass(frozen=True)
class Operation:
    """What one change does to entries.

    Attributes:
        kind: ``import``, ``edit``, ``rewrite``, ``delete``, ``tag`` or ``patch``.
        entries: Ids it is about.
        play: What it makes of each of them; ``None`` is an entry that is gone.
        fresh: Rows an import brings.
        detail: The message, or the tags it names.
        creates: Whether it made the dataset.
        quarantined: Records an import set aside.
    """

    kind: str
    entries: frozenset[Any]
    play: Callable[[Row], Row | None] = lambda row: row
    fresh: tuple[Row, ...] = ()
    detail: frozenset[Any] = frozenset()
    creates: bool = False
    quarantined: int = 0


@dataclass(eq=False)
class Node:
    """A state in the past or present of a working copy.

    Attributes:
        number: The change that led to it, 0 before any.
        parent: The state before that.
        state: Numbers in effect.
        origin: Where to look for the version this comes from.
        checkout: Whether it is a version's state, just checked out.
        version: The version it was published as.
    """

    number: int
    parent: Node | None
    state: State
    origin: Node | None = None
    checkout: bool = False
    version: Version | None = None


@dataclass(eq=False)
class Version:
    """A published state."""

    number: int
    node: Node


@dataclass(eq=False)
class Copy:
    """A working copy: where it stands, where it began, and what it could redo."""

    dataset: Dataset
    name: str
    floor: Node
    top: Node
    undone: list[list[Node]] = field(default_factory=list)
    deleted: bool = False


@dataclass(eq=False)
class Dataset:
    """A dataset with all working copies it ever had, and its versions."""

    name: str
    copies: list[Copy] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    @property
    def main(self) -> Copy:
        """The first working copy."""
        return self.copies[0]

    @property
    def exists(self) -> bool:
        """Whether anything of it is in effect."""
        return bool(self.main.top.state)

    def listed(self) -> list[Copy]:
        """Return the working copies that are not deleted."""
        return [copy for copy in self.copies if not copy.deleted]


def builds_on(later: Operation, earlier: Operation) -> bool:
    """Tell whether one operation would mean something else without an earlier one."""
    if not later.entries & earlier.entries:
        return False
    if earlier.kind in ("import", "delete"):
        return True
    if later.kind == "delete":
        return False
    kinds = {later.kind, earlier.kind}
    if "rewrite" in kinds:
        return True
    if kinds == {"edit"} or kinds == {"tag"}:
        return bool(later.detail & earlier.detail)
    return "patch" in kinds and "edit" not in kinds
