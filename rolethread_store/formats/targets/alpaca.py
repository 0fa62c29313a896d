"""Alpaca: one instruction and its answer, earlier exchanges as ``history``.

LLaMA-Factory's form, of which the older trainers read the first three fields. All keys
stand in every record: a loader that infers a schema from the first one must not miss any.
"""

from __future__ import annotations

from rolethread_store.formats.json_text import joined, json_list, json_of, member
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import CANONICAL, LETTERS, TEXT, TOOLS, order_reason

__all__ = ["ALPACA"]

_TEXTS = {"texts": f"list_transform(messages, lambda one: {TEXT})"}
_SAID = {"said": "CASE WHEN letters[1] = 's' THEN texts[2:] ELSE texts END"}
_EARLIER = json_list(
    "range(1, len(said) - 2, 2)", json_of("[said[place], said[place + 1]]"), "place"
)

ALPACA = Target(
    name="alpaca",
    title="instruction, input, output, system and history",
    rows=single(
        joined(
            member("instruction", json_of("said[len(said) - 1]")),
            '\'"input":""\'',
            member("output", json_of("said[len(said)]")),
            member("system", json_of("CASE WHEN letters[1] = 's' THEN texts[1] ELSE '' END")),
            member("history", _EARLIER),
        ),
        order_reason("s?(ua)+"),
        CANONICAL,
        LETTERS,
        TOOLS,
        _TEXTS,
        _SAID,
    ),
    schema={
        "instruction": "string: the last user turn",
        "input": "string, always empty",
        "output": "string: the last assistant turn",
        "system": "string, empty without one",
        "history": [["user turn", "assistant turn"]],
    },
)
