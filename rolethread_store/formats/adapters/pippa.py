"""PIPPA: a chat with a bot, the bot's card beside it.

The greeting is the first turn, also where the conversation leaves it out. The bot becomes
a character of the registry, known by its name and id: many bots bear one name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import (
    draft_of,
    given,
    has_objects,
    objects,
    optional_text,
    rest,
    text,
)
from rolethread_store.formats.adapters.speakers import character_key
from rolethread_store.model.facts import Character

__all__ = ["ADAPTER"]

_MARK = re.compile(r"\{\{(user|char)\}\}", re.IGNORECASE)
_CARD = ("bot_greeting", "bot_definitions", "bot_description")
_ID_LETTERS = 8


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "conversation", "message", "is_human")
    return '"conversation" of "message" and "is_human"' if known else None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    name = optional_text(record, "bot_name").strip()
    facts = (_bot(record, name),) if name else ()
    bot = name or None, facts[0].key if facts else None
    names = given(char=name, user=options.user_name)
    turns = [_turn(said, human, bot, names) for said, human in _said(record)]
    categories = record.get("categories")
    tagged = isinstance(categories, list) and all(isinstance(one, str) for one in categories)
    tags = {"tags": categories} if tagged and "tags" not in record else {}
    return Reading((draft_of({**record, **tags}, turns, ("conversation", *_CARD)),), facts)


def _said(record: JsonObject) -> Iterator[tuple[JsonObject, bool]]:
    """Yield the messages, and whether the human wrote them."""
    conversation = objects(record, "conversation")
    greeting = optional_text(record, "bot_greeting")
    if greeting and conversation[0].get("is_human") is True:
        yield {"message": greeting, "greeting": True}, False
    for index, one in enumerate(conversation):
        human = one.get("is_human")
        if not isinstance(human, bool):
            raise RecordOdd(f"message {index} does not say who wrote it")
        yield one, human


def _turn(
    message: JsonObject, human: bool, bot: tuple[str | None, str | None], names: JsonObject
) -> Turn:
    content = _MARK.sub(lambda mark: names.get(mark[1].lower(), mark[0]), text(message, "message"))
    extra = rest(message, ("message", "is_human")) or None
    if human:
        return Turn("user", content, extra=extra)
    return Turn("assistant", content, name=bot[0], character=bot[1], extra=extra)


def _bot(record: JsonObject, name: str) -> Character:
    bot_id = record.get("bot_id")
    known = bot_id[:_ID_LETTERS] if isinstance(bot_id, str) else ""
    card = given(bot_id=bot_id, **{key: record.get(key) for key in _CARD})
    return Character(
        key=character_key(f"{name} {known}"),
        name=name,
        description=optional_text(record, "bot_description") or None,
        extra=json.dumps(card, ensure_ascii=False) if card else None,
    )


ADAPTER = Adapter("pippa", "PIPPA chats", _recognise, _read)
