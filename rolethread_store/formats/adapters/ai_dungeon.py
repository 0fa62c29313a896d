"""AI Dungeon: an adventure put together from its text, and story cards as lore."""

from __future__ import annotations

import json

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.lenient import first_text, object_of, objects_of, text_of
from rolethread_store.formats.adapters.speakers import character_key
from rolethread_store.model.facts import Lorebook

__all__ = ["ADAPTER"]

_CARD = ("keys", "value", "type")


def _recognise(record: JsonObject) -> str | None:
    adventure = record.get("ai-dungeon")
    if len(record) == 1 and isinstance(adventure, dict):
        return "the turns of an adventure" if isinstance(adventure.get("turns"), list) else None
    if all(isinstance(record.get(key), str) for key in _CARD):
        return "a story card with keys, value and type"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    if "ai-dungeon" not in record:
        return Reading(facts=(_card(record),))
    turns = []
    for one in objects_of(object_of(record, "ai-dungeon"), "turns"):
        text = text_of(one, "text")
        if text is not None:
            turns.append(Turn("user" if one.get("player") is True else "assistant", text))
    if not turns:
        raise RecordOdd("the adventure has no text")
    return Reading((Draft(tuple(turns)),))


def _card(record: JsonObject) -> Lorebook:
    name = (first_text(record, "title", "name", "keys") or "").strip()
    key = character_key(name)
    if not key:
        raise RecordOdd("the story card has neither a title nor keys")
    return Lorebook(
        key=key,
        name=name,
        description=first_text(record, "description"),
        extra=json.dumps(record, ensure_ascii=False),
    )


ADAPTER = Adapter(
    name="ai-dungeon",
    title="AI Dungeon adventure (text) or story cards (JSON)",
    recognise=_recognise,
    read=_read,
)
