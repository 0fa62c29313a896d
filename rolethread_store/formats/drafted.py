"""Drafts to rows: one Arrow table for the records that adapters have read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rolethread_store.formats.adapters import Draft, Json, RecordOdd, Swipe, Turn
from rolethread_store.formats.dialect import RESERVED_KEY
from rolethread_store.formats.digesting import StreamDigest
from rolethread_store.formats.shaping import Stamp, columns_sql

__all__ = ["STEP", "DraftRows", "drafts_sql", "rows_of"]

STEP = 1024
"""Room between the positions of two records, taken up by the drafts of one."""

_LARGEST_BINARY = 1 << 20

_SWIPE = pa.struct([("content", pa.string()), ("extra", pa.string())])
_MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.string()),
        ("name", pa.string()),
        ("character", pa.string()),
        ("weight", pa.float64()),
        ("alternatives", pa.list_(_SWIPE)),
        ("extra", pa.string()),
    ]
)
_SCHEMA = pa.schema(
    [
        ("record", pa.int64()),
        ("ordinal", pa.int64()),
        ("part", pa.int64()),
        ("kind", pa.string()),
        ("messages", pa.list_(_MESSAGE)),
        ("tags", pa.list_(pa.string())),
        ("extra", pa.string()),
        ("before", pa.binary()),
        ("raw", pa.large_binary()),
    ]
)


@dataclass
class DraftRows:
    """Rows that wait to be written together.

    Attributes:
        rows: One mapping per entry, as :func:`rows_of` gives it, with its place.
        ids: Their entry ids, 16 bytes each.
        lead_id: The ids of their records' first entries.
        bytes: About how much text they hold.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    lead_id: list[bytes] = field(default_factory=list)
    bytes: int = 0

    def table(self) -> pa.Table:
        """Return the rows as Arrow columns."""
        table = pa.Table.from_pylist(self.rows, _SCHEMA)
        for name, values in (("entry_id", self.ids), ("lead_id", self.lead_id)):
            ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array(values, pa.binary(16)))
            table = table.append_column(name, ids)
        return table


def drafts_sql(table: str, stamp: Stamp, beside: tuple[str, ...] = ()) -> str:
    """Return SQL giving the rows of a table of drafts as schema v1 has them.

    Columns of the table may be given ``beside`` those.

    The drafts of one record stand one apart; beyond the room between two records their
    entry ids, which ascend, give the order.
    """
    fields = {"messages": "messages", "tags": "tags", "extra": "extra"}
    columns = columns_sql(fields, "len(messages)", stamp)
    return (
        f"SELECT * EXCLUDE (part) REPLACE (position + least(part, {STEP - 1}) AS position) "
        f"FROM (SELECT {', '.join((columns, 'part', *beside))} FROM {table})"
    )


def _kept(raw: bytes) -> tuple[bytes | None, Mapping[str, Json]]:
    """Return what is kept of a record word for word, without blanks around it.

    What is no text and larger than a megabyte is known by digest and size alone, which go
    into the entry.
    """
    try:
        raw.decode()
    except UnicodeDecodeError:
        if len(raw) <= _LARGEST_BINARY:
            return raw, {}
        digest = StreamDigest()
        digest.hear(memoryview(raw))
        return None, {"raw_digest": f"xxh3-128:{digest.found.digest}", "raw_size": len(raw)}
    return raw.strip(b" \t\r\n"), {}


def rows_of(drafts: Sequence[Draft], raw: bytes) -> list[dict[str, Any]]:
    """Return a record's drafts as rows; the first has what is kept of the record.

    Raises:
        RecordOdd: one holds what the columns cannot.
    """
    if not drafts:
        return []
    kept, mark = _kept(raw)
    first = {**_row(drafts[0], mark), "raw": kept}
    return [first, *(_row(one, {"part": at}) for at, one in enumerate(drafts[1:], 1))]


def _row(draft: Draft, mark: Mapping[str, Json]) -> dict[str, Any]:
    """Return a draft's messages, tags and extra as columns, our own mark among these.

    Raises:
        RecordOdd: it holds what the columns cannot.
    """
    tags = None if draft.tags is None else [_text(tag, "a tag") for tag in draft.tags]
    row = {
        "messages": [_message(turn) for turn in draft.turns],
        "tags": tags,
        "extra": _marked(_json(draft.extra), mark),
    }
    _require_text(row)
    return row


def _message(turn: Turn) -> dict[str, Any]:
    weight = turn.weight
    if weight is not None and not math.isfinite(weight):
        raise RecordOdd("a weight is no finite number")
    swipes = [_swipe(swipe) for swipe in turn.alternatives]
    return {
        "role": _text(turn.role, "a role"),
        "content": _optional(turn.content, "a content"),
        "name": _optional(turn.name, "a name"),
        "character": _optional(turn.character, "a character"),
        "weight": weight,
        "alternatives": swipes or None,
        "extra": _json(turn.extra),
    }


def _swipe(swipe: Swipe) -> dict[str, str | None]:
    return {
        "content": _optional(swipe.content, "an alternative"),
        "extra": _json(swipe.extra),
    }


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RecordOdd(f"{what} is no text")
    return value


def _optional(value: object, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _json(fields: Mapping[str, Json] | None) -> str | None:
    """Return fields as a JSON object, ``None`` without any."""
    if not fields:
        return None
    if RESERVED_KEY in fields:
        raise RecordOdd(f'reserved key "{RESERVED_KEY}"')
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _marked(extra: str | None, mark: Mapping[str, Json]) -> str | None:
    if not mark:
        return extra
    member = f'"{RESERVED_KEY}":{json.dumps(mark)}'
    return f"{{{member}}}" if extra is None else f"{extra[:-1]},{member}}}"


def _require_text(row: Mapping[str, Any]) -> None:
    """Refuse half of a surrogate pair, which no column of text can hold."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordOdd("half of a surrogate pair") from None
