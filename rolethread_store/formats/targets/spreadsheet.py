"""CSV: one row for each turn, or one for each entry with JSON in its cells.

Every cell is quoted, so that no text can be taken for the end of a cell or a row; an
absent value is an empty cell without quotes.
"""

from __future__ import annotations

from rolethread_store.formats.json_text import json_of
from rolethread_store.formats.rendering import own_extra_sql
from rolethread_store.formats.targets.target import Rows, Target
from rolethread_store.formats.targets.turns import TEXT_OR_PARTS

__all__ = ["csv_of_entries", "csv_of_turns"]


def _cell(text: str) -> str:
    return f"coalesce('\"' || replace({text}, '\"', '\"\"') || '\"', '')"


def _row(cells: dict[str, str]) -> str:
    return " || ',' || ".join(_cell(text) for text in cells.values())


def _header(cells: dict[str, str]) -> bytes:
    return (",".join(cells) + "\n").encode()


def csv_of_turns(*, clean: bool) -> Target:
    """Return CSV with a row for each turn."""
    cells = {
        "entry_id": "CAST(entry_id AS VARCHAR)",
        "turn": "CAST(place AS VARCHAR)",
        "role": "one.role",
        "name": "one.name",
        "content": TEXT_OR_PARTS,
    }
    if not clean:
        cells |= {
            "character": "one.character",
            "weight": json_of("one.weight"),
            "alternatives": json_of("one.alternatives"),
            "extra": "one.extra",
            "tags": json_of("tags"),
        }
    rows = f"list_transform(messages, lambda one, place: {_row(cells)})"
    return Target(
        name="csv",
        title="a table with a row for each turn",
        rows=Rows(
            text="array_to_string(rows, chr(10)) || chr(10)",
            records="len(rows)",
            reason="CASE WHEN coalesce(len(messages), 0) = 0 THEN 'no turns' END",
            steps=({"rows": rows},),
        ),
        schema=dict.fromkeys(cells, "string"),
        ending=".csv",
        header=_header(cells),
    )


def csv_of_entries(*, clean: bool) -> Target:
    """Return CSV with a row for each entry, its messages as JSON."""
    bare = "list_transform(messages, lambda one: {'role': one.role, 'content': one.content})"
    cells = {
        "entry_id": "CAST(entry_id AS VARCHAR)",
        "messages": json_of(bare if clean else "messages"),
    }
    if not clean:
        cells |= {"tags": json_of("tags"), "extra": own_extra_sql()}
    untold = "list_filter(messages, lambda one: one.content IS NULL)"
    return Target(
        name="csv",
        title="a table with a row for each entry",
        rows=Rows(
            text=f"{_row(cells)} || chr(10)",
            reason=f"CASE WHEN len({untold}) > 0 THEN 'a turn that is not text' END"
            if clean
            else "NULL",
        ),
        schema=dict.fromkeys(cells, "string; JSON where it is a list"),
        ending=".csv",
        header=_header(cells),
    )
