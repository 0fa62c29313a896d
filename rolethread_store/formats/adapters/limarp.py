"""LimaRP: two authors, their personas, and a scenario.

``{persona, names, scenario, conversation: [{author, message}]}``. Authors are letters or
marks such as ``<FIRST>`` that ``names`` gives names to; such marks within the texts become
the names. Persona and scenario stay in the entry's ``extra``: a name comes again in other
scenes as somebody else, and which prompt is made of them is up to the training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, has_objects, objects, rest, text
from rolethread_store.formats.adapters.speakers import Part, cast, characters

__all__ = ["ADAPTER"]

_MARK = re.compile(r"<[^<>\s]{1,40}>")


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "conversation", "author", "message")
    return '"conversation" of "author" and "message"' if known else None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    said = objects(record, "conversation")
    names = _names(record.get("names"))
    authors = [text(one, "author") for one in said]
    speakers = [names.get(author, author) for author in authors]
    parts = cast(speakers, options)
    turns = [
        _turn(one, speaker, parts[speaker], names)
        for one, speaker in zip(said, speakers, strict=True)
    ]
    return Reading((draft_of(record, turns, ("conversation",)),), characters(parts))


def _names(value: Json) -> dict[str, str]:
    """Return the authors' names; empty when there are none."""
    if not isinstance(value, dict):
        return {}
    return {author: name for author, name in value.items() if isinstance(name, str) and name}


def _turn(one: JsonObject, speaker: str, part: Part, names: Mapping[str, str]) -> Turn:
    extra = rest(one, ("author", "message")) or None
    content = _MARK.sub(lambda mark: names.get(mark[0], mark[0]), text(one, "message"))
    return Turn(part.role, content, name=speaker, character=part.character, extra=extra)


ADAPTER = Adapter("limarp", "LimaRP scenes", _recognise, _read)
