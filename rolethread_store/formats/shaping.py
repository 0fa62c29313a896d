"""Raw records to rows: one relation per table of raw records, all of it SQL.

Two steps. ``survey_sql`` tells each record's kind (its list and dialect) and whether it has
the file's plain shape; ``shaped_sql`` then reads every record once, the fast way or the
general way, into a struct whose ``reason`` says why it cannot be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rolethread_store.engine import identifier, literal
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.flat import FLAT_KIND_SQL, FLATS, flat_reason_sql, flat_record
from rolethread_store.formats.general import KIND_SQL, general_record, reason_sql
from rolethread_store.formats.parts import RECORD_TYPE, unreadable_record
from rolethread_store.formats.shape import Shape
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = [
    "ALL_KINDS",
    "ANY_KIND_SQL",
    "DIALECTS",
    "KINDS",
    "NO_SHAPE",
    "Stamp",
    "columns_sql",
    "entries_sql",
    "quarantine_sql",
    "shaped_sql",
    "survey_sql",
]

DIALECTS = (CHATML, SHAREGPT)
KINDS = tuple(
    f"{list_key}/{dialect.name}"
    for list_key in (CHATML.list_key, SHAREGPT.list_key)
    for dialect in DIALECTS
)
ALL_KINDS = (*KINDS, *(one.kind for one in FLATS))
# A list of messages comes before an instruction beside it.
ANY_KIND_SQL = f"coalesce({KIND_SQL}, {FLAT_KIND_SQL})"
NO_SHAPE = (
    "no known shape of record: neither a list of messages or conversations nor the fields of "
    "another shape; see `rolethread detect`"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all rows of one file's import share.

    Attributes:
        import_id: The import.
        source: File name without its folder.
        moment: When the import began.
        first_position: Position of the record with ordinal 0.
    """

    import_id: UUID
    source: str
    moment: datetime
    first_position: int

    @property
    def moment_sql(self) -> str:
        """The moment as SQL."""
        return f"TIMESTAMPTZ {literal(self.moment.isoformat())}"


def survey_sql(table: str, shape: Shape | None) -> str:
    """Return SQL giving ``record, kind, plain``; both are ``NULL``/false for bad records."""
    plain = "false" if shape is None else shape.matches_sql("structure")
    kind = ANY_KIND_SQL
    if shape is not None:
        kind = f"CASE WHEN plain THEN {literal(shape.kind)} ELSE {ANY_KIND_SQL} END"
    return (
        f"SELECT record, plain, CASE WHEN structure IS NULL THEN NULL ELSE {kind} END AS kind "
        f"FROM (SELECT record, line, structure, {plain} AS plain FROM (SELECT record, line, "
        f"CASE WHEN fault IS NULL THEN TRY(json_structure(line)) END AS structure FROM {table}))"
    )


def _general_sql(kinds: Collection[str]) -> str:
    """Return SQL for the record struct of a record of one of some kinds, or of none.

    To plan what reads all kinds takes the engine 80 ms, for one it takes a fifth.
    """
    unreadable = unreadable_record(
        "CASE WHEN fault IS NOT NULL THEN fault "
        "WHEN NOT coalesce(json_valid(line), false) THEN 'not valid JSON' "
        "WHEN json_type(line) <> 'OBJECT' THEN 'not a JSON object' "
        f"ELSE {literal(NO_SHAPE)} END"
    )
    branches = []
    for list_key in (CHATML.list_key, SHAREGPT.list_key):
        own = [kind for kind in KINDS if kind in kinds and kind.startswith(list_key)]
        branches += _unless(own, reason_sql(list_key))
        for kind in own:
            dialect = next(one for one in DIALECTS if one.name == kind.split("/")[1])
            branches.append(f"WHEN kind = {literal(kind)} THEN {general_record(dialect, list_key)}")
    flats = [one for one in FLATS if one.kind in kinds]
    branches += _unless([one.kind for one in flats], flat_reason_sql())
    branches += [f"WHEN kind = {literal(one.kind)} THEN {flat_record(one)}" for one in flats]
    return f"CASE WHEN kind IS NULL THEN {unreadable} {' '.join(branches)} END"


