"""Pairs of a better and a worse answer, from what an entry holds.

An entry that came as a preference record carries ``chosen`` and ``rejected`` among its
fields, as texts, messages or lists of messages, with or without the turns before them. Where
the better answer is among its turns as well and the two differ, the turns count: they are what
people edit. In all others each alternative of an assistant turn is an answer that was turned
down for the one that stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolethread_store.formats.json_text import field, joined, json_of, member
from rolethread_store.formats.sharegpt import SHAREGPT
from rolethread_store.formats.targets.turns import (
    BESIDE_TEXT,
    CANONICAL,
    LETTERS,
    STRUCTURED,
    TEXT,
    TOOLS,
    chat_message,
)

__all__ = ["PAIR_REASON", "PAIR_STEPS", "SAID"]


def _answers(key: str) -> str:
    """Return SQL for a field as a list of JSON values: a text or one message is a list of one."""
    return (
        f"CASE json_type(extra, '$.{key}') WHEN 'ARRAY' THEN json_extract(extra, '$.{key}[*]') "
        f"WHEN 'OBJECT' THEN [json_extract(extra, '$.{key}')] "
        f"WHEN 'VARCHAR' THEN [json_extract(extra, '$.{key}')] END"
    )


_LABEL = (
    "coalesce(json_extract_string(answer, '$.role'), json_extract_string(answer, '$.from'), "
    "'assistant')"
)
_ANSWER = (
    "CASE WHEN json_type(answer) = 'OBJECT' THEN "
    + joined(
        member("role", json_of(SHAREGPT.role_sql(_LABEL))),
        member(
            "content",
            f"coalesce({field('answer', 'content')}, {field('answer', 'value')}, '\"\"')",
        ),
        member("tool_calls", field("answer", "tool_calls")),
        member("tool_call_id", field("answer", "tool_call_id")),
    )
    + ' ELSE \'{"role":"assistant","content":\' || CAST(answer AS VARCHAR) || \'}\' END'
)


def _messages(answers: str) -> str:
    return f"list_transform({answers}, lambda answer: {_ANSWER})"


SAID = {
    "said": "list_transform(messages, lambda one: "
    f"{chat_message(member('name', json_of('one.name')), content=STRUCTURED)})"
}
"""The step that writes every message as JSON, once for all the prompts it is part of."""

_GIVEN = {
    "better": f"CASE WHEN extra IS NOT NULL THEN {_answers('chosen')} END",
    "worse": f"CASE WHEN extra IS NOT NULL THEN {_answers('rejected')} END",
}
_CARRIED = "len(better) > 0 AND len(worse) > 0"
_LAST_ANSWER = (
    "coalesce(json_extract_string(better[-1], '$.content'), "
    "json_extract_string(better[-1], '$.value'), json_extract_string(better[-1], '$'))"
)
_LAST_TEXT = f"list_transform(messages[-1:], lambda one: {TEXT})[1]"
_MARKED = (
    "list_filter({}, lambda other: other.extra IS NOT NULL "
    "AND json_extract_string(other.extra, '$.preference') = 'rejected')"
)
# The turn where the answers part, which an adapter marks by the one that was turned down.
_PARTING = (
    "list_max(list_transform(messages, lambda one, place: "
    f"CASE WHEN len({_MARKED.format('one.alternatives')}) > 0 THEN place END))"
)
_BESIDE = f"{_MARKED.format('messages[parting].alternatives')}[1].content"
# Records with a list of messages of their own may have the better conversation there too. Only
# an edit tells a copy that has become another from what was another all along.
_COPIED = "len(messages) = len(better) AND updated_at > created_at AND letters LIKE '%a'"
_TOLD = (
    "list_transform({}, lambda answer: coalesce(CASE WHEN json_type(answer) = 'OBJECT' "
    "THEN coalesce(json_extract_string(answer, '$.content'), "
    "json_extract_string(answer, '$.value')) ELSE json_extract_string(answer, '$') END, ''))"
)
_TURNS = f"list_transform(messages, lambda one: coalesce({TEXT}, ''))"
_MEETING = {
    # How many turns both answers begin with; each keeps one for its own.
    "shared": f"CASE WHEN {_CARRIED} THEN len(list_filter(range(1, least(len(better), "
    "len(worse))), lambda place: better[1:place] = worse[1:place])) END",
    # How many of the entry's turns come before the answers.
    "before": f"CASE WHEN NOT {_CARRIED} THEN NULL "
    f"WHEN len(messages) >= len(better) AND {_LAST_TEXT} = {_LAST_ANSWER} "
    "THEN len(messages) - len(better) "
    "ELSE len(regexp_replace(letters, '[ac]+$', '')) END",
    # The first of the turns that are the better answer.
    "parting": f"CASE WHEN {_CARRIED} THEN {_PARTING} END",
}
_OWN = {
    # How many turns come before those that say something else than ``better`` does.
    "own": f"CASE WHEN NOT {_CARRIED} THEN NULL WHEN parting IS NOT NULL "
    f"THEN CASE WHEN {_TURNS}[parting:] IS DISTINCT FROM {_TOLD.format('better')} "
    f"OR coalesce({_BESIDE}, '') IS DISTINCT FROM {_TOLD.format('worse[1:1]')}[1] "
    "THEN parting - 1 END "
    f"WHEN {_COPIED} AND {_TURNS} IS DISTINCT FROM {_TOLD.format('better')} THEN shared END",
}
_CARRIED_PROMPT = (
    f"CASE WHEN shared > 0 AND shared >= before THEN {_messages('better[1:shared]')} "
    f"ELSE list_concat(said[1:before], {_messages('better[1:shared]')}) END"
)
_REJECTED = (
    f"CASE WHEN own IS NULL OR parting IS NULL OR {_BESIDE} IS NULL "
    f"THEN {_messages('worse[shared + 1:]')} ELSE list_concat("
    f'[\'{{"role":"assistant","content":\' || {json_of(_BESIDE)} || \'}}\'], '
    f"{_messages('worse[2:]')}) END"
)
_CARRIED_PAIR = (
    f"[{{'prompt': array_to_string(CASE WHEN own IS NULL THEN {_CARRIED_PROMPT} "
    "ELSE said[1:own] END, ','), "
    "'chosen': array_to_string(CASE WHEN own IS NULL "
    f"THEN {_messages('better[shared + 1:]')} ELSE said[own + 1:] END, ','), "
    f"'rejected': array_to_string({_REJECTED}, ','), "
    "'alone': CASE WHEN own IS NULL THEN len(better) = shared + 1 "
    "ELSE len(said) = own + 1 END AND len(worse) = shared + 1}]"
)
_OTHER = '\'{"role":"assistant","content":\' || ' + json_of("other.content") + " || '}'"
_OTHERS = (
    "list_transform(list_filter(one.alternatives, lambda other: other.content IS NOT NULL "
    "AND other.content IS DISTINCT FROM one.content), lambda other: "
    "{'prompt': array_to_string(said[1:place - 1], ','), 'chosen': said[place], "
    f"'rejected': {_OTHER}, 'alone': true}})"
)
_PAIR_TYPE = "STRUCT(prompt VARCHAR, chosen VARCHAR, rejected VARCHAR, alone BOOLEAN)[]"
_FOUND = (
    f"CASE WHEN {_CARRIED} THEN {_CARRIED_PAIR} ELSE flatten(list_transform(messages, "
    "lambda one, place: CASE WHEN one.role = 'assistant' AND len(one.alternatives) > 0 "
    f"THEN {_OTHERS} ELSE [] END)) END"
)
_FOUND_PAIRS = {"found": f"CAST({_FOUND} AS {_PAIR_TYPE})"}
# An answer to nothing teaches nothing, and templates refuse it.
_PAIRS = {"pairs": "list_filter(found, lambda pair: pair.prompt <> '')"}

PAIR_STEPS: tuple[Mapping[str, str], ...] = (
    CANONICAL, LETTERS, TOOLS, SAID, _GIVEN, _MEETING, _OWN, _FOUND_PAIRS, _PAIRS,
)  # fmt: skip
"""Steps that end in ``pairs``: prompt, chosen and rejected as JSON messages, and whether both
answers are one message."""

PAIR_REASON = (
    "CASE WHEN coalesce(len(found), 0) = 0 "
    "THEN 'no answer that was turned down (alternatives, or chosen and rejected)' "
    "WHEN len(pairs) = 0 THEN 'no turn before the answers' "
    f"WHEN {BESIDE_TEXT} THEN 'images, videos or audios beside the text' "
    "WHEN contains(letters, 'x') THEN 'a turn of a role the target does not know' END"
)
"""Why an entry gives no pairs, over :data:`PAIR_STEPS`."""
