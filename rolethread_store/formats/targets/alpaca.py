"""Alpaca: one instruction and its answer, earlier exchanges as ``history``.

LLaMA-Factory's form, of which the older trainers read the first three fields. All keys
stand in every record: a loader that infers a schema from the first one must not miss any.
"""

from __future__ import annotations

from rolethread_store.engine import literal
from rolethread_store.formats.flat import ALPACA as OWN
from rolethread_store.formats.flat_rendering import flat_line_sql, input_of
from rolethread_store.formats.json_text import joined, json_list, json_of, member
from rolethread_store.formats.targets.target import Target, single
from rolethread_store.formats.targets.turns import CANONICAL, LETTERS, TEXT, TOOLS, order_reason

__all__ = ["alpaca"]

_TEXTS = {"texts": f"list_transform(messages, lambda one: {TEXT})"}
_SAID = {"said": "CASE WHEN letters[1] = 's' THEN texts[2:] ELSE texts END"}
_EARLIER = json_list(
    "range(1, len(said) - 2, 2)", json_of("[said[place], said[place + 1]]"), "place"
)

_ASKED = input_of("said[len(said) - 1]")
_RECORD = joined(
    member("instruction", json_of(_ASKED.instruction)),
    member("input", json_of(f"CASE WHEN {_ASKED.parted} THEN {_ASKED.given} ELSE '' END")),
    member("output", json_of("said[len(said)]")),
    member("system", json_of("CASE WHEN letters[1] = 's' THEN texts[1] ELSE '' END")),
    member("history", _EARLIER),
)
# Known by name: the record in its own fields, for entries that came in these.
_OWN = {"own": f"CASE WHEN origin.format = {literal(OWN.name)} THEN {flat_line_sql(OWN)} END"}


def alpaca(*, clean: bool) -> Target:
    """Return the target.

    Args:
        clean: Only what a trainer reads; otherwise an entry that came as such a record is
            one with the fields it had, tags and unknown ones included.
    """
    reason = order_reason("s?(ua)+")
    steps = (CANONICAL, LETTERS, TOOLS, _TEXTS, _SAID)
    rows = (
        single(_RECORD, reason, *steps)
        if clean
        else single(
            f"coalesce(own, {_RECORD})",
            f"CASE WHEN own IS NULL THEN {reason} END",
            _OWN,
            *steps,
        )
    )
    return Target(
        name="alpaca",
        title="instruction, input, output, system and history",
        rows=rows,
        schema={
            "instruction": "string: the last user turn",
            "input": "string, empty unless the entry came with one",
            "output": "string: the last assistant turn",
            "system": "string, empty without one",
            "history": [["user turn", "assistant turn"]],
        },
    )
