"""Entries back to JSON lines: one SQL expression per format.

What an import put under the reserved key is honoured only when the record goes back to the
format it came from, and only while it still agrees with the columns, which edits change.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import RESERVED_KEY, SYSTEM_FIELD_MARK, Dialect
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["line_sql"]

_MARK = f'$."{RESERVED_KEY}"'
# What a trainer needs of a turn besides who speaks and what: calls and their results.
_CALL_KEYS = ("tool_calls", "tool_call_id", "function_call")


def line_sql(dialect: Dialect, *, clean: bool) -> str:
    """Return SQL over the columns of an entry giving its record as one line of JSON.

    Args:
        dialect: The format to write.
        clean: Only what a trainer reads: the list with who speaks and what is said,
            structured content, tool calls, names (ChatML), and the record's ``tools``.
    """
    other = SHAREGPT if dialect is CHATML else CHATML
    if clean:
        listed = _list_sql("messages", _clean_message(dialect, other))
        tools = _member("tools", _field("extra", "tools"))
        return f"'{{\"{dialect.list_key}\":' || {listed} || coalesce(',' || {tools}, '') || '}}'"
    return _whole_record(dialect, other)


def _list_sql(messages: str, message: str) -> str:
    return f"'[' || array_to_string(list_transform({messages}, lambda one: {message}), ',') || ']'"


def _field(json: str, key: str) -> str:
    """Return SQL giving a field of a JSON object as JSON text, ``NULL`` without it."""
    return f"CAST(json_extract({json}, '$.{key}') AS VARCHAR)"


def _member(key: str, value: str) -> str:
    """Return SQL for ``"key":value``, ``NULL`` when the value is."""
    prefix = literal(f'"{key}":')
    return f"{prefix} || {value}"


def _joined(*members: str) -> str:
    """Return SQL for an object of those members that are not ``NULL``."""
    return f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'"


def _json_of(column: str) -> str:
    return f"CAST(to_json({column}) AS VARCHAR)"


def _number(column: str) -> str:
    """Return SQL printing a weight: whole numbers without a fraction, never ``NaN``."""
    return (
        f"CASE WHEN NOT isfinite({column}) THEN 'null' "
        f"WHEN {column} = trunc({column}) AND abs({column}) < 1e15 "
        f"THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {_json_of(column)} END"
    )


def _clean_message(dialect: Dialect, other: Dialect) -> str:
    content = (
        f"coalesce({_json_of('one.content')}, {_field('one.extra', dialect.content_key)}, "
        f"{_field('one.extra', other.content_key)}, 'null')"
    )
    role = f"coalesce({_json_of(dialect.label_sql('one.role'))}, 'null')"
    members = [_member(dialect.role_key, role), _member(dialect.content_key, content)]
    if dialect is CHATML:
        members.append(_member("name", _json_of("one.name")))
    members += [_member(key, _field("one.extra", key)) for key in _CALL_KEYS]
    return _joined(*members)


def _whole_record(dialect: Dialect, other: Dialect) -> str:
    same = f"coalesce(origin.format = {literal(dialect.name)}, true)"
    plain = _joined(
        _member(dialect.role_key, _json_of(dialect.label_sql("one.role"))),
        _member(dialect.content_key, _json_of("one.content")),
        *_column_members(),
    )
    # One branch or the other is computed; nearly all messages carry nothing extra.
    message = (
        f"CASE WHEN one.extra IS NULL THEN {plain} "
        f"WHEN {same} THEN {_message_back(dialect)} ELSE {_message_over(dialect, other)} END"
    )
    messages, system = "messages", None
    if dialect is SHAREGPT:
        own_field = (
            f"{same} AND messages[1].role = 'system' AND messages[1].content IS NOT NULL "
            f"AND messages[1].extra = {literal(SYSTEM_FIELD_MARK)} "
            f"AND messages[1].name IS NULL AND messages[1].character IS NULL "
            f"AND messages[1].weight IS NULL AND messages[1].alternatives IS NULL "
            f"AND NOT coalesce(json_exists(extra, '$.system'), false)"
        )
        messages = f"CASE WHEN {own_field} THEN messages[2:] ELSE messages END"
        system = f"CASE WHEN {own_field} THEN {_json_of('messages[1].content')} END"
    list_key = (
        f"CASE WHEN {same} AND json_extract_string(extra, '{_MARK}.list') = "
        f"{literal(other.list_key)} THEN {literal(other.list_key)} "
        f"ELSE {literal(dialect.list_key)} END"
    )
    members = [
        f"'\"' || {list_key} || '\":' || {_list_sql(messages, message)}",
        _member("tags", _json_of("tags")),
    ]
    if system is not None:
        members.append(_member("system", system))
    members.append(f"CASE WHEN extra IS NOT NULL THEN {_top_rest(list_key)} END")
    return _joined(*members)


def _column_members() -> list[str]:
    return [
        _member("name", _json_of("one.name")),
        _member("character", _json_of("one.character")),
        _member("weight", _number("one.weight")),
        _member("alternatives", _json_of("one.alternatives")),
        # The column is the store's own; a source's field of this name is something else.
        f"CASE WHEN one.alternatives IS NOT NULL "
        f"THEN {_member('original_alternatives', _field('one.extra', 'alternatives'))} END",
    ]


def _rest(json: str, taken: dict[str, str]) -> str:
    """Return SQL for the members of an object but those taken, ``NULL`` when none is left.

    Args:
        json: The object.
        taken: Key to the condition under which it is left out.
    """
    removed = " || ".join(
        f"CASE WHEN {condition} THEN ',\"{key}\":null' ELSE '' END"
        for key, condition in taken.items()
    )
    patch = f"'{{\"{RESERVED_KEY}\":null' || {removed} || '}}'"
    kept = f"CAST(json_merge_patch({json}, {patch}) AS VARCHAR)"
    return f"nullif(regexp_replace({kept}, '^\\{{|\\}}$', '', 'g'), '')"


def _columns_taken() -> dict[str, str]:
    """Fields that a column replaces: an edit set the column, the source's value is old."""
    taken = ("name", "character", "weight", "alternatives")
    return {name: f"one.{name} IS NOT NULL" for name in taken}


