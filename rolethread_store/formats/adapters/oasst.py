"""OpenAssistant's trees: one prompt, and replies to replies, ranked by people.

The turns are the best path: at every fork the reply of the lowest rank, else the first;
deleted ones last. The others are its alternatives, each with what follows on it in
``extra`` under ``replies``, as the source writes it: nothing of the tree is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    Swipe,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, objects, rest, text
from rolethread_store.formats.adapters.turning import number_of, role_of

__all__ = ["ADAPTER"]

_ROLES = {"prompter": "user"}


def _recognise(record: JsonObject) -> str | None:
    root = record.get("prompt")
    known = isinstance(root, dict) and "text" in root and "message_tree_id" in record
    return '"message_tree_id" and a tree under "prompt"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    root: JsonObject = record["prompt"]
    return Reading((draft_of(record, _path([root]), ("prompt",)),))


def _path(replies: list[JsonObject]) -> Iterator[Turn]:
    while replies:
        best = min(range(len(replies)), key=lambda at: _standing(replies[at]))
        node = replies[best]
        others = [other for at, other in enumerate(replies) if at != best]
        yield Turn(
            _role(node),
            text(node, "text"),
            alternatives=tuple(_swipe(other, node) for other in others),
            extra=rest(node, ("text", "role", "replies", "parent_id")) or None,
        )
        replies = objects(node, "replies") if node.get("replies") else []


def _standing(node: JsonObject) -> tuple[bool, float]:
    """Return what sorts replies, the best first; those alike stay in their order."""
    rank = number_of(node.get("rank"))
    return node.get("deleted") is True, float("inf") if rank is None else rank


def _role(node: JsonObject) -> str:
    role = text(node, "role")
    return _ROLES.get(role) or role_of(role)


def _swipe(node: JsonObject, instead_of: JsonObject) -> Swipe:
    content = node.get("text") if isinstance(node.get("text"), str) else None
    read = ["parent_id", *(["text"] if content is not None else [])]
    if node.get("role") == instead_of.get("role"):
        read.append("role")
    if not node.get("replies"):
        read.append("replies")
    return Swipe(content, rest(node, read) or None)


ADAPTER = Adapter("oasst", "OpenAssistant message trees", _recognise, _read)
