"""Pending edits as expressions over the rows below: a column that is not asked costs nothing.

The patches of a dataset are a small table that a query joins; each column takes its value
from the patch where there is one. The engine drops the expressions of columns that the
query does not use, so a count or a histogram of tags decodes no text for an edit of one.
Expressions that no present patch needs are left out, and the column stays a plain one.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from rolethread_store.changelog import EntryPatch, without_content
from rolethread_store.engine import Session
from rolethread_store.segments import ENTRY_COLUMNS

__all__ = ["PATCH_COLUMNS", "TEXT_FEATURES", "add_functions", "features", "patched_columns"]

TEXT_FEATURES = frozenset({"edited"})
"""What a layer of new texts sets; of the columns of a patch it has those that this needs."""

PATCH_COLUMNS: dict[str, str] = {
    "entry_id": "UUID",
    "updated_at": "TIMESTAMPTZ",
    "position": "BIGINT",
    "rewritten": "BOOLEAN",
    "messages": ENTRY_COLUMNS["messages"],
    "message_count": "INTEGER",
    "extra": "VARCHAR",
    "format": "VARCHAR",
    "turns": "BIGINT[]",
    "texts": "VARCHAR[]",
    "retagged": "BOOLEAN",
    "tags": "VARCHAR[]",
    "removed": "VARCHAR[]",
    "added": "VARCHAR[]",
}

# The second test spares nearly every message that had no text the call of a Python function.
_EXTRA = (
    "CASE WHEN m.content IS NULL AND (contains(m.extra, '\"content\"') "
    "OR contains(m.extra, '\\')) THEN without_content(m.extra) ELSE m.extra END"
)
_EDITED = (
    "list_transform(e.messages, lambda m, i: CASE WHEN list_contains(p.turns, i - 1) THEN "
    "{'role': m.role, 'content': p.texts[list_position(p.turns, i - 1)], 'name': m.name, "
    "'character': m.\"character\", 'weight': m.weight, 'alternatives': m.alternatives, "
    f"'extra': {_EXTRA}}} ELSE m END)"
)
_ORIGIN = (
    "{'import_id': e.origin.import_id, 'source': e.origin.source, 'record': e.origin.record, "
    "'format': p.format}"
)
_KEPT = "list_filter(coalesce(e.tags, []), lambda t: NOT list_contains(p.removed, t))"
_RETAGGED = f"list_concat({_KEPT}, list_filter(p.added, lambda t: NOT list_contains({_KEPT}, t)))"


def add_functions(session: Session) -> None:
    """Make known to a session what the expressions call."""
    session.add_function("without_content", without_content)


def features(patch: EntryPatch) -> Iterator[str]:
    """Yield what a patch sets, in the words of :func:`patched_columns`."""
    if patch.position is not None:
        yield "moved"
    if patch.rewritten:
        yield "rewritten"
    if patch.texts:
        yield "edited"
    if patch.retagged:
        yield "retagged"
    if patch.tags_changed:
        yield "tags-changed"


def patched_columns(set_by_some: Set[str]) -> dict[str, str]:
    """Return the expressions of the columns that patches ``p`` over rows ``e`` may change.

    Args:
        set_by_some: Features that at least one patch has.
    """
    columns = {"updated_at": "coalesce(p.updated_at, e.updated_at)"}
    rewritten = "rewritten" in set_by_some
    if "moved" in set_by_some:
        columns["position"] = "coalesce(p.position, e.position)"
    texts = [("p.rewritten", "p.messages")] if rewritten else []
    if "edited" in set_by_some:
        texts.append(("p.turns IS NOT NULL", _EDITED))
    columns |= _cases("messages", texts, "e.messages")
    if rewritten:
        for name in ("extra", "message_count"):
            own, below = f"p.{name}", f"e.{name}"
            columns |= _cases(name, [("p.rewritten", own)], below)
        columns |= _cases("origin", [("p.format IS NOT NULL", _ORIGIN)], "e.origin")
    retags = [("p.retagged", "p.tags")] if "retagged" in set_by_some else []
    if "tags-changed" in set_by_some:
        retags.append(("p.added IS NOT NULL", _RETAGGED))
    return columns | _cases("tags", retags, "e.tags")


def _cases(name: str, cases: list[tuple[str, str]], otherwise: str) -> dict[str, str]:
    if not cases:
        return {}
    whens = " ".join(f"WHEN {condition} THEN {value}" for condition, value in cases)
    return {name: f"CASE {whens} ELSE {otherwise} END"}
