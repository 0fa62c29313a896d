"""Transcript: plain text for people, each turn under the name of who speaks."""

from __future__ import annotations

from rolethread_store.formats.targets.target import Rows, Target
from rolethread_store.formats.targets.turns import TEXT

__all__ = ["TRANSCRIPT"]

_SPEAKER = (
    "coalesce(one.name, one.character, CASE one.role WHEN 'user' THEN 'User' "
    "WHEN 'assistant' THEN 'Assistant' WHEN 'system' THEN 'System' WHEN 'tool' THEN 'Tool' "
    "ELSE one.role END, '?')"
)
_TURNS = {"turns": f"list_transform(messages, lambda one: {_SPEAKER} || ': ' || {TEXT})"}

TRANSCRIPT = Target(
    name="transcript",
    title="plain text with the names of who speaks",
    rows=Rows(
        text="array_to_string(turns, chr(10) || chr(10)) || chr(10) || chr(10) || '* * *' "
        "|| chr(10) || chr(10)",
        reason="CASE WHEN coalesce(len(messages), 0) = 0 THEN 'no turns' "
        "WHEN list_contains(list_transform(turns, lambda turn: turn IS NULL), true) "
        "THEN 'a turn that is not text' END",
        steps=(_TURNS,),
    ),
    schema={"turn": "NAME: text, then an empty line", "entry": "its turns, then * * *"},
    ending=".txt",
)
