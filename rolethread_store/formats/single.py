"""One record given as text, read by the same SQL as a whole file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from rolethread_store.engine import Session
from rolethread_store.errors import InvalidInput
from rolethread_store.formats.pieces import record_batch
from rolethread_store.formats.shaping import ALL_KINDS, ANY_KIND_SQL, DIALECTS, shaped_sql
from rolethread_store.model import Message

__all__ = ["EDITED_FORMATS", "ParsedRecord", "RecordUnreadable", "read_one"]

EDITED_FORMATS = frozenset(dialect.name for dialect in DIALECTS)
"""Shapes in which an entry can be written as one record and read back."""


class RecordUnreadable(InvalidInput):
    """The text is no record of a known format; the message says why."""

    code: ClassVar[str] = "formats.record-unreadable"


@dataclass(frozen=True, slots=True)
class ParsedRecord:
    """A record's content in the store's terms.

    Attributes:
        messages: The turns.
        tags: Tags, ``None`` when the record has no such list.
        extra: JSON object of the other fields, or ``None``.
        format: ``chatml`` or ``sharegpt``; it says how ``extra`` is to be understood, so
            it belongs into the entry's origin.
    """

    messages: tuple[Message, ...]
    tags: tuple[str, ...] | None
    extra: str | None
    format: str


def read_one(session: Session, text: str) -> ParsedRecord:
    """Read one JSON record of any shape an import takes.

    Raises:
        RecordUnreadable: it would go to quarantine; the message is the reason.
    """
    raw = pa.array([text.encode(errors="surrogatepass")], pa.binary())
    one = np.ones(1, np.int64)
    record = pa.Table.from_batches([record_batch(raw, one, one - 1)])
    with session.table("one_record", record) as table:
        valid = "fault IS NULL AND coalesce(json_valid(line), false)"
        kinds = f"(SELECT *, CASE WHEN {valid} THEN {ANY_KIND_SQL} END AS kind FROM {table})"
        row = session.rows(
            f"SELECT shaped.messages, shaped.tags, shaped.extra, shaped.reason, "
            f"split_part(kind, '/', 2) FROM ({shaped_sql(kinds, None, ALL_KINDS)})"
        )[0]
    messages, tags, extra, reason, name = row
    if reason is not None:
        raise RecordUnreadable(
            reason, hint='a record looks like {"messages":[{"role":"user","content":"…"}]}'
        )
    return ParsedRecord(
        messages=tuple(Message.model_validate(message) for message in messages),
        tags=None if tags is None else tuple(tags),
        extra=extra,
        format=name,
    )
