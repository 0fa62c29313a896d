"""Conversations made to fit a trainer before they are written; the store stays as it is.

Each step is SQL over the list of messages, in this order: names, the greeting, system
turns, the ending, and at last one row for each answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rolethread_store.engine import literal
from rolethread_store.formats.parts import MESSAGE_FIELDS, message_struct
from rolethread_store.segments import MESSAGE_TYPE

__all__ = ["STUB", "Arrangement", "Ending", "Greeting", "Names", "SystemTurns", "arranged_sql"]

STUB = "[Start a new chat.]"


class Names(StrEnum):
    """What becomes of who speaks."""

    KEEP = "keep"
    PREFIX = "prefix"
    DROP = "drop"


class Greeting(StrEnum):
    """What becomes of an assistant turn that opens the conversation."""

    KEEP = "keep"
    STUB = "stub"
    FOLD = "fold"


class SystemTurns(StrEnum):
    """What becomes of system turns."""

    KEEP = "keep"
    MERGE = "merge"
    FIRST = "first"


class Ending(StrEnum):
    """What becomes of the turns after the last answer."""

    KEEP = "keep"
    TRIM = "trim"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How conversations are made to fit.

    Attributes:
        names: ``prefix`` puts them before the text, ``drop`` leaves them out.
        greeting_first: ``stub`` puts a user turn before an assistant turn that opens the
            conversation, ``fold`` moves it to the end of the system prompt.
        stub: The text of that user turn.
        system: ``merge`` joins all system turns in front, ``first`` puts the first in front and
            leaves the others out.
        ending: ``trim`` leaves out the turns after the last answer.
        unroll: One record for each assistant turn, which ends with it.
    """

    names: Names = Names.KEEP
    greeting_first: Greeting = Greeting.KEEP
    stub: str = STUB
    system: SystemTurns = SystemTurns.KEEP
    ending: Ending = Ending.KEEP
    unroll: bool = False


_SYSTEM = "one.role IN ('system', 'developer')"
_ANSWER = "one.role IN ('assistant', 'function_call')"
_SPEAKER = "coalesce(one.name, one.character)"


_LABEL = "coalesce(json_extract_string(extra, '$.label'), json_extract_string(extra, '$.kto_tag'))"
# What says how good an answer is speaks of the last one: no earlier answer may be trained on it.
_WITHOUT = (
    'json_merge_patch(extra, \'{"chosen":null,"rejected":null\' || '
    f"CASE WHEN lower({_LABEL}) IN ('true', 'false', '1', '0') "
    "THEN ',\"label\":null,\"kto_tag\":null' ELSE '' END || '}')"
)
_JUDGED = (
    "CASE WHEN turn = len(messages) OR extra IS NULL "
    "OR NOT regexp_matches(extra, '\"(chosen|rejected|label|kto_tag)\"') THEN extra "
    f"ELSE nullif(CAST({_WITHOUT} AS VARCHAR), '{{}}') END"
)


def arranged_sql(relation: str, arrangement: Arrangement) -> str:
    """Return SQL for the rows of a relation with their messages arranged.

    The rows get a column ``turn``, by which those of one entry are ordered, and ``lead``,
    which is true for the first of them.
    """
    steps = []
    if arrangement.names is not Names.KEEP:
        steps.append(_names_sql(arrangement.names))
    if arrangement.greeting_first is Greeting.STUB:
        steps.append(_stub_sql(arrangement.stub))
    if arrangement.greeting_first is Greeting.FOLD:
        steps.append(_fold_sql())
    if arrangement.system is not SystemTurns.KEEP:
        steps.append(_system_sql(arrangement.system))
    if arrangement.ending is Ending.TRIM:
        steps.append(_trim_sql())
    for step in steps:
        typed = f"CAST({step} AS {MESSAGE_TYPE}[])"
        relation = f"SELECT * REPLACE ({typed} AS messages) FROM ({relation})"
    if not arrangement.unroll:
        return f"SELECT *, 0 AS turn, true AS lead FROM ({relation})"
    places = (
        "list_filter(range(1, len(messages) + 1), lambda place: "
        "messages[place].role IN ('assistant', 'function_call'))"
    )
    # An entry without answers stays as it is, for the target to say what is wrong with it.
    kept = f"CASE WHEN len({places}) > 0 THEN {places} ELSE [len(messages)] END"
    return (
        f"SELECT * REPLACE (messages[:turn] AS messages, {_JUDGED} AS extra) "
        "FROM (SELECT * EXCLUDE (places), "
        "unnest(places) AS turn, unnest(places) = places[1] AS lead "
        f"FROM (SELECT *, {kept} AS places FROM ({relation})))"
    )


