"""CRD3: an evening at the table as ``{TURNS: [{NAMES, UTTERANCES, NUMBER}]}``.

Utterances are the lines of captions, joined by a blank. Words that several people say at
once have all their names, the role of the first, and no one character.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, has_objects, objects, rest
from rolethread_store.formats.adapters.speakers import NARRATION, Part, cast, characters

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "TURNS", "NAMES", "UTTERANCES")
    return '"TURNS" of "NAMES" and "UTTERANCES"' if known else None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    said = objects(record, "TURNS")
    spoken = [_texts(one, "NAMES", index) for index, one in enumerate(said)]
    parts = cast([name for names in spoken for name in names], options)
    turns = [
        _turn(one, names, parts, index)
        for index, (one, names) in enumerate(zip(said, spoken, strict=True))
    ]
    return Reading((draft_of(record, turns, ("TURNS",)),), characters(parts))


def _texts(one: JsonObject, key: str, index: int) -> list[str]:
    value = one.get(key)
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise RecordOdd(f'turn {index}: "{key}" is not a list of texts')
    return value


def _turn(one: JsonObject, names: list[str], parts: Mapping[str, Part], index: int) -> Turn:
    part = parts[names[0]] if names else NARRATION
    extra = rest(one, ("NAMES", "UTTERANCES", "NUMBER"))
    if "NUMBER" in one:
        extra["number"] = one["NUMBER"]
    if len(names) > 1:
        extra["speakers"] = names
    return Turn(
        part.role,
        " ".join(_texts(one, "UTTERANCES", index)),
        name=", ".join(names) or None,
        character=part.character if len(names) == 1 else None,
        extra=extra or None,
    )


ADAPTER = Adapter("crd3", "CRD3 table talk", _recognise, _read)
