"""The general lane: any record, by the engine's JSON functions.

Every key is either read into its column or stays in ``extra`` as it was; nothing is
dropped. What an export needs to write the record back goes under the reserved key:
the label when it is not the format's own word for the role, the list's key when it is the
other format's, and that a system message stood in a field of its own.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.dialect import RESERVED_KEY, SYSTEM_FIELD_MARK, Dialect
from rolethread_store.formats.parts import MESSAGE_FIELDS, message_struct
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["KIND_SQL", "TAGS_FIT", "general_record", "reason_sql", "top_reason_sql"]

# Weights the column holds and an export prints back with the same value.
_EXACT_WEIGHT = r"-?[0-9]{1,8}(\.[0-9]{1,7})?"


def _has_any(list_key: str, key: str) -> str:
    return f"len(json_extract(line, '$.{list_key}[*].{key}')) > 0"


# The list and the dialect of a record: by the list's key, unless its messages speak the
# other format's key and not this one's. NULL when neither key holds a list.
KIND_SQL = (
    f"CASE WHEN json_type(line, '$.messages') = 'ARRAY' THEN "
    f"CASE WHEN {_has_any('messages', 'from')} AND NOT {_has_any('messages', 'role')} "
    f"THEN 'messages/sharegpt' ELSE 'messages/chatml' END "
    f"WHEN json_type(line, '$.conversations') = 'ARRAY' THEN "
    f"CASE WHEN {_has_any('conversations', 'role')} AND NOT {_has_any('conversations', 'from')} "
    f"THEN 'conversations/chatml' ELSE 'conversations/sharegpt' END END"
)


def _text_of(json: str, key: str) -> str:
    """Return SQL giving a field that is a JSON string, else ``NULL``."""
    path = f"'$.{key}'"
    return (
        f"CASE WHEN json_type({json}, {path}) = 'VARCHAR' "
        f"THEN json_extract_string({json}, {path}) END"
    )


def _messages_sql(listed: str, dialect: Dialect) -> str:
    """Return SQL turning a list of JSON objects into message structs."""
    weight = "CAST(json_extract(raw, '$.weight') AS VARCHAR)"
    read = (
        f"{{'raw': raw, 'label': {_text_of('raw', dialect.role_key)}, "
        f"'text': {_text_of('raw', dialect.content_key)}, 'name': {_text_of('raw', 'name')}, "
        f"'character': {_text_of('raw', 'character')}, "
        f"'weight': CASE WHEN regexp_full_match({weight}, {literal(_EXACT_WEIGHT)}) "
        f"THEN CAST({weight} AS DOUBLE) END}}"
    )
    removed = " || ".join(
        f"CASE WHEN one.{field} IS NULL THEN '' ELSE ',\"{key}\":null' END"
        for field, key in (
            ("text", dialect.content_key),
            ("name", "name"),
            ("character", "character"),
            ("weight", "weight"),
        )
    )
    role = dialect.role_sql("one.label")
    label = (
        f"CASE WHEN one.label IS NULL THEN '' "
        f"ELSE ',\"{dialect.role_key}\":null' || CASE WHEN one.label = {dialect.label_sql(role)} "
        f"THEN '' ELSE ',\"{RESERVED_KEY}\":{{\"role\":' || to_json(one.label) || '}}' END END"
    )
    # A merge patch removes what is null in it and adds the rest; the first comma is cut off.
    patch = f"'{{' || substr({removed} || {label}, 2) || '}}'"
    fields = {
        **MESSAGE_FIELDS,
        "role": role,
        "content": "one.text",
        "name": "one.name",
        "character": "one.character",
        "weight": "one.weight",
        "extra": f"nullif(CAST(json_merge_patch(one.raw, {patch}) AS VARCHAR), '{{}}')",
    }
    return (
        f"list_transform(list_transform({listed}, lambda raw: {read}), "
        f"lambda one: {message_struct(fields)})"
    )


def _system_message(text: str) -> str:
    fields = {
        **MESSAGE_FIELDS,
        "role": "'system'",
        "content": text,
        "extra": literal(SYSTEM_FIELD_MARK),
    }
    return message_struct(fields)


TAGS_FIT = (
    "json_type(line, '$.tags') = 'ARRAY' AND "
    "len(list_filter(json_type(line, '$.tags[*]'), lambda kind: kind <> 'VARCHAR')) = 0"
)


def general_record(dialect: Dialect, list_key: str) -> str:
    """Return SQL making the record struct of a ``line`` whose kind is known."""
    messages = _messages_sql(f"json_extract(line, '$.{list_key}[*]')", dialect)
    removed = [f"'\"{list_key}\":null'", f"CASE WHEN {TAGS_FIT} THEN ',\"tags\":null' ELSE '' END"]
    if dialect is SHAREGPT:
        system = f"nullif({_text_of('line', 'system')}, '')"
        messages = (
            f"CASE WHEN {system} IS NULL THEN {messages} "
            f"ELSE list_prepend({_system_message(system)}, {messages}) END"
        )
        removed.append(f"CASE WHEN {system} IS NULL THEN '' ELSE ',\"system\":null' END")
    if list_key != dialect.list_key:
        removed.append(literal(f',"{RESERVED_KEY}":{{"list":"{list_key}"}}'))
    patch = f"'{{' || {' || '.join(removed)} || '}}'"
    return (
        f"{{'messages': {messages}, "
        f"'tags': CASE WHEN {TAGS_FIT} THEN json_extract_string(line, '$.tags[*]') END, "
        f"'extra': nullif(CAST(json_merge_patch(line, {patch}) AS VARCHAR), '{{}}'), "
        f"'reason': CAST(NULL AS VARCHAR)}}"
    )


def _repeated(keys: str) -> str:
    """Return SQL giving a key that a list of keys holds twice, else ``NULL``."""
    return (
        f"list_filter({keys}, lambda key: len(list_filter({keys}, lambda same: same = key)) > 1)[1]"
    )


def reason_sql(list_key: str) -> str:
    """Return SQL telling why a record with this list cannot be read, ``NULL`` if it can.

    A key given twice has two values and a column for one, and readers differ in which
    they take; nested deeper, both are kept as they are.
    """
    every = f"'$.{list_key}[*]'"
    kinds = f"json_type(line, {every})"
    keys = f"json_keys(line, {every})"
    twice = "len(list_distinct(one)) <> len(one)"
    odd = f"list_position(list_transform({kinds}, lambda kind: kind <> 'OBJECT'), true)"
    double = f"list_position(list_transform({keys}, lambda one: {twice}), true)"
    reserved = (
        f"list_position(list_transform({keys}, "
        f"lambda one: list_contains(one, '{RESERVED_KEY}')), true)"
    )
    return (
        f"CASE {top_reason_sql()} "
        f"WHEN {odd} > 0 THEN 'message ' || ({odd} - 1) || ' is not an object' "
        f"WHEN {double} > 0 THEN 'message ' || ({double} - 1) || ' has duplicate key ' "
        f"|| to_json({_repeated(f'{keys}[{double}]')}) "
        f"WHEN {reserved} > 0 THEN 'message ' || ({reserved} - 1) "
        f"|| ' has reserved key \"{RESERVED_KEY}\"' END"
    )


def top_reason_sql() -> str:
    """Return the branches of a ``CASE`` that find fault with a record's own keys."""
    top = "json_keys(line)"
    return (
        f"WHEN len(list_distinct({top})) <> len({top}) "
        f"THEN 'duplicate key ' || to_json({_repeated(top)}) "
        f"WHEN list_contains({top}, '{RESERVED_KEY}') THEN 'reserved key \"{RESERVED_KEY}\"'"
    )
