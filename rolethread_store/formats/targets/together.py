"""Together: messages that begin with a system or user turn and then alternate."""

from __future__ import annotations

from rolethread_store.formats.json_text import joined, json_list, json_of, member
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import CANONICAL, LETTERS, TEXT, TOOLS, order_reason

__all__ = ["TOGETHER"]

_MESSAGE = joined(
    member("role", json_of("one.role")),
    member("content", json_of(TEXT)),
    "CASE WHEN one.role = 'assistant' THEN "
    + member("weight", "CAST(CAST(one.weight AS INTEGER) AS VARCHAR)")
    + " END",
)
_ODD_WEIGHT = (
    "len(list_filter(messages, lambda one: one.role = 'assistant' "
    "AND one.weight NOT IN (0, 1))) > 0"
)

TOGETHER = Target(
    name="together",
    title="messages for Together's fine-tuning",
    rows=single(
        joined(member("messages", json_list("messages", _MESSAGE))),
        f"coalesce({order_reason('s?(ua)+')}, "
        f"CASE WHEN {_ODD_WEIGHT} THEN 'a weight other than 0 and 1' END)",
        CANONICAL,
        LETTERS,
        TOOLS,
    ),
    schema={
        "messages": [
            {"role": "system, user or assistant", "content": "string",
             "weight": "0 or 1, on assistant turns that have one"}
        ]
    },
)  # fmt: skip
