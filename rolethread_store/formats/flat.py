"""Single instructions and their answers in fields of their own: Alpaca and its kin.

Sources: Stanford Alpaca and LLaMA-Factory (``instruction``, ``input``, ``output``, also
``system`` and ``history``), Databricks Dolly (``context``, ``response``) and GPTeacher
(``input``, ``response``).

The question is the instruction and, after a blank line, the input, where there is one.
What an export needs to part them again stands under ``$rt.input`` in the entry's extra: how
many characters the instruction has, or ``false`` for a record without the field; an empty
input leaves no mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from rolethread_store.engine import literal
from rolethread_store.formats.dialect import RESERVED_KEY
from rolethread_store.formats.general import TAGS_FIT, top_reason_sql
from rolethread_store.formats.parts import MESSAGE_FIELDS, message_struct, record_struct
from rolethread_store.segments import MESSAGE_TYPE

__all__ = [
    "BLANK_LINE",
    "FLATS",
    "FLAT_KIND_SQL",
    "MORE_KEYS",
    "FlatDialect",
    "flat_reason_sql",
    "flat_record",
    "marked_input",
    "message_of",
]

# SQL for what stands between instruction and input.
BLANK_LINE = "chr(10) || chr(10)"


@dataclass(frozen=True, slots=True)
class FlatDialect:
    """One set of names for the fields.

    Attributes:
        name: The format's name in ``origin.format`` and on the command line.
        input_key: Key of what the instruction is about.
        output_key: Key of the answer.
        input_needed: Whether only the input tells a record from another dialect's.
    """

    name: str
    input_key: str
    output_key: str
    input_needed: bool = False

    @property
    def kind(self) -> str:
        """The kind of its records."""
        return f"flat/{self.name}"


ALPACA = FlatDialect("alpaca", "input", "output")
DOLLY = FlatDialect("dolly", "context", "response", input_needed=True)
GPTEACHER = FlatDialect("gpteacher", "input", "response")
FLATS = (ALPACA, DOLLY, GPTEACHER)

# Fields that say a record is something more, which an adapter reads.
MORE_KEYS = ("chosen", "rejected", "label", "kto_tag")


def _is_text(key: str) -> str:
    return f"json_type(line, '$.{key}') = 'VARCHAR'"


def _is_kind(dialect: FlatDialect) -> str:
    tests = [_is_text(dialect.output_key)]
    if dialect.input_needed:
        tests.append(_is_text(dialect.input_key))
    else:
        tests.append(
            f"coalesce(json_type(line, '$.{dialect.input_key}'), 'VARCHAR') IN ('VARCHAR', 'NULL')"
        )
    return " AND ".join(tests)


# NULL when a record is of none of these kinds.
FLAT_KIND_SQL = (
    f"CASE WHEN {_is_text('instruction')} "
    f"AND NOT list_has_any(json_keys(line), [{', '.join(map(literal, MORE_KEYS))}]) THEN "
    f"CASE {' '.join(f'WHEN {_is_kind(one)} THEN {literal(one.kind)}' for one in FLATS)} END END"
)


def flat_reason_sql() -> str:
    """Return SQL telling why a flat record cannot be read, ``NULL`` if it can."""
    return f"CASE {top_reason_sql()} END"


_NO_MESSAGES = f"CAST([] AS {MESSAGE_TYPE}[])"


def message_of(role: str, content: str) -> str:
    """Return SQL for a message that has nothing but a role and a text."""
    return message_struct({**MESSAGE_FIELDS, "role": literal(role), "content": content})


# A history is read when it is a list of pairs of texts; any other stays as it is.
_HISTORY_FITS = (
    "json_type(line, '$.history') = 'ARRAY' AND json_array_length(line, '$.history') > 0 "
    "AND len(list_filter(json_extract(line, '$.history[*]'), lambda pair: "
    "(json_type(pair) = 'ARRAY' AND json_array_length(pair) = 2 "
    "AND json_type(pair, '$[0]') = 'VARCHAR' AND json_type(pair, '$[1]') = 'VARCHAR') "
    "IS NOT TRUE)) = 0"
)


def flat_record(dialect: FlatDialect) -> str:
    """Return SQL making the record struct of a ``line`` of this dialect."""
    question, given, answer, system = (
        f"json_extract_string(line, '$.{key}')"
        for key in ("instruction", dialect.input_key, dialect.output_key, "system")
    )
    has_system = f"coalesce({_is_text('system')} AND {system} <> '', false)"
    pair = ", ".join(
        message_of(role, f"json_extract_string(pair, '$[{place}]')")
        for place, role in enumerate(("user", "assistant"))
    )
    asked = f"{question} || CASE WHEN {given} <> '' THEN {BLANK_LINE} || {given} ELSE '' END"
    messages = (
        f"list_concat(list_concat("
        f"CASE WHEN {has_system} THEN [{message_of('system', system)}] ELSE {_NO_MESSAGES} END, "
        f"CASE WHEN {_HISTORY_FITS} THEN flatten(list_transform("
        f"json_extract(line, '$.history[*]'), lambda pair: [{pair}])) ELSE {_NO_MESSAGES} END), "
        f"[{message_of('user', f'coalesce({asked}, {question})')}, "
        f"{message_of('assistant', answer)}])"
    )
    removed = " || ".join(
        (
            f'\'"instruction":null,"{dialect.output_key}":null\'',
            f"CASE WHEN {given} IS NULL THEN '' ELSE ',\"{dialect.input_key}\":null' END",
            f"CASE WHEN {has_system} THEN ',\"system\":null' ELSE '' END",
            f"CASE WHEN {_HISTORY_FITS} THEN ',\"history\":null' ELSE '' END",
            f"CASE WHEN {TAGS_FIT} THEN ',\"tags\":null' ELSE '' END",
            f"coalesce(',' || {marked_input(question, given)}, '')",
        )
    )
    rest = f"json_merge_patch(line, '{{' || {removed} || '}}')"
    fields = {
        "messages": messages,
        "tags": f"CASE WHEN {TAGS_FIT} THEN json_extract_string(line, '$.tags[*]') END",
        "extra": f"nullif(CAST({rest} AS VARCHAR), '{{}}')",
    }
    return record_struct(fields)


def marked_input(question: str, given: str) -> str:
    """Return SQL for the member that parts instruction and input again.

    It is ``NULL`` where the input is empty.
    """
    prefix = literal(f'"{RESERVED_KEY}":{{"input":')
    return (
        f"{prefix} || CASE WHEN {given} IS NULL THEN 'false' "
        f"WHEN {given} <> '' THEN CAST(length({question}) AS VARCHAR) END || '}}'"
    )
