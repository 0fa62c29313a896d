"""OpenAI's preference records, which Together and Fireworks read too."""

from __future__ import annotations

from rolethread_store.formats.json_text import joined
from rolethread_store.formats.targets.preference import PAIR_REASON, PAIR_STEPS
from rolethread_store.formats.targets.target import Target, many
from rolethread_store.formats.targets.turns import TOOLS_MEMBER

__all__ = ["OPENAI_PREFERENCE"]

_INPUT = joined(
    "'\"messages\":[' || pair.prompt || ']'",
    TOOLS_MEMBER,
    f"CASE WHEN {TOOLS_MEMBER} IS NOT NULL THEN '\"parallel_tool_calls\":true' END",
)
_PAIR = joined(
    f"'\"input\":' || {_INPUT}",
    "'\"preferred_output\":[' || pair.chosen || ']'",
    "'\"non_preferred_output\":[' || pair.rejected || ']'",
)
_ALONE = {"alone": "list_filter(pairs, lambda pair: pair.alone)"}
_TURN = {"role": "string", "content": "string or list of parts"}

OPENAI_PREFERENCE = Target(
    name="openai-preference",
    title="input, preferred_output and non_preferred_output",
    rows=many(
        f"list_transform(alone, lambda pair: {_PAIR})",
        f"coalesce({PAIR_REASON}, "
        "CASE WHEN len(alone) = 0 THEN 'an answer of more than one turn' END)",
        *PAIR_STEPS,
        _ALONE,
    ),
    schema={
        "input": {"messages": [_TURN], "tools": "list, where the entry has some",
                  "parallel_tool_calls": "boolean, beside tools"},
        "preferred_output": [_TURN],
        "non_preferred_output": [_TURN],
    },
)  # fmt: skip
