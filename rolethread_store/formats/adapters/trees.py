"""Conversations that branch: one path as turns, every other branch as an alternative.

A node that shows nothing (an empty root, a hidden step) is passed over: what hangs below it
hangs below the nearest node above that shows something. The messages after an alternative
stand in its ``extra`` under ``replies``, as a flat list whose items name their ``parent``:
nested lists of a long branch would be deeper than JSON readers go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rolethread_store.formats.adapters.draft import JsonObject, RecordOdd, Swipe, Turn
from rolethread_store.formats.adapters.lenient import trimmed

__all__ = ["Node", "as_path", "turn_json"]


@dataclass(frozen=True, slots=True)
class Node:
    """One place in a tree of messages.

    Attributes:
        id: Its name in the source.
        parent: The name of the node above, or of none that is there for a beginning.
        turns: What it shows; several where one message of the source is several turns.
    """

    id: str
    parent: str | None
    turns: tuple[Turn, ...]


def as_path(nodes: Sequence[Node], leaf: str | None) -> tuple[Turn, ...]:
    """Return the turns from the beginning to a leaf, siblings as alternatives.

    Args:
        nodes: All nodes, in the order of the source.
        leaf: Where the conversation stands; the newest end when it is not there. Where
            more follows below it, the newest of that is followed to its end.

    Raises:
        RecordOdd: nodes are above themselves, or two have the same id.
    """
    if len({node.id for node in nodes}) < len(nodes):
        raise RecordOdd("two of its messages have the same id")
    tree = _Tree(nodes)
    turns: list[Turn] = []
    for node in tree.path(leaf):
        siblings = [other for other in tree.children(tree.parent(node)) if other.id != node.id]
        first = replace(
            node.turns[0],
            alternatives=(
                *node.turns[0].alternatives,
                *(tree.alternative(other, node.turns[0].role) for other in siblings),
            ),
        )
        turns += [first, *node.turns[1:]]
    return tuple(turns)


def turn_json(turn: Turn) -> JsonObject:
    """Return a turn of a branch that is not the conversation's, as JSON."""
    told = trimmed({"name": turn.name, "character": turn.character, **(turn.extra or {})})
    return {"role": turn.role, "content": turn.content, **told}


class _Tree:
    """The nodes that show something, each below the nearest such node above it."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._all = {node.id: node for node in nodes}
        self._parents: dict[str, str | None] = {}
        self._children: dict[str | None, list[Node]] = {}
        for node in nodes:
            if node.turns:
                self._children.setdefault(self.parent(node), []).append(node)
        reached = sum(1 for _ in self._below(self.children(None)))
        if reached < sum(1 for node in nodes if node.turns):
            raise RecordOdd("its messages follow each other in a circle")

    def parent(self, node: Node) -> str | None:
        """Return the nearest node above that shows something."""
        climbed: dict[str, None] = {}
        above = node.parent
        while above is not None and above not in self._parents:
            found = self._all.get(above)
            if found is None or found.turns or above in climbed:
                break
            climbed[above] = None
            above = found.parent
        if above in self._parents:
            above = self._parents[above]
        elif above not in self._all or above in climbed:
            above = None
        # Only nodes that show nothing are remembered: they are what is climbed again.
        self._parents.update(dict.fromkeys(climbed, above))
        return above

    def children(self, parent: str | None) -> list[Node]:
        """Return what hangs below a node, or the beginnings."""
        return self._children.get(parent, [])

    def path(self, leaf: str | None) -> list[Node]:
        """Return the nodes from the beginning to a leaf."""
        at = self._all.get(leaf) if leaf is not None else None
        if at is not None and not at.turns:
            above = self.parent(at)
            at = None if above is None else self._all[above]
        if at is None:
            shown = [node for node in self._all.values() if node.turns]
            at = next((node for node in reversed(shown) if not self.children(node.id)), None)
        if at is None:
            return []
        path = [at]
        while (above := self.parent(path[-1])) is not None:
            path.append(self._all[above])
        path.reverse()
        while below := self.children(path[-1].id):
            path.append(below[-1])
        return path

    def alternative(self, node: Node, role: str) -> Swipe:
        """Return a node beside the path, with all that follows it."""
        first = node.turns[0]
        replies = [turn_json(turn) for turn in node.turns[1:]]
        for below in self._below(self.children(node.id)):
            place = {"id": below.id, "parent": self.parent(below)}
            replies += [{**place, **turn_json(turn)} for turn in below.turns]
        told = trimmed({**turn_json(first), "content": None, "id": node.id, "replies": replies})
        if first.role == role:
            del told["role"]
        return Swipe(first.content, told)

    def _below(self, nodes: Sequence[Node]) -> Iterator[Node]:
        """Give nodes and all that hangs below them, each branch to its end first."""
        waiting = list(nodes)[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += self.children(node.id)[::-1]
