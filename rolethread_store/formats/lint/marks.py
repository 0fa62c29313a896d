"""The one pass over messages: a letter for each role, a few bits for each message.

Everything else the lint asks is asked of these, which are a thousandth of the text. Only
the bits that some rule of the target reads are computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag

from rolethread_store.engine import literal

__all__ = ["Mark", "narrow_sql"]


class Mark(IntFlag):
    """What a message can be marked with."""

    NONE = 0
    PARTS = 1
    EMPTY = 2
    NAME = 4
    REASONING = 8
    THINKING = 16
    CALL_TEXT = 32
    CALL_OBJECT = 64
    TOOL_ID = 128
    EDGES = 256
    WEIGHT = 512
    ALTERNATIVES = 1024


# What Jinja's trim takes away and people type: also the ideographic blank, with which
# paragraphs begin in Japanese.
_BLANKS = (" ", "\n", "\t", "\r", "\u00a0", "\u3000")
_ROLES = {"system": "s", "user": "u", "assistant": "a", "tool": "t", "developer": "d"}
_OTHER = "x"


def _type(path: str) -> str:
    return f"json_type(one.extra, {literal(path)})"


def _any(path: str, condition: str) -> str:
    """Return SQL: whether one of the values at a path, as ``it``, meets a condition."""
    return f"len(list_filter(json_extract_string(one.extra, {literal(path)}), lambda it: {condition})) > 0"  # noqa: E501


def _any_type(path: str, kind: str) -> str:
    return f"list_contains(json_type(one.extra, {literal(path)}), {literal(kind)})"


_STRUCTURED = f"coalesce({_type('$.content')}, {_type('$.value')}, 'NULL') <> 'NULL'"
_CALLS = f"coalesce({_type('$.tool_calls')}, {_type('$.function_call')}, 'NULL') <> 'NULL'"
_ARGUMENTS = "$.tool_calls[*].function.arguments"
_ODD_ID = "NOT regexp_full_match(it, '[a-zA-Z0-9]{9}')"
_EDGES = " OR ".join(
    f"starts_with(one.content, {literal(blank)}) OR ends_with(one.content, {literal(blank)})"
    for blank in _BLANKS
)
# A weight that the column cannot hold exactly stays among the other fields.
_ODD_WEIGHT = f"coalesce({_type('$.weight')}, 'NULL') <> 'NULL'"
_REASONED = (
    "coalesce(json_extract_string(one.extra, '$.reasoning_content'), "
    "json_extract_string(one.extra, '$.reasoning'), "
    "json_extract_string(one.extra, '$.thinking'), '') <> ''"
)


def _odd_part(key: str) -> str:
    """Return SQL: whether a list of parts holds anything but text."""
    parts = f"json_extract(one.extra, '$.{key}[*]')"
    return (
        f"len(list_filter({parts}, lambda part: json_type(part) <> 'VARCHAR' AND "
        "coalesce(json_extract_string(part, '$.type'), '') <> 'text')) > 0"
    )


_MORE_THAN_TEXT = (
    f"one.content IS NULL AND {_STRUCTURED} AND ({_odd_part('content')} OR {_odd_part('value')} "
    f"OR coalesce({_type('$.content')}, {_type('$.value')}) <> 'ARRAY')"
)
# Tests of the columns; NULL counts as false.
_PLAIN: dict[Mark, str] = {
    Mark.NAME: "one.name IS NOT NULL",
    Mark.THINKING: "one.role = 'assistant' AND contains(one.content, '<think>')",
    Mark.EDGES: _EDGES,
    Mark.WEIGHT: "one.weight NOT IN (0, 1)",
    Mark.ALTERNATIVES: "len(one.alternatives) > 0",
}
# Tests of what stands among the other fields of a message that has such.
_EXTRA: dict[Mark, str] = {
    Mark.PARTS: f"one.content IS NULL AND {_STRUCTURED}",
    Mark.REASONING: f"one.role = 'assistant' AND {_REASONED}",
    Mark.CALL_TEXT: _any_type(_ARGUMENTS, "VARCHAR"),
    Mark.CALL_OBJECT: _any_type(_ARGUMENTS, "OBJECT"),
    Mark.TOOL_ID: f"{_any('$.tool_calls[*].id', _ODD_ID)} OR NOT regexp_full_match("
    "coalesce(json_extract_string(one.extra, '$.tool_call_id'), 'ninechars'), '[a-zA-Z0-9]{9}')",
    Mark.WEIGHT: _ODD_WEIGHT,
}


def _bits(tests: Mapping[Mark, str], wanted: Mark) -> list[str]:
    return [
        f"CASE WHEN {test} THEN {mark.value} ELSE 0 END"
        for mark, test in tests.items()
        if mark in wanted
    ]


def _marks(wanted: Mark, *, joining: bool) -> str:
    """Return SQL for the bits of the message ``one``."""
    bits = _bits(_PLAIN, wanted)
    inner = _bits({**_EXTRA, Mark.PARTS: _MORE_THAN_TEXT} if joining else _EXTRA, wanted)
    if Mark.EMPTY in wanted:
        bare = f"CASE WHEN one.content IS NULL THEN {Mark.EMPTY.value} ELSE 0 END"
        inner.append(
            f"CASE WHEN one.content IS NULL AND NOT ({_STRUCTURED}) AND NOT ({_CALLS}) "
            f"THEN {Mark.EMPTY.value} ELSE 0 END"
        )
    else:
        bare = "0"
    if inner:
        # Most messages have no other fields, and to look for them would parse nothing often.
        bits.append(f"CASE WHEN one.extra IS NULL THEN {bare} ELSE {' | '.join(inner)} END")
    return " | ".join(bits) or "0"


def _letter(roles: Mapping[str, str]) -> str:
    cases = " ".join(
        f"WHEN {literal(role)} THEN {literal(letter)}"
        for role, letter in {**_ROLES, **roles}.items()
    )
    return f"CASE one.role {cases} ELSE {literal(_OTHER)} END"


def _present(key: str) -> str:
    """Return SQL: whether the entry's other fields hold something under a key."""
    return f"coalesce(json_type(extra, '$.{key}'), 'NULL') <> 'NULL'"


