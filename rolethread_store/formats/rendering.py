"""Entries back to JSON lines: one SQL expression per format.

What an import put under the reserved key is honoured only when the record goes back to the
format it came from, and only while it still agrees with the columns, which edits change.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.dialect import RESERVED_KEY, SYSTEM_FIELD_MARK, Dialect
from rolethread_store.formats.json_text import field, joined, json_list, json_of, member, number
from rolethread_store.formats.sharegpt import SHAREGPT

__all__ = ["line_sql", "own_extra_sql", "rest_of", "usual_line_sql"]

_MARK = f'$."{RESERVED_KEY}"'
# What a trainer needs of a turn besides who speaks and what: calls and their results.
_CALL_KEYS = ("tool_calls", "tool_call_id", "function_call")
# A message with more than who speaks and what, or with less.
_ODD = " OR ".join(
    (
        "one.role IS NULL",
        "one.content IS NULL",
        "one.name IS NOT NULL",
        "one.character IS NOT NULL",
        "one.weight IS NOT NULL",
        "one.alternatives IS NOT NULL",
        "one.extra IS NOT NULL",
    )
)


def usual_line_sql(dialect: Dialect) -> str:
    """Return SQL for the whole record of an entry whose messages are role and content alone.

    It gives what :func:`line_sql` does, for a fifth of its time, and takes messages of a
    struct of these two fields.
    """
    list_key = (
        f"CASE WHEN json_extract_string(extra, '{_MARK}.list') IS NULL "
        f"THEN {literal(dialect.list_key)} "
        f"ELSE {literal((SHAREGPT if dialect is CHATML else CHATML).list_key)} END"
    )
    return joined(
        f"'\"' || {list_key} || '\":' || {_bare(dialect)}",
        member("tags", json_of("tags")),
        f"CASE WHEN extra IS NOT NULL THEN {_top_rest(list_key)} END",
    )


def line_sql(dialect: Dialect, *, clean: bool) -> str:
    """Return SQL over the columns of an entry giving its record as one line of JSON.

    Args:
        dialect: The format to write.
        clean: Only what a trainer reads: the list with who speaks and what is said,
            structured content, tool calls, names (ChatML), and the record's ``tools``.
    """
    other = SHAREGPT if dialect is CHATML else CHATML
    if not clean:
        return _whole_record(dialect, other)
    odd = "one.name IS NOT NULL OR one.extra IS NOT NULL"
    listed = _listed(dialect, odd, json_list("messages", _clean_message(dialect, other)))
    tools = f"CASE WHEN extra IS NOT NULL THEN {member('tools', _clean_tools(dialect))} END"
    return f"'{{\"{dialect.list_key}\":' || {listed} || coalesce(',' || {tools}, '') || '}}'"


def _listed(dialect: Dialect, odd: str, otherwise: str) -> str:
    """Return SQL for the list of messages, the quick way where no message is odd.

    Nearly all entries say who speaks and what, and no more. One conversion of their whole
    list takes a third of the time of one for each text, and gives the same bytes.
    """
    count = f"len(list_filter(messages, lambda one: {odd}))"
    return f"CASE WHEN {count} = 0 THEN {_bare(dialect)} ELSE {otherwise} END"


def _bare(dialect: Dialect) -> str:
    """Return SQL for the list of messages that are role and content alone."""
    role = dialect.label_sql("one.role")
    return (
        f"CAST(to_json(list_transform(messages, lambda one: {{'{dialect.role_key}': {role}, "
        f"'{dialect.content_key}': one.content}})) AS VARCHAR)"
    )


def _clean_tools(dialect: Dialect) -> str:
    """Return SQL for the tools of an entry: in ChatML a list, in ShareGPT its text.

    A loader takes one kind of value for a field, and refuses files that hold both.
    """
    given = field("extra", "tools")
    text = "json_extract_string(extra, '$.tools')"
    if dialect is CHATML:
        listed = f"CASE WHEN json_valid({text}) THEN json_type({text}) = 'ARRAY' ELSE false END"
        return (
            f"CASE WHEN json_type(extra, '$.tools') = 'VARCHAR' AND {listed} THEN {text} "
            f"ELSE {given} END"
        )
    return f"CASE WHEN json_type(extra, '$.tools') = 'ARRAY' THEN {json_of(given)} ELSE {given} END"


def _clean_message(dialect: Dialect, other: Dialect) -> str:
    content = (
        f"coalesce({json_of('one.content')}, {field('one.extra', dialect.content_key)}, "
        f"{field('one.extra', other.content_key)}, 'null')"
    )
    role = f"coalesce({json_of(dialect.label_sql('one.role'))}, 'null')"
    members = [member(dialect.role_key, role), member(dialect.content_key, content)]
    if dialect is CHATML:
        members.append(member("name", json_of("one.name")))
    members += [member(key, field("one.extra", key)) for key in _CALL_KEYS]
    return joined(*members)


def _whole_record(dialect: Dialect, other: Dialect) -> str:
    same = f"coalesce(origin.format = {literal(dialect.name)}, true)"
    plain = joined(
        member(dialect.role_key, json_of(dialect.label_sql("one.role"))),
        member(dialect.content_key, json_of("one.content")),
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
        system = f"CASE WHEN {own_field} THEN {json_of('messages[1].content')} END"
    list_key = (
        f"CASE WHEN {same} AND json_extract_string(extra, '{_MARK}.list') = "
        f"{literal(other.list_key)} THEN {literal(other.list_key)} "
        f"ELSE {literal(dialect.list_key)} END"
    )
    listed = _listed(dialect, _ODD, json_list(messages, message))
    members = [
        f"'\"' || {list_key} || '\":' || {listed}",
        member("tags", json_of("tags")),
    ]
    if system is not None:
        members.append(member("system", system))
    members.append(f"CASE WHEN extra IS NOT NULL THEN {_top_rest(list_key)} END")
    return joined(*members)


def _column_members() -> list[str]:
    return [
        member("name", json_of("one.name")),
        member("character", json_of("one.character")),
        member("weight", number("one.weight")),
        member("alternatives", json_of("one.alternatives")),
        # The column is the store's own; a source's field of this name is something else.
        f"CASE WHEN one.alternatives IS NOT NULL "
        f"THEN {member('original_alternatives', field('one.extra', 'alternatives'))} END",
    ]


def own_extra_sql() -> str:
    """Return SQL for an entry's ``extra`` without our own marks.

    They are of no use outside the store, and where an earlier import kept a record's text
    there, it has what was edited out of the entry since.
    """
    name, patch = literal(f'"{RESERVED_KEY}"'), literal(f'{{"{RESERVED_KEY}":null}}')
    return (
        f"CASE WHEN contains(extra, {name}) "
        f"THEN nullif(CAST(json_merge_patch(extra, {patch}) AS VARCHAR), '{{}}') ELSE extra END"
    )


def rest_of(json: str, taken: dict[str, str]) -> str:
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
    return joined(
        member(dialect.role_key, json_of(label)),
        member(dialect.content_key, json_of("one.content")),
        *_column_members(),
        rest_of("one.extra", taken),
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
        own = field("one.extra", key)
        moved = field("one.extra", foreign)
        members.append(member(key, f"coalesce({json_of(written)}, {moved})"))
        members.append(
            f"CASE WHEN {column} IS NOT NULL OR {moved} IS NOT NULL "
            f"THEN {member(f'original_{key}', own)} END"
        )
        taken[key] = f"{column} IS NOT NULL OR {moved} IS NOT NULL"
        taken[foreign] = f"{column} IS NULL"
    return joined(*members, *_column_members(), rest_of("one.extra", taken | _columns_taken()))


def _top_rest(list_key: str) -> str:
    """Return SQL for a record's other fields; those whose key is taken are renamed."""
    taken = {
        CHATML.list_key: f"{list_key} = '{CHATML.list_key}'",
        SHAREGPT.list_key: f"{list_key} = '{SHAREGPT.list_key}'",
        "tags": "tags IS NOT NULL",
    }
    renamed = [
        f"CASE WHEN {condition} THEN {member(f'original_{key}', field('extra', key))} END"
        for key, condition in taken.items()
    ]
    return f"nullif(concat_ws(',', {', '.join(renamed)}, {rest_of('extra', taken)}), '')"
