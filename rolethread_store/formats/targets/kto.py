"""KTO: one answer and whether it is wanted, as TRL's unpaired preference."""

from __future__ import annotations

from rolethread_store.formats.json_text import joined, member
from rolethread_store.formats.targets.preference import PAIR_REASON, PAIR_STEPS
from rolethread_store.formats.targets.target import Target, many
from rolethread_store.formats.targets.turns import TOOLS_MEMBER, order_reason

__all__ = ["KTO"]

_LABELLED = {
    "label": "CASE WHEN extra IS NULL THEN NULL ELSE "
    "CASE lower(coalesce(json_extract_string(extra, '$.label'), "
    "json_extract_string(extra, '$.kto_tag'))) WHEN 'true' THEN 'true' WHEN '1' THEN "
    "'true' WHEN 'false' THEN 'false' WHEN '0' THEN 'false' END END"
}


def _record(prompt: str, completion: str, label: str) -> str:
    return joined(
        f"'\"prompt\":[' || {prompt} || ']'",
        f"'\"completion\":[' || {completion} || ']'",
        member("label", label),
        TOOLS_MEMBER,
    )


# The answer that stands is written once, however many were turned down for it.
_OF_PAIR = (
    "CASE WHEN place > 1 AND pairs[place - 1].prompt = pair.prompt THEN [] "
    "ELSE [" + _record("pair.prompt", "pair.chosen", "'true'") + "] END"
)
_TURNED_DOWN = "[" + _record("pair.prompt", "pair.rejected", "'false'") + "]"
_OF_LABEL = _record("array_to_string(said[:-2], ',')", "said[-1]", "label")
_RECORDS = (
    f"CASE WHEN label IS NOT NULL THEN [{_OF_LABEL}] ELSE flatten(list_transform(pairs, "
    f"lambda pair, place: list_concat({_OF_PAIR}, {_TURNED_DOWN}))) END"
)
_TURN = {"role": "string", "content": "string or list of parts"}

KTO = Target(
    name="kto",
    title="prompt, completion and label, for TRL's KTOTrainer",
    loaded=True,
    rows=many(
        _RECORDS,
        f"CASE WHEN label IS NOT NULL THEN {order_reason('.*[ut].*[ac]', text=False)} "
        f"ELSE {PAIR_REASON} END",
        *PAIR_STEPS,
        _LABELLED,
    ),
    schema={
        "prompt": [_TURN],
        "completion": [_TURN],
        "label": "boolean",
        "tools": "list, where the entry has some",
    },
)
