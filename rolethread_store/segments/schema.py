"""Schema v1: the columns of the immutable files, in DuckDB's types.

``message_count`` repeats ``len(messages)``: with it a count of turns, and the check that
a message exists, need not decode any text.
"""

from __future__ import annotations

from rolethread_store.engine import identifier

__all__ = [
    "COLUMNS_OF",
    "ENTRY_COLUMNS",
    "MASK_COLUMNS",
    "MESSAGE_TYPE",
    "ORIGINAL_COLUMNS",
    "PLAIN_MESSAGE_TYPE",
    "QUARANTINE_COLUMNS",
    "TAG_COLUMNS",
    "TEXT_COLUMNS",
    "column_list",
]

MESSAGE_TYPE = (
    'STRUCT("role" VARCHAR, "content" VARCHAR, "name" VARCHAR, "character" VARCHAR, '
    '"weight" DOUBLE, "alternatives" STRUCT("content" VARCHAR, "extra" VARCHAR)[], '
    '"extra" VARCHAR)'
)

PLAIN_MESSAGE_TYPE = 'STRUCT("role" VARCHAR, "content" VARCHAR)'
"""Messages as they are written where every other field is NULL throughout a segment.

Most datasets have no more, and writing six columns of NULLs for each message was a sixth
of an import's work. Readers cast to :data:`MESSAGE_TYPE`, by name, which costs nothing
that could be measured.
"""

ENTRY_COLUMNS: dict[str, str] = {
    "entry_id": "UUID",
    "position": "BIGINT",
    "messages": f"{MESSAGE_TYPE}[]",
    "tags": "VARCHAR[]",
    "origin": 'STRUCT("import_id" UUID, "source" VARCHAR, "record" BIGINT, "format" VARCHAR)',
    "created_at": "TIMESTAMPTZ",
    "updated_at": "TIMESTAMPTZ",
    "extra": "VARCHAR",
    "message_count": "INTEGER",
}

TAG_COLUMNS: dict[str, str] = {"entry_id": "UUID", "tags": "VARCHAR[]"}

TEXT_COLUMNS: dict[str, str] = {
    "entry_id": "UUID",
    "updated_at": "TIMESTAMPTZ",
    "turns": "BIGINT[]",
    "texts": "VARCHAR[]",
}
"""New texts of some messages of an entry, and when it was last changed; each entry once.

Without ``turns`` an entry has another ``updated_at`` and no new text.
"""

MASK_COLUMNS: dict[str, str] = {"entry_id": "UUID"}

QUARANTINE_COLUMNS: dict[str, str] = {
    "import_id": "UUID",
    "source": "VARCHAR",
    "record": "BIGINT",
    "offset": "BIGINT",
    "reason": "VARCHAR",
    "raw": "BLOB",
    "created_at": "TIMESTAMPTZ",
}

ORIGINAL_COLUMNS: dict[str, str] = {
    "entry_id": "UUID",
    "lead_id": "UUID",
    "before": "BLOB",
    "raw": "BLOB",
    "content": "VARCHAR",
}
"""What a source had where an export writes something else.

``lead_id`` is the first entry of the same record, ``before`` what stood in front of it
where that is not the usual, ``raw`` its own bytes (without blanks around them), and
``content`` tells whether the entry is what it was.
"""

COLUMNS_OF: dict[str, dict[str, str]] = {
    "entries": ENTRY_COLUMNS,
    "tags": TAG_COLUMNS,
    "texts": TEXT_COLUMNS,
    "mask": MASK_COLUMNS,
    "quarantine": QUARANTINE_COLUMNS,
    "originals": ORIGINAL_COLUMNS,
}


def column_list(columns: dict[str, str]) -> str:
    """Return the quoted names, separated by commas, for a SELECT."""
    return ", ".join(identifier(name) for name in columns)