def _unless(kinds: Collection[str], reason: str) -> list[str]:
    """Return the branch of records of some kinds that cannot be kept, none for no kinds."""
    if not kinds:
        return []
    named = ", ".join(map(literal, kinds))
    return [f"WHEN kind IN ({named}) AND {reason} IS NOT NULL THEN {unreadable_record(reason)}"]


def shaped_sql(table: str, shape: Shape | None, kinds: Collection[str]) -> str:
    """Return SQL giving each raw record with its ``shaped`` struct.

    Args:
        table: Raw records with ``kind`` and ``plain`` beside them.
        shape: The plain shape ``plain`` speaks of.
        kinds: Every kind there is among them.
    """
    general = _general_sql(kinds)
    read = "NULL"
    shaped = general
    if shape is not None:
        read = f"CASE WHEN plain THEN {shape.read_sql('line')} END"
        shaped = (
            f"CASE WHEN {shape.accepts_sql('read')} THEN {shape.record_sql('read')} "
            f"ELSE {general} END"
        )
    # A volatile expression cannot be pushed through a projection. Without one the engine
    # would move the later test of ``reason`` below this and evaluate everything twice.
    return (
        f"SELECT * EXCLUDE (read), CASE WHEN random() >= 0 THEN CAST({shaped} AS {RECORD_TYPE}) "
        f"END AS shaped FROM (SELECT *, {read} AS read FROM {table})"
    )


def entries_sql(shaped: str, stamp: Stamp, beside: tuple[str, ...] = ()) -> str:
    """Return SQL giving the rows to keep, as schema v1 has them, and columns beside them."""
    fields = {name: f"shaped.{name}" for name in ("messages", "tags", "extra")}
    columns = columns_sql(fields, "len(shaped.messages)", stamp)
    columns = ", ".join((columns, *beside))
    return f"SELECT {columns} FROM ({shaped}) WHERE shaped.reason IS NULL"


def columns_sql(fields: Mapping[str, str], count: str, stamp: Stamp) -> str:
    """Return the columns of schema v1, separated by commas, for a SELECT.

    Args:
        fields: SQL for ``messages``, ``tags`` and ``extra``.
        count: SQL for the number of messages.
        stamp: What the rows share; the rest is taken from columns beside each record.
    """
    return (
        f"entry_id, {stamp.first_position} + 1024 * ordinal AS position, "
        f"{fields['messages']} AS messages, {fields['tags']} AS tags, "
        f"{{'import_id': CAST({literal(str(stamp.import_id))} AS UUID), "
        f"'source': {literal(stamp.source)}, 'record': record, "
        f"'format': split_part(kind, '/', 2)}} AS origin, "
        f"{stamp.moment_sql} AS created_at, {stamp.moment_sql} AS updated_at, "
        f"{fields['extra']} AS extra, {count} AS message_count"
    )


def quarantine_sql(shaped: str, stamp: Stamp) -> str:
    """Return SQL giving the rows that cannot be kept, with their bytes and why.

    A line's own feed is not part of its bytes.
    """
    offset = identifier("offset")
    return (
        f"SELECT CAST({literal(str(stamp.import_id))} AS UUID) AS import_id, "
        f"{literal(stamp.source)} AS source, record, {offset}, shaped.reason AS reason, "
        f"CASE WHEN raw[-1:] = '\\x0A'::BLOB THEN raw[1:octet_length(raw) - 1] "
        f"ELSE raw END AS raw, "
        f"{stamp.moment_sql} AS created_at, kind "
        f"FROM ({shaped}) WHERE shaped.reason IS NOT NULL"
    )
