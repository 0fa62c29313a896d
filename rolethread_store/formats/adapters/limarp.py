"""LimaRP: two authors, their personas, and a scenario.

``{persona, names, scenario, conversation: [{author, message}]}``. Authors are letters or
marks such as ``<FIRST>`` that ``names`` gives names to; such marks within the texts become
the names. Persona and scenario stay in the entry's ``extra``: which prompt is made of them
is up to the training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, has_objects, objects, rest, text
from rolethread_store.formats.adapters.speakers import Part, cast, characters
from rolethread_store.model.facts import Character

__all__ = ["ADAPTER"]

_MARK = re.compile(r"<[^<>\s]{1,40}>")


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "conversation", "author", "message")
    return '"conversation" of "author" and "message"' if known else None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    said = objects(record, "conversation")
    names = _texts(record.get("names"))
    authors = [text(one, "author") for one in said]
    speakers = [names.get(author) or author for author in authors]
    parts = cast(speakers, options)
    turns = [
        _turn(one, speaker, parts[speaker], names)
        for one, speaker in zip(said, speakers, strict=True)
    ]
    personas = {
        names.get(author, author): _named(persona, names)
        for author, persona in _texts(record.get("persona")).items()
    }
    facts = tuple(_described(one, personas) for one in characters(parts))
    return Reading((draft_of(record, turns, ("conversation",)),), facts)


def _texts(value: object) -> dict[str, str]:
    """Return the texts of an object by their keys; empty when it is none."""
    if not isinstance(value, dict):
        return {}
    return {key: one for key, one in value.items() if isinstance(one, str)}


def _named(content: str, names: Mapping[str, str]) -> str:
    return _MARK.sub(lambda mark: names.get(mark[0], mark[0]), content)


def _turn(one: JsonObject, speaker: str, part: Part, names: Mapping[str, str]) -> Turn:
    extra = rest(one, ("author", "message")) or None
    content = _named(text(one, "message"), names)
    return Turn(part.role, content, name=speaker, character=part.character, extra=extra)


def _described(character: Character, personas: Mapping[str, str]) -> Character:
    return character.model_copy(update={"description": personas.get(character.name)})


ADAPTER = Adapter("limarp", "LimaRP scenes", _recognise, _read)
