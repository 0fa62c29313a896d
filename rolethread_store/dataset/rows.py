"""Between rows of the engine and frozen entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa

from rolethread_store.model import Entry
from rolethread_store.segments import ENTRY_COLUMNS, column_list

__all__ = ["ENTRY_SELECT", "entry_of", "overlay_table"]

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


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row selected by ``ENTRY_SELECT``."""
    return Entry.model_validate(dict(zip(_NAMES, row, strict=True)))


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
