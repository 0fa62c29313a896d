"""Who said what: the form that transcripts and tables of turns are brought to.

``{"transcript": {"title", "preface", "turns": [{"speaker", "text", …}]}}``. Roles follow
the rule in ``speakers``; what nobody speaks is narration.
"""

from __future__ import annotations

from collections.abc import Mapping

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import (
    draft_of,
    has_objects,
    objects,
    optional_text,
    rest,
    text,
)
from rolethread_store.formats.adapters.speakers import NARRATION, Part, cast, characters

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    held = record.get("transcript")
    known = isinstance(held, dict) and has_objects(held, "turns", "text")
    return '"transcript" with "turns" of "text"' if known else None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    held: JsonObject = record["transcript"]
    said = objects(held, "turns")
    speakers = [optional_text(one, "speaker") for one in said]
    parts = cast([speaker for speaker in speakers if speaker.strip()], options)
    turns = [_turn(one, speaker, parts) for one, speaker in zip(said, speakers, strict=True)]
    beside = {**rest(record, ("transcript",)), **rest(held, ("turns",))}
    return Reading((draft_of(beside, turns, ()),), characters(parts))


def _turn(one: JsonObject, speaker: str, parts: Mapping[str, Part]) -> Turn:
    part = parts.get(speaker, NARRATION)
    return Turn(
        part.role,
        text(one, "text"),
        name=speaker or None,
        character=part.character,
        extra=rest(one, ("speaker", "text")) or None,
    )


ADAPTER = Adapter("transcript", "transcript of speakers", _recognise, _read)
