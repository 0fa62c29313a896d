"""mistral-finetune: messages as ``mistral_common`` validates them.

Content is a string, ids of tool calls are nine letters and digits, weights are 0 or 1, and
a call has no text beside it; one record that breaks a rule ends the whole run.
"""

from __future__ import annotations

from rolethread_store.formats.json_text import field, joined, json_list, json_of, member
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import (
    CALLS,
    CANONICAL,
    LETTERS,
    TEXT,
    TOOLS,
    TOOLS_MEMBER,
    order_reason,
)

__all__ = ["MISTRAL"]


def _nine(text: str) -> str:
    """Return SQL for an id of nine letters and digits, the same for the same id."""
    fits = f"regexp_full_match({text}, '[a-zA-Z0-9]{{9}}')"
    return f"CASE WHEN {fits} THEN {text} ELSE left(md5({text}), 9) END"


_ARGUMENTS = (
    "coalesce(CASE WHEN json_type(call, '$.function.arguments') = 'VARCHAR' "
    "THEN json_extract_string(call, '$.function.arguments') "
    f"ELSE {field('call', 'function.arguments')} END, '{{}}')"
)
_FUNCTION = joined(
    member("name", json_of("json_extract_string(call, '$.function.name')")),
    member("arguments", json_of(_ARGUMENTS)),
)
_CALL = joined(
    member("id", json_of(_nine("coalesce(json_extract_string(call, '$.id'), '')"))),
    '\'"type":"function"\'',
    member("function", _FUNCTION),
)
_CALL_LIST = json_list("json_extract(one.extra, '$.tool_calls[*]')", _CALL, "call")
_CALL_ID = "json_extract_string(one.extra, '$.tool_call_id')"
_MESSAGE = joined(
    member("role", json_of("one.role")),
    member("content", json_of(f"coalesce({TEXT}, '')")),
    f"CASE WHEN {CALLS} THEN {member('tool_calls', _CALL_LIST)} END",
    "CASE WHEN one.role = 'tool' AND one.extra IS NOT NULL THEN "
    f"{member('tool_call_id', json_of(_nine(_CALL_ID)))} END",
    "CASE WHEN one.role = 'assistant' THEN "
    + member("weight", "CAST(CAST(one.weight AS INTEGER) AS VARCHAR)")
    + " END",
)
_CALL_NAMES = "json_extract_string(one.extra, '$.tool_calls[*].function.name')"
_ODD_MESSAGE = (
    "CASE WHEN one.role = 'assistant' AND one.weight NOT IN (0, 1) THEN 1 "
    f"WHEN {CALLS} AND coalesce({TEXT}, '') <> '' THEN 2 "
    f"WHEN one.role = 'tool' AND (one.extra IS NULL OR {_CALL_ID} IS NULL) THEN 3 "
    f"WHEN {CALLS} AND len(list_filter({_CALL_NAMES}, lambda name: regexp_full_match(name, "
    "'[a-zA-Z0-9_-]{1,64}'))) <> json_array_length(one.extra, '$.tool_calls') THEN 4 "
    f"WHEN one.role = 'assistant' AND NOT {CALLS} AND coalesce({TEXT}, '') = '' THEN 5 "
    f"WHEN one.role = 'system' AND coalesce({TEXT}, '') = '' THEN 6 "
    f"WHEN {CALLS} AND place < len(messages) AND json_array_length(one.extra, '$.tool_calls') "
    "<> len(regexp_extract(letters[place + 1:], '^t*')) THEN 7 END"
)
_ODD = {"odd": f"list_min(list_transform(messages, lambda one, place: {_ODD_MESSAGE}))"}
_ODD_REASON = (
    "CASE odd WHEN 1 THEN 'a weight other than 0 and 1' WHEN 2 THEN 'text beside a tool call' "
    "WHEN 3 THEN 'a tool result without the id of its call' "
    "WHEN 4 THEN 'a tool whose name is not of letters, digits, _ and -' "
    "WHEN 5 THEN 'an assistant turn without text' WHEN 6 THEN 'a system turn without text' "
    "WHEN 7 THEN 'a tool call without its result' END"
)

# At least two turns, each call with its results before the next answer, an answer at the end.
_ORDER = "s?(u|(ct+)*a)+(ct+)*[ac]|s(ct+)*[ac]"

MISTRAL = Target(
    name="mistral",
    title="messages for mistral-finetune",
    rows=single(
        joined(member("messages", json_list("messages", _MESSAGE)), TOOLS_MEMBER),
        f"coalesce({order_reason(_ORDER)}, {_ODD_REASON})",
        CANONICAL,
        LETTERS,
        TOOLS,
        _ODD,
    ),
    schema={
        "messages": [
            {"role": "system, user, assistant or tool", "content": "string",
             "tool_calls": "list with ids of nine letters and digits",
             "tool_call_id": "string of nine letters and digits",
             "weight": "0 or 1, on assistant turns that have one"}
        ],
        "tools": "list, where the entry has some",
    },
)  # fmt: skip
