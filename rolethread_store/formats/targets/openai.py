"""OpenAI's fine-tuning: messages with the keys that it knows, and no others.

Its checker counts every other key of a message as an error (``message_unrecognized_key`` in
the cookbook's "Data preparation and analysis for chat model fine-tuning"). The roles
``developer`` and ``function`` are its own.
"""

from __future__ import annotations

from rolethread_store.formats.json_text import field, joined, json_list, json_of, member, number
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import PARTS, TOOLS, TOOLS_MEMBER, canonical

__all__ = ["OPENAI"]

_CALLS = ("tool_calls", "tool_call_id", "function_call")
_MESSAGE = joined(
    member("role", f"coalesce({json_of('one.role')}, 'null')"),
    member("content", f"coalesce({json_of('one.content')}, {PARTS}, 'null')"),
    member("name", json_of("one.name")),
    f"CASE WHEN one.role = 'assistant' THEN {member('weight', number('one.weight'))} END",
    *(
        f"CASE WHEN one.extra IS NOT NULL THEN {member(key, field('one.extra', key))} END"
        for key in _CALLS
    ),
)
_PARALLEL = member("parallel_tool_calls", field("extra", "parallel_tool_calls"))

OPENAI = Target(
    name="openai",
    title="messages for OpenAI's fine-tuning",
    rows=single(
        joined(
            member("messages", json_list("messages", _MESSAGE)),
            TOOLS_MEMBER,
            f"CASE WHEN extra IS NOT NULL THEN {_PARALLEL} END",
        ),
        "NULL",
        canonical("developer", "function"),
        TOOLS,
    ),
    schema={
        "messages": [{"role": "string", "content": "string or list of parts",
                      "weight": "0 or 1, on assistant turns that have one"}],
        "tools": "list, where the entry has some",
        "parallel_tool_calls": "boolean, where the entry has it",
    },
)  # fmt: skip