def _message_back(dialect: Dialect) -> str:
    """Return SQL for a message going back to the format it came from."""
    kept = f"json_extract_string(one.extra, '{_MARK}.role')"
    label = (
        f"CASE WHEN {dialect.role_sql(kept)} = one.role THEN {kept} "
        f"ELSE {dialect.label_sql('one.role')} END"
    )
    taken = {
        dialect.role_key: "one.role IS NOT NULL",
        dialect.content_key: "one.content IS NOT NULL",
        **_columns_taken(),
    }
    return _joined(
        _member(dialect.role_key, _json_of(label)),
        _member(dialect.content_key, _json_of("one.content")),
        *_column_members(),
        _rest("one.extra", taken),
    )


def _message_over(dialect: Dialect, other: Dialect) -> str:
    """Return SQL for a message going to the other format: its fields change their names.

    A field of the source that bears one of this format's names keeps its value under
    ``original_…``.
    """
    members, taken = [], dict[str, str]()
    for column, key, foreign in (
        ("one.role", dialect.role_key, other.role_key),
        ("one.content", dialect.content_key, other.content_key),
    ):
        written = dialect.label_sql(column) if column == "one.role" else column
        own = _field("one.extra", key)
        moved = _field("one.extra", foreign)
        members.append(_member(key, f"coalesce({_json_of(written)}, {moved})"))
        members.append(
            f"CASE WHEN {column} IS NOT NULL OR {moved} IS NOT NULL "
            f"THEN {_member(f'original_{key}', own)} END"
        )
        taken[key] = f"{column} IS NOT NULL OR {moved} IS NOT NULL"
        taken[foreign] = f"{column} IS NULL"
    return _joined(*members, *_column_members(), _rest("one.extra", taken | _columns_taken()))


def _top_rest(list_key: str) -> str:
    """Return SQL for a record's other fields; those whose key is taken are renamed."""
    taken = {
        CHATML.list_key: f"{list_key} = '{CHATML.list_key}'",
        SHAREGPT.list_key: f"{list_key} = '{SHAREGPT.list_key}'",
        "tags": "tags IS NOT NULL",
    }
    renamed = [
        f"CASE WHEN {condition} THEN {_member(f'original_{key}', _field('extra', key))} END"
        for key, condition in taken.items()
    ]
    return f"nullif(concat_ws(',', {', '.join(renamed)}, {_rest('extra', taken)}), '')"
