"""A SillyTavern chat: a header and messages with swipes, put together from its lines.

The chosen swipe is the turn, the others are its alternatives. Hidden messages stay in their
place with the role ``system`` and ``hidden`` in ``extra``. Speakers that are not the person
are characters.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Swipe,
    Turn,
)
from rolethread_store.formats.adapters.lenient import (
    first_text,
    items_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_text
from rolethread_store.formats.adapters.speakers import Part, character_key, characters

__all__ = ["ADAPTER"]

# What newer versions write where older ones wrote names.
_UNUSED = "unused"


def _recognise(record: JsonObject) -> str | None:
    chat = record.get("sillytavern")
    if len(record) == 1 and isinstance(chat, dict) and isinstance(chat.get("messages"), list):
        return "the header and lines of a SillyTavern chat"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    chat = object_of(record, "sillytavern")
    header = object_of(chat, "header")
    usual = _known(first_text(header, "character_name"))
    turns = tuple(_turn(message, usual) for message in objects_of(chat, "messages"))
    if not turns:
        raise RecordOdd("the chat has a header and no messages")
    cast = {
        turn.name: Part("assistant", turn.character)
        for turn in turns
        if turn.name is not None and turn.character is not None
    }
    extra = trimmed(
        {
            "user_name": _known(first_text(header, "user_name")),
            "character_name": usual,
            "create_date": header.get("create_date"),
            "created_at": from_text(header.get("create_date")),
            "chat_metadata": object_of(header, "chat_metadata"),
        }
    )
    return Reading((Draft(turns, extra=extra or None),), characters(cast))


def _known(name: str | None) -> str | None:
    return None if name == _UNUSED else name


def _turn(message: JsonObject, usual: str | None) -> Turn:
    own = object_of(message, "extra")
    is_user = message.get("is_user") is True
    hidden = message.get("is_system") is True
    if hidden or own.get("type") == "narrator":
        role = "system"
    else:
        role = "user" if is_user else "assistant"
    name = first_text(message, "name") or _from_avatar(message)
    if name is None and not is_user:
        name = usual
    speaks = name is not None and not is_user and role != "system"
    character = character_key(name) if name is not None and speaks else None
    content, alternatives = _swipes(message)
    extra = trimmed(
        {
            "send_date": message.get("send_date"),
            "sent_at": from_text(message.get("send_date")),
            **pick(message, ("title", "gen_started", "gen_finished")),
            **_made(own),
            "swipe_id": message.get("swipe_id") if alternatives else None,
            "hidden": hidden or None,
            "is_user": is_user if hidden else None,
        }
    )
    return Turn(
        role,
        content,
        name=name,
        character=character or None,
        alternatives=alternatives,
        extra=extra or None,
    )


def _made(own: JsonObject) -> JsonObject:
    """Return what a message's own ``extra`` says of how it came about."""
    told = pick(own, ("api", "model", "type", "bias", "image", "file", "media", "token_count"))
    return {"reasoning_content": text_of(own, "reasoning"), **told}


def _from_avatar(message: JsonObject) -> str | None:
    """Return who speaks in a group chat that names only pictures."""
    for key in ("original_avatar", "force_avatar"):
        given = first_text(message, key)
        if given is not None:
            named = parse_qs(_query(given)).get("file", [given])[0]
            stem = PurePosixPath(re.split(r"[?#]", named)[0]).stem
            if stem and not given.startswith("data:"):
                return stem
    return None


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:
        return ""


def _said(value: Json) -> str | None:
    """Return a text, which Chub's exports wrap into an object."""
    return value if isinstance(value, str) else text_of(value, "message")


def _swipes(message: JsonObject) -> tuple[str | None, tuple[Swipe, ...]]:
    """Return the text of a message, and its other swipes in their order."""
    swipes = [_said(one) for one in items_of(message, "swipes")]
    chosen = message.get("swipe_id")
    content = _said(message.get("mes"))
    if not isinstance(chosen, int) or not 0 <= chosen < len(swipes):
        chosen = None
    if content is None and chosen is not None:
        content = swipes[chosen]
    if content in swipes and (chosen is None or swipes[chosen] != content):
        chosen = swipes.index(content)
    notes = items_of(message, "swipe_info")
    others = []
    for at, text in enumerate(swipes):
        # An edit may have reached the message and not its swipe: then the swipe is another.
        if text is None or (at == chosen and text == content):
            continue
        note = notes[at] if at < len(notes) else None
        extra = trimmed(
            {"swipe": at, **pick(note, ("send_date",)), **_made(object_of(note, "extra"))}
        )
        others.append(Swipe(text, extra))
    return content, tuple(others)


ADAPTER = Adapter(
    name="sillytavern",
    title="SillyTavern chat (JSONL)",
    recognise=_recognise,
    read=_read,
)
