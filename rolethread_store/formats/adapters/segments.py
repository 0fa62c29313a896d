"""Axolotl's ``input_output``: ``{segments: [{label, text}]}``, what to train on marked.

A segment that is trained on is an assistant's turn of weight 1, any other a user's turn of
weight 0; the texts, a template's marks included, stay as they are.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, has_objects, objects, rest, text

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "segments", "label", "text")
    return '"segments" of "label" and "text"' if known else None


def _turn(segment: JsonObject, index: int) -> Turn:
    trained = segment.get("label")
    if not isinstance(trained, bool):
        raise RecordOdd(f"segment {index} has a label that is neither true nor false")
    return Turn(
        "assistant" if trained else "user",
        text(segment, "text"),
        weight=float(trained),
        extra=rest(segment, ("label", "text")) or None,
    )


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns = [_turn(one, index) for index, one in enumerate(objects(record, "segments"))]
    return Reading((draft_of(record, turns, ("segments",)),))


ADAPTER = Adapter("segments", "segments with labels (Axolotl input_output)", _recognise, _read)
