"""Entries that came as instructions and answers, back into the fields they came in."""

from __future__ import annotations

from typing import NamedTuple

from rolethread_store.formats.dialect import RESERVED_KEY
from rolethread_store.formats.flat import BLANK_LINE, FlatDialect
from rolethread_store.formats.json_text import field, joined, json_of, member
from rolethread_store.formats.rendering import rest_of

__all__ = ["Asked", "flat_line_sql", "input_of"]

_MARK = f"'$.\"{RESERVED_KEY}\".input'"
_ROLES = "array_to_string(list_transform(messages, lambda one: coalesce(one.role, '?')), ' ')"
_BARE = (
    "len(list_filter(messages, lambda one: one.content IS NULL OR one.name IS NOT NULL "
    "OR one.character IS NOT NULL OR one.weight IS NOT NULL OR one.alternatives IS NOT NULL "
    "OR one.extra IS NOT NULL)) = 0"
)
_FITS = f"regexp_full_match({_ROLES}, '(system )?(user assistant)( user assistant)*') AND {_BARE}"


class Asked(NamedTuple):
    """SQL for the two parts of a question.

    Attributes:
        parted: Whether it has two: an instruction and its input.
        instruction: The first, or all of it.
        given: The second, which is there only if it is parted.
    """

    parted: str
    instruction: str
    given: str


def input_of(asked: str) -> Asked:
    """Return the parts of a question, as far as an edit has left them where they were joined."""
    length = f"TRY_CAST(json_extract_string(extra, {_MARK}) AS BIGINT)"
    parted = f"coalesce(substr({asked}, {length} + 1, 2) = {BLANK_LINE}, false)"
    return Asked(
        parted,
        f"CASE WHEN {parted} THEN substr({asked}, 1, {length}) ELSE {asked} END",
        f"substr({asked}, {length} + 3)",
    )


def flat_line_sql(dialect: FlatDialect) -> str:
    """Return SQL over an entry's columns giving its record in this dialect's fields.

    It is ``NULL`` for an entry that is not an optional system prompt followed by exchanges
    of nothing but texts. An instruction is parted from its input where it was joined to
    it, unless an edit has changed that place.
    """
    asked, answered = "messages[len(messages) - 1].content", "messages[len(messages)].content"
    about = input_of(asked)
    has_system = "messages[1].role = 'system'"
    first = f"CASE WHEN {has_system} THEN 2 ELSE 1 END"
    pair = json_of("[messages[place].content, messages[place + 1].content]")
    earlier = (
        f"'[' || array_to_string(list_transform(range({first}, len(messages) - 2, 2), "
        f"lambda place: {pair}), ',') || ']'"
    )
    given = (
        f"CASE WHEN {about.parted} THEN {json_of(about.given)} "
        f"WHEN coalesce(json_type(extra, {_MARK}) = 'BOOLEAN', false) THEN NULL ELSE '\"\"' END"
    )
    taken = {
        "instruction": "true",
        dialect.output_key: "true",
        dialect.input_key: f"{given} IS NOT NULL",
        "system": has_system,
        "history": f"len(messages) > {first} + 1",
        "tags": "tags IS NOT NULL",
    }
    members = [
        member("instruction", json_of(about.instruction)),
        member(dialect.input_key, given),
        member(dialect.output_key, json_of(answered)),
        f"CASE WHEN {has_system} THEN {member('system', json_of('messages[1].content'))} END",
        f"CASE WHEN {taken['history']} THEN {member('history', earlier)} END",
        member("tags", json_of("tags")),
        *(
            f"CASE WHEN {condition} THEN {member(f'original_{key}', field('extra', key))} END"
            for key, condition in taken.items()
        ),
        f"CASE WHEN extra IS NOT NULL THEN {rest_of('extra', taken)} END",
    ]
    return f"CASE WHEN {_FITS} THEN {joined(*members)} END"
