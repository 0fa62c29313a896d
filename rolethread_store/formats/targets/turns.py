"""SQL about turns that the targets share: their text, their roles, their tools.

Trainers know four roles. What other formats call ``developer`` and ``function`` are two of
them under older or newer names, and ShareGPT's ``function_call`` and ``observation`` are an
assistant's tool call and the tool's result, with the call as JSON in the text.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.json_text import field, joined, json_list, json_of, member
from rolethread_store.segments import MESSAGE_TYPE

__all__ = [
    "BESIDE_TEXT",
    "CALLS",
    "CANONICAL",
    "LETTERS",
    "NO_TEXT",
    "PARTS",
    "STRUCTURED",
    "TEXT",
    "TEXT_OR_PARTS",
    "TOOLS",
    "TOOLS_MEMBER",
    "canonical",
    "chat_message",
    "order_reason",
]

_ROLES = ("user", "assistant", "system", "tool")
_PART = (
    "CASE json_type(part) WHEN 'VARCHAR' THEN json_extract_string(part, '$') "
    "WHEN 'OBJECT' THEN CASE WHEN json_extract_string(part, '$.type') = 'text' "
    "THEN coalesce(json_extract_string(part, '$.text'), json_extract_string(part, '$.value')) END "
    "END"
)


def _parts_text(key: str) -> str:
    """Return SQL for the text of a list of parts of which each is text, else ``NULL``."""
    texts = f"list_transform(json_extract(one.extra, '$.{key}[*]'), lambda part: {_PART})"
    return (
        f"CASE WHEN json_type(one.extra, '$.{key}') = 'ARRAY' "
        f"AND len(list_filter({texts}, lambda text: text IS NULL)) = 0 "
        f"THEN array_to_string({texts}, '') END"
    )


TEXT = (
    "CASE WHEN one.content IS NOT NULL OR one.extra IS NULL THEN one.content "
    f"ELSE coalesce({_parts_text('content')}, {_parts_text('value')}) END"
)
"""The text of the message ``one``; ``NULL`` when it has none or is more than text."""

CALLS = "(one.extra IS NOT NULL AND coalesce(json_array_length(one.extra, '$.tool_calls'), 0) > 0)"
"""Whether the message ``one`` calls tools."""

NO_TEXT = (
    "len(list_filter(messages, lambda one: one.content IS NULL "
    f"AND {TEXT} IS NULL AND NOT {CALLS})) > 0"
)
"""Whether a message is neither text nor a call."""

PARTS = (
    f"coalesce(nullif({field('one.extra', 'content')}, 'null'), "
    f"nullif({field('one.extra', 'value')}, 'null'))"
)
"""The content of the message ``one`` as the source's list of parts, ``NULL`` without one."""

STRUCTURED = f"coalesce({json_of(TEXT)}, {PARTS}, '\"\"')"
"""The content of the message ``one`` as JSON: text, or the source's list of parts."""

TEXT_OR_PARTS = f"coalesce({TEXT}, {PARTS})"
"""The text of the message ``one``, or its parts as JSON, ``NULL`` when it has neither."""

_NO_CONTENT = (
    "len(list_filter(messages, lambda one: one.content IS NULL "
    f"AND {PARTS} IS NULL AND NOT {CALLS})) > 0"
)
"""Whether a message has neither content of any kind nor a call."""

_MEDIA = "coalesce(json_array_length(extra, '$.{}'), 0)"
BESIDE_TEXT = (
    "CASE WHEN extra IS NULL THEN false ELSE "
    + " + ".join(_MEDIA.format(key) for key in ("images", "videos", "audios"))
    + " > 0 END"
)
"""Whether the entry is about pictures, films or sound, which stand in lists of their own."""

_CALL_OF_TEXT = (
    "CASE WHEN json_valid(one.content) THEN json_type(one.content) = 'OBJECT' "
    "AND json_extract_string(one.content, '$.name') IS NOT NULL ELSE false END"
)
_ARGUMENTS = (
    "coalesce(CASE WHEN json_type(one.content, '$.arguments') = 'VARCHAR' "
    "THEN json_extract_string(one.content, '$.arguments') "
    "ELSE CAST(json_extract(one.content, '$.arguments') AS VARCHAR) END, '{}')"
)
_FUNCTION = joined(
    member("name", json_of("json_extract_string(one.content, '$.name')")),
    member("arguments", json_of(_ARGUMENTS)),
)
# Nine letters and digits: the one length that every trainer takes.
_CALLED = (
    '\'{"tool_calls":[{"id":"call\' || printf(\'%05d\', place) || '
    f'\'","type":"function","function":\' || {_FUNCTION} || \'}}]}}\''
)
_ANSWERED = "'{\"tool_call_id\":\"call' || printf('%05d', place - 1) || '\"}'"
_USUAL_NAMES = {"developer": "system", "function": "tool", "observation": "tool"}


