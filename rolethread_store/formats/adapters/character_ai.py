"""A Character.AI dump: one character and all conversations with it, each an entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Swipe,
    Turn,
)
from rolethread_store.formats.adapters.lenient import (
    first_text,
    label_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.speakers import character_key
from rolethread_store.model.facts import Character

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    histories = object_of(record, "histories").get("histories")
    if isinstance(histories, list) and isinstance(record.get("info"), dict):
        return "histories of a character"
    character = object_of(record, "character") or record
    if "external_id" in character and {"greeting", "definition"} <= character.keys():
        return "a character's definition with its greeting"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    info = object_of(record, "info") or record
    character = object_of(info, "character") or info
    name = (first_text(character, "name", "participant__name") or "").strip()
    key = character_key(name)
    facts = (
        (
            Character(
                key=key,
                name=name,
                description=first_text(character, "description", "title"),
                extra=json.dumps(character, ensure_ascii=False),
            ),
        )
        if key
        else ()
    )
    drafts = []
    for history in objects_of(object_of(record, "histories"), "histories"):
        turns = _turns(objects_of(history, "msgs"), name, key)
        if turns:
            told = pick(history, ("created", "last_interaction"))
            extra = {"character": name, "conversation_id": label_of(history, "external_id"), **told}
            drafts.append(Draft(turns, extra=trimmed(extra) or None))
    if not drafts and not facts:
        raise RecordOdd("the dump names no character and holds no message")
    return Reading(tuple(drafts), facts)


def _turns(messages: Sequence[JsonObject], name: str, key: str) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    # Where each message stands: an answer that was swiped away names the one that was kept.
    places: dict[str, int] = {}
    waiting: dict[str, list[Swipe]] = {}
    for message in messages:
        text = text_of(message, "text")
        primary = label_of(message, "primary_msg_uuid")
        if text is None:
            continue
        extra = trimmed({"id": label_of(message, "uuid") or label_of(message, "id")})
        if message.get("is_alternative") is True and turns:
            swipe = Swipe(text, extra or None)
            if primary is not None and primary not in places:
                waiting.setdefault(primary, []).append(swipe)
            else:
                at = places.get(primary or "", len(turns) - 1)
                turns[at] = replace(turns[at], alternatives=(*turns[at].alternatives, swipe))
            continue
        human = object_of(message, "src").get("is_human") is True
        speaker = first_text(object_of(message, "src"), "name") or (None if human else name or None)
        image = first_text(message, "image_rel_path")
        own = label_of(message, "uuid")
        turns.append(
            Turn(
                "user" if human else "assistant",
                text,
                name=speaker,
                character=None if human else key or None,
                alternatives=tuple(waiting.pop(own or "", ())),
                extra=trimmed({**extra, "image": image}) or None,
            )
        )
        if own is not None:
            places[own] = len(turns) - 1
    return _with_rest(turns, waiting)


def _with_rest(turns: list[Turn], waiting: dict[str, list[Swipe]]) -> tuple[Turn, ...]:
    """Return the turns, with answers to a message that never came at the last of them."""
    rest = tuple(swipe for swipes in waiting.values() for swipe in swipes)
    if turns and rest:
        turns[-1] = replace(turns[-1], alternatives=(*turns[-1].alternatives, *rest))
    return tuple(turns)


ADAPTER = Adapter(
    name="character-ai",
    title="Character.AI dump",
    recognise=_recognise,
    read=_read,
)
