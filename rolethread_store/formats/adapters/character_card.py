"""Character cards V1, V2, V3 and the two older dialects of the same five fields.

A card is a definition: it becomes a character of the registry that keeps the whole card,
and a lorebook if it has one. The example dialogues are conversations, so each becomes an
entry. Greetings are not: a first message that nobody answered would be an entry of a single
untrained turn, and it is there in the character's ``extra`` for whoever wants to begin with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.lenient import (
    first_text,
    items_of,
    object_of,
    text_of,
    texts_of,
    trimmed,
)
from rolethread_store.formats.adapters.lorebook import lorebook_of
from rolethread_store.formats.adapters.marks import CHARACTER_MARK, USER_MARK, named
from rolethread_store.formats.adapters.speakers import character_key
from rolethread_store.model.facts import Character, Fact

__all__ = ["ADAPTER"]

_SPECS = {"chara_card_v2": "V2", "chara_card_v3": "V3"}
_V1 = {"description", "personality", "scenario", "mes_example"}
# What TavernAI and text-generation-webui called them before V1.
_OLDER = {
    "char_name": "name",
    "char_persona": "description",
    "world_scenario": "scenario",
    "char_greeting": "first_mes",
    "example_dialogue": "mes_example",
}


def _recognise(record: JsonObject) -> str | None:
    spec = text_of(record, "spec")
    if spec in _SPECS and isinstance(record.get("data"), dict):
        return f"spec {spec}"
    if isinstance(record.get("name"), str) and isinstance(record.get("first_mes"), str):
        if len(_V1 & record.keys()) >= 2:
            return "the fields of a V1 card"
    elif isinstance(record.get("char_name"), str) and len(_OLDER.keys() & record.keys()) >= 3:
        return "the fields of a card before V1"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    card = object_of(record, "data") if text_of(record, "spec") in _SPECS else record
    if "char_name" in card and "name" not in card:
        card = {_OLDER.get(key, key): value for key, value in card.items()}
    name = (text_of(card, "name") or "").strip()
    key = character_key(name)
    if not key:
        raise RecordOdd("the card has no name")
    facts: list[Fact] = [
        Character(
            key=key,
            name=name,
            description=first_text(card, "description"),
            extra=json.dumps(record, ensure_ascii=False),
        )
    ]
    book = object_of(card, "character_book")
    if items_of(book, "entries") or object_of(book, "entries"):
        facts.append(lorebook_of(book, first_text(book, "name") or name))
    tags = tuple(dict.fromkeys(tag for one in texts_of(card, "tags") if (tag := one.strip())))
    spoken = _Voices(first_text(card, "nickname") or name, name, key, options.user_name)
    drafts = []
    for preface, turns in _examples(text_of(card, "mes_example") or "", spoken):
        extra = trimmed({"card": name, "part": "example", "preface": preface})
        drafts.append(Draft(turns, tags=tags or None, extra=extra))
    return Reading(tuple(drafts), tuple(facts))


class _Voices:
    """Who is meant by the marks and names before a colon."""

    def __init__(self, called: str, name: str, key: str, user: str | None) -> None:
        self.called, self.key, self.user = called, key, user
        mine = "|".join(map(re.escape, {called, name}))
        theirs = "|".join([USER_MARK, r"You", *([re.escape(user)] if user else [])])
        self.line = re.compile(
            rf"^[ \t]*(?:(?P<char>{CHARACTER_MARK}|{mine})|(?P<user>{theirs}))[ \t]*:[ \t]?",
            re.IGNORECASE | re.MULTILINE,
        )

    def turn(self, is_character: bool, text: str) -> Turn:
        text = named(text, self.called, self.user).strip()
        if is_character:
            return Turn("assistant", text, name=self.called, character=self.key)
        return Turn("user", text, name=self.user)


def _examples(text: str, voices: _Voices) -> Iterator[tuple[str, tuple[Turn, ...]]]:
    """Give what stands before the first speaker, and the turns, of each example."""
    for block in re.split(r"<START>", text, flags=re.IGNORECASE):
        starts = list(voices.line.finditer(block))
        if not starts:
            # Prose alone shows how the character writes.
            if block.strip():
                yield "", (voices.turn(True, block),)
            continue
        ends = [*(start.start() for start in starts[1:]), len(block)]
        turns = tuple(
            voices.turn(start["char"] is not None, block[start.end() : end])
            for start, end in zip(starts, ends, strict=True)
        )
        yield named(block[: starts[0].start()], voices.called, voices.user).strip(), turns


ADAPTER = Adapter(
    name="character-card",
    title="Character card V1, V2, V3 (JSON, PNG, CHARX)",
    recognise=_recognise,
    read=_read,
)
