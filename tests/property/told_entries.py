"""Entries as a model of a store knows them, and the records that bring them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from rolethread_store.model import Entry
from rolethread_store.testing.modelled import Row

__all__ = ["CONDITIONS", "TAGS", "WORDS", "new_rows", "record_of", "retagged", "row_of", "texts"]

WORDS = ("dragon", "rain", "Ünïcode", "数", "two  words", "line\nbreak", '"quoted"', "")
TAGS = ("t1", "t2", "été")
CONDITIONS: dict[str, Callable[[Row], bool]] = {
    "message_count = 1": lambda row: len(row["said"]) == 1,
    "list_contains(tags, 't1')": lambda row: "t1" in row["tags"],
    "tags = []": lambda row: not row["tags"],
    "messages[1].content LIKE '%dragon%'": lambda row: "dragon" in (row["said"][0][1] or ""),
}
"""What SQL may ask of an entry, and the same of a row."""

texts = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
_turns = st.tuples(st.sampled_from(["user", "assistant", "system"]), st.none() | texts)
_tags = st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True)
_extra = st.dictionaries(st.sampled_from(["score", "note"]), st.integers(0, 9) | texts, max_size=2)

new_rows: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {
        "said": st.lists(_turns, min_size=1, max_size=3),
        "tags": st.just([]) | _tags,
        "extra": _extra,
    }
)


def record_of(row: Row, *, sharegpt: bool) -> dict[str, Any]:
    """Write a row as a record of either format."""
    tags = {"tags": row["tags"]} if row["tags"] else {}
    if sharegpt:
        names = {"user": "human", "assistant": "gpt", "system": "system"}
        turns = [{"from": names[role], "value": content} for role, content in row["said"]]
        return {"conversations": turns, **row["extra"], **tags}
    turns = [{"role": role, "content": content} for role, content in row["said"]]
    return {"messages": turns, **tags, **row["extra"]}


def row_of(entry: Entry) -> Row:
    """Return what the store holds as the model tells it."""
    return {
        "entry_id": entry.entry_id,
        "position": entry.position,
        "said": [(str(message.role), message.content) for message in entry.messages],
        "tags": list(entry.tags or ()),
        "extra": {} if entry.extra is None else json.loads(entry.extra),
    }


def retagged(row: Mapping[str, Any], add: list[str], remove: list[str]) -> Row:
    """Return a row after tags were added and removed; added ones stand behind."""
    kept = [tag for tag in row["tags"] if tag not in remove]
    return {**row, "tags": kept + [tag for tag in add if tag not in kept]}