def narrow_sql(
    relation: str, roles: Mapping[str, str], wanted: Mark, *, joining: bool = False
) -> str:
    """Return a SELECT of the narrow rows of the entries a SELECT gives.

    Args:
        relation: A SELECT of the columns of schema v1.
        roles: Letters of the roles that the target knows besides the usual five.
        wanted: The bits to compute.
        joining: Whether a list of nothing but text parts counts as text.
    """
    # In a ShareGPT record the list of tools is a text, and often one of an empty list.
    tools = "coalesce(json_extract_string(extra, '$.tools'), '') NOT IN ('', '[]')"
    pair = f"{_present('chosen')} AND {_present('rejected')}"
    label = (
        "coalesce(lower(json_extract_string(extra, '$.label')), '') IN ('true', 'false', '1', '0')"
    )
    letters = f"array_to_string(list_transform(messages, lambda one: {_letter(roles)}), '')"
    bits = f"CAST({_marks(wanted, joining=joining)} AS INTEGER)"
    marks = f"list_transform(messages, lambda one: {bits})"
    return (
        "SELECT entry_id, position, roles, marks, "
        "coalesce(list_aggregate(marks, 'bit_or'), 0) AS seen, "
        "coalesce(list_aggregate(marks[:-2], 'bit_or'), 0) AS earlier, tools, pair, label "
        f"FROM (SELECT entry_id, position, coalesce({letters}, '') AS roles, {marks} AS marks, "
        f"extra IS NOT NULL AND {tools} AS tools, extra IS NOT NULL AND {pair} AS pair, "
        f"extra IS NOT NULL AND {label} AS label FROM ({relation}))"
    )