def canonical(*kept: str) -> dict[str, str]:
    """Return the step that gives every message one of the four roles, where it has one.

    Args:
        kept: Further roles that the target knows.
    """
    known = ", ".join(map(literal, (*_ROLES, *kept)))
    names = " ".join(
        f"WHEN {literal(old)} THEN {literal(new)}"
        for old, new in _USUAL_NAMES.items()
        if old not in kept
    )
    as_known = (
        f"CASE WHEN one.role = 'function_call' AND {_CALL_OF_TEXT} "
        f"THEN struct_update(one, role := 'assistant', content := CAST(NULL AS VARCHAR), "
        f"extra := {_CALLED}) "
        f"WHEN one.role = 'observation' AND one.extra IS NULL AND place > 1 "
        f"THEN struct_update(one, role := 'tool', extra := {_ANSWERED}) "
        f"ELSE struct_update(one, role := CASE one.role {names} ELSE one.role END) END"
    )
    return {
        "messages": (
            f"CASE WHEN len(list_filter(messages, lambda one: one.role NOT IN ({known}))) = 0 "
            f"THEN messages ELSE CAST(list_transform(messages, lambda one, place: {as_known}) "
            f"AS {MESSAGE_TYPE}[]) END"
        )
    }


CANONICAL = canonical()
"""The same for targets that know no others."""

LETTERS = {
    "letters": (
        "array_to_string(list_transform(messages, lambda one: CASE one.role WHEN 'user' THEN 'u' "
        f"WHEN 'assistant' THEN CASE WHEN {CALLS} THEN 'c' ELSE 'a' END "
        "WHEN 'system' THEN 's' WHEN 'tool' THEN 't' ELSE 'x' END), '')"
    )
}
"""The step that spells a conversation: one letter for each message."""

_TOOL = (
    "CASE WHEN json_exists(tool, '$.function') OR NOT json_exists(tool, '$.name') "
    "THEN CAST(tool AS VARCHAR) "
    'ELSE \'{"type":"function","function":\' || CAST(tool AS VARCHAR) || \'}\' END'
)
# ShareGPT dumps hold the list of tools as a string.
_TOOLS_TEXT = (
    "CASE WHEN json_type(extra, '$.tools') = 'VARCHAR' THEN json_extract_string(extra, '$.tools') "
    "ELSE CAST(json_extract(extra, '$.tools') AS VARCHAR) END"
)
TOOLS = {
    "given_tools": "CASE WHEN extra IS NOT NULL "
    f"THEN nullif(nullif({_TOOLS_TEXT}, ''), 'null') END",
}
"""The step that takes the tools of an entry as text, ``NULL`` without any."""

_GIVEN_LIST = json_list("json_extract(given_tools, '$[*]')", _TOOL, "tool")
_LISTED_TOOLS = (
    "CASE WHEN given_tools IS NOT NULL AND json_valid(given_tools) "
    "THEN CASE WHEN json_type(given_tools) = 'ARRAY' "
    f"THEN {_GIVEN_LIST} END END"
)
TOOLS_MEMBER = member("tools", f"nullif({_LISTED_TOOLS}, '[]')")
"""The list of tools as OpenAI writes it, as a member of a record; over :data:`TOOLS`."""


def chat_message(*more: str, content: str = f"coalesce({json_of(TEXT)}, '\"\"')") -> str:
    """Return SQL for the message ``one`` as role, content, call and result.

    Args:
        more: Members after these.
        content: SQL for the content as JSON.
    """
    return joined(
        member("role", json_of("one.role")),
        member("content", content),
        f"CASE WHEN one.extra IS NOT NULL THEN {member('tool_calls', _calls_json())} END",
        f"CASE WHEN one.extra IS NOT NULL THEN "
        f"{member('tool_call_id', field('one.extra', 'tool_call_id'))} END",
        *more,
    )


def _calls_json() -> str:
    return f"CASE WHEN {CALLS} THEN {field('one.extra', 'tool_calls')} END"


def order_reason(pattern: str, *, text: bool = True) -> str:
    """Return SQL for why a target cannot carry the order of turns, ``NULL`` when it can.

    Args:
        pattern: Regular expression over the letters ``s``, ``u``, ``a``, ``c`` (the
            assistant calling tools) and ``t`` (their results).
        text: Whether every message must be text or a call.
    """
    contents = (
        f"WHEN {NO_TEXT} THEN 'a turn that is not text' "
        if text
        else f"WHEN {_NO_CONTENT} THEN 'a turn without content' "
    )
    return (
        "CASE WHEN len(messages) = 0 OR letters IS NULL THEN 'no turns' "
        "WHEN contains(letters, 'x') THEN 'a turn of a role the target does not know' "
        f"{contents}"
        f"WHEN {BESIDE_TEXT} THEN 'images, videos or audios beside the text' "
        "WHEN given_tools IS NOT NULL AND NOT coalesce(json_valid(given_tools), false) "
        "THEN 'tools that are not JSON' "
        f"WHEN regexp_full_match(letters, '{pattern}') THEN NULL "
        "WHEN NOT regexp_matches(letters, '[ac]') THEN 'no assistant turn' "
        "WHEN NOT regexp_matches(letters, '[ac]$') "
        "THEN 'the last turn is not the assistant''s (--ending trim)' "
        "WHEN regexp_matches(letters, '.s') "
        "THEN 'a system turn after the first turn (--system merge or first)' "
        "WHEN regexp_matches(letters, '^s?[ac]') "
        "THEN 'the assistant begins (--greeting-first stub or fold)' "
        "WHEN regexp_matches(letters, '[ct]') THEN 'tool calls in an order the target cannot take' "
        "ELSE 'user and assistant do not take turns' END"
    )