def _message(**fields: str) -> str:
    return message_struct({**MESSAGE_FIELDS, **fields})


def _names_sql(names: Names) -> str:
    content, others = "one.content", "one.alternatives"
    if names is Names.PREFIX:
        content, told = _prefixed("one.content"), _prefixed("other.content")
        others = (
            "list_transform(one.alternatives, lambda other: "
            f"struct_update(other, content := {told}))"
        )
    changed = (
        f"struct_update(one, content := {content}, alternatives := {others}, "
        "name := CAST(NULL AS VARCHAR), "
        '"character" := CAST(NULL AS VARCHAR))'
    )
    return f"list_transform(messages, lambda one: {changed})"


def _prefixed(content: str) -> str:
    return (
        f"CASE WHEN {_SPEAKER} IS NOT NULL AND {content} IS NOT NULL AND NOT {_SYSTEM} "
        f"AND one.role <> 'tool' THEN {_SPEAKER} || ': ' || {content} ELSE {content} END"
    )


def _opening() -> tuple[str, str]:
    """Return SQL for how many system turns lead, and how many assistant turns follow them."""
    leading = f"list_position(list_transform(messages, lambda one: NOT ({_SYSTEM})), true)"
    first = f"coalesce({leading}, len(messages) + 1) - 1"
    talking = (
        f"list_position(list_transform(messages[({first}) + 1:], "
        "lambda one: one.role = 'assistant'), false)"
    )
    return first, f"coalesce({talking}, len(messages) + 1 - ({first})) - 1"


def _stub_sql(stub: str) -> str:
    first, greetings = _opening()
    made = _message(role="'user'", content=literal(stub))
    return (
        f"CASE WHEN {greetings} > 0 THEN list_concat(messages[:{first}], "
        f"list_concat([CAST({made} AS {MESSAGE_TYPE})], messages[({first}) + 1:])) "
        "ELSE messages END"
    )


def _fold_sql() -> str:
    """Return SQL that moves opening assistant turns of text into the system prompt.

    A turn with more than text stays where it is: a prompt could not hold it.
    """
    first, greetings = _opening()
    greeting = f"messages[({first}) + 1:({first}) + ({greetings})]"
    texts = f"list_transform({greeting}, lambda one: one.content)"
    told = f"array_to_string({texts}, chr(10) || chr(10))"
    untold = f"len(list_filter({greeting}, lambda one: one.content IS NULL)) > 0"
    rest = f"messages[({first}) + ({greetings}) + 1:]"
    made = _message(role="'system'", content=told)
    longer = (
        f"list_transform(messages[{first}:{first}], lambda one: struct_update(one, content := "
        f"one.content || chr(10) || chr(10) || {told}))"
    )
    return (
        f"CASE WHEN {greetings} <= 0 OR {untold} THEN messages "
        f"WHEN {first} = 0 THEN list_concat([CAST({made} AS {MESSAGE_TYPE})], {rest}) "
        f"WHEN messages[{first}].content IS NULL THEN messages "
        f"ELSE list_concat(messages[:({first}) - 1], list_concat({longer}, {rest})) END"
    )


def _system_sql(system: SystemTurns) -> str:
    """Return SQL that leaves one system turn, in front; what is not text is not joined."""
    turns = f"list_filter(messages, lambda one: {_SYSTEM})"
    others = f"list_filter(messages, lambda one: NOT coalesce({_SYSTEM}, false))"
    joined = (
        f"array_to_string(list_transform({turns}, lambda one: one.content), chr(10) || chr(10))"
    )
    untold = f"len(list_filter({turns}, lambda one: one.content IS NULL)) > 0"
    if system is SystemTurns.FIRST:
        return (
            f"CASE WHEN len({turns}) = 0 THEN messages ELSE list_concat({turns}[:1], {others}) END"
        )
    merged = f"list_transform({turns}[:1], lambda one: struct_update(one, content := {joined}))"
    return (
        f"CASE WHEN len({turns}) = 0 OR {untold} THEN messages "
        f"ELSE list_concat({merged}, {others}) END"
    )


def _trim_sql() -> str:
    """Return SQL that ends the messages with the last answer, if there is one."""
    answers = f"list_transform(list_reverse(messages), lambda one: {_ANSWER})"
    backwards = f"list_position({answers}, true)"
    return (
        f"CASE WHEN {backwards} IS NULL THEN messages "
        f"ELSE messages[:len(messages) + 1 - {backwards}] END"
    )
