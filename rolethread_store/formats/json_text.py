"""SQL that builds JSON as text, member by member.

Text is joined rather than structs converted, because a member that is ``NULL`` must not
appear at all, and because fields kept as JSON go out as they came in.
"""

from __future__ import annotations

from rolethread_store.engine import literal

__all__ = ["field", "joined", "json_list", "json_of", "member", "number"]


def field(json: str, key: str) -> str:
    """Return SQL giving a field of a JSON object as JSON text, ``NULL`` without it."""
    return f"CAST(json_extract({json}, '$.{key}') AS VARCHAR)"


def joined(*members: str) -> str:
    """Return SQL for an object of those members that are not ``NULL``."""
    return f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'"


def json_list(values: str, item: str, variable: str = "one") -> str:
    """Return SQL for a JSON array of what ``item`` makes of each value."""
    items = f"list_transform({values}, lambda {variable}: {item})"
    return f"'[' || array_to_string({items}, ',') || ']'"


def json_of(value: str) -> str:
    """Return SQL for a value as JSON text, ``NULL`` when the value is."""
    return f"CAST(to_json({value}) AS VARCHAR)"


def member(key: str, value: str) -> str:
    """Return SQL for ``"key":value``, ``NULL`` when the value is."""
    prefix = literal(f'"{key}":')
    return f"{prefix} || {value}"


def number(value: str) -> str:
    """Return SQL printing a weight: whole numbers without a fraction, never ``NaN``."""
    return (
        f"CASE WHEN NOT isfinite({value}) THEN 'null' "
        f"WHEN {value} = trunc({value}) AND abs({value}) < 1e15 "
        f"THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {json_of(value)} END"
    )
