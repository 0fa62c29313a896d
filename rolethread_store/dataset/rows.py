"""Between rows of the engine and frozen entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa

from rolethread_store.changelog import EntryPatch
from rolethread_store.engine import literal
from rolethread_store.model import Entry
from rolethread_store.segments import ENTRY_COLUMNS, column_list

__all__ = [
    "ENTRY_SELECT",
    "entry_of",
    "id_table",
    "overlay_table",
    "patch_rows",
    "patch_table",
]

ENTRY_SELECT = column_list(
    {name: t for name, t in ENTRY_COLUMNS.items() if name != "message_count"}
)
"""Columns of an entry for ``entry_of``; the count of messages follows from them."""

_NAMES = [name for name in ENTRY_COLUMNS if name != "message_count"]

_TEXT = pa.string()
_ALTERNATIVE = pa.struct([("content", _TEXT), ("extra", _TEXT)])
_MESSAGE = pa.struct(
    [
        ("role", _TEXT),
        ("content", _TEXT),
        ("name", _TEXT),
        ("character", _TEXT),
        ("weight", pa.float64()),
        ("alternatives", pa.list_(_ALTERNATIVE)),
        ("extra", _TEXT),
    ]
)
_ORIGIN = pa.struct(
    [("import_id", _TEXT), ("source", _TEXT), ("record", pa.int64()), ("format", _TEXT)]
)
_SCHEMA = pa.schema(
    [
        ("entry_id", _TEXT),
        ("position", pa.int64()),
        ("messages", pa.list_(_MESSAGE)),
        ("tags", pa.list_(_TEXT)),
        ("origin", _ORIGIN),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("extra", _TEXT),
        ("message_count", pa.int32()),
        ("deleted", pa.bool_()),
    ]
)


_PATCH_SCHEMA = pa.schema(
    [
        ("entry_id", _TEXT),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("position", pa.int64()),
        ("rewritten", pa.bool_()),
        ("messages", pa.list_(_MESSAGE)),
        ("message_count", pa.int32()),
        ("extra", _TEXT),
        ("format", _TEXT),
        ("turns", pa.list_(pa.int64())),
        ("texts", pa.list_(_TEXT)),
        ("retagged", pa.bool_()),
        ("tags", pa.list_(_TEXT)),
        ("removed", pa.list_(_TEXT)),
        ("added", pa.list_(_TEXT)),
    ]
)

_PLAIN_SHAPE = json.dumps(
    [
        {
            "entry_id": "UUID",
            "updated_at": "TIMESTAMPTZ",
            "position": "BIGINT",
            "turns": ["BIGINT"],
            "texts": ["VARCHAR"],
            "retagged": "BOOLEAN",
            "tags": ["VARCHAR"],
            "removed": ["VARCHAR"],
            "added": ["VARCHAR"],
        }
    ]
)

_MOST_TURNS = 2**31
"""No list of the engine is longer, so an edit of a later message has no effect."""


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row selected by ``ENTRY_SELECT``."""
    return Entry.model_validate(dict(zip(_NAMES, row, strict=True)))


def id_table(entry_ids: Iterable[UUID]) -> pa.Table:
    """Return ids as a table with the column ``entry_id``, as text."""
    return pa.table({"entry_id": pa.array([str(entry_id) for entry_id in entry_ids], _TEXT)})


def overlay_table(entries: Iterable[tuple[UUID, Entry | None]]) -> pa.Table:
    """Return overlay rows; an entry that is ``None`` is a deleted one."""
    rows = []
    for entry_id, entry in entries:
        if entry is None:
            rows.append({"entry_id": str(entry_id), "deleted": True})
            continue
        fields = entry.model_dump()
        origin = fields["origin"]
        origin["import_id"] = None if origin["import_id"] is None else str(origin["import_id"])
        fields |= {
            "entry_id": str(entry_id),
            "message_count": len(entry.messages),
            "deleted": False,
        }
        rows.append(fields)
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def patch_table(patches: Iterable[tuple[UUID, EntryPatch]]) -> pa.Table:
    """Return the rows of a patch table, in the columns of ``PATCH_COLUMNS``."""
    return pa.Table.from_pylist(
        [_plain_row(entry_id, patch) | _rewritten(patch) for entry_id, patch in patches],
        schema=_PATCH_SCHEMA,
    )


def patch_rows(patches: Iterable[tuple[UUID, EntryPatch]]) -> str:
    """Return a SELECT of patches that rewrite nothing, in the columns those have.

    The rows stand in the SELECT itself, as JSON: the first Arrow table that is made of
    Python values, and the first parameter of a query, import pandas where it is installed
    (0.45 s, three times what opening a store takes).
    """
    rows = [_plain_row(entry_id, patch) for entry_id, patch in patches]
    for row in rows:
        row["updated_at"] = str(row["updated_at"])
    text = literal(json.dumps(rows, ensure_ascii=False))
    return (
        f"SELECT r.* FROM (SELECT unnest(from_json_strict({text}, {literal(_PLAIN_SHAPE)})) AS r)"
    )


def _plain_row(entry_id: UUID, patch: EntryPatch) -> dict[str, object]:
    texts = {turn: text for turn, text in patch.texts.items() if turn < _MOST_TURNS}
    retags = patch.tags_changed
    return {
        "entry_id": str(entry_id),
        "updated_at": patch.updated_at,
        "position": patch.position,
        "turns": list(texts) if texts else None,
        "texts": list(texts.values()) if texts else None,
        "retagged": True if patch.retagged else None,
        "tags": patch.tags if patch.retagged else None,
        "removed": patch.removed if retags else None,
        "added": patch.added if retags else None,
    }


def _rewritten(patch: EntryPatch) -> dict[str, object]:
    if not patch.rewritten:
        return {}
    return {
        "rewritten": True,
        "messages": [message.model_dump() for message in patch.messages],
        "message_count": len(patch.messages),
        "extra": patch.extra,
        "format": patch.format,
    }
