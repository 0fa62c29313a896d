"""Telegram's JSON export: one chat, or all chats of an account, each an entry."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.lenient import (
    first_text,
    items_of,
    label_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_epoch
from rolethread_store.formats.adapters.speakers import cast, characters
from rolethread_store.model.facts import Character, Fact

__all__ = ["ADAPTER"]

_MEDIA = (
    "photo",
    "file",
    "media_type",
    "sticker_emoji",
    "duration_seconds",
    "poll",
    "location_information",
)
# Who a deleted account was is gone; its id still tells one from another.
_NOBODY = "Deleted Account"


def _recognise(record: JsonObject) -> str | None:
    if record.get("messages") and _is_chat(record):
        return "messages with type, date and text"
    chats = object_of(record, "chats").get("list")
    if isinstance(chats, list) and chats and all(map(_is_chat, chats)):
        return "a list of chats with messages"
    return None


def _is_chat(value: Json) -> bool:
    messages = value.get("messages") if isinstance(value, dict) else None
    return isinstance(messages, list) and all(map(_is_message, messages))


def _is_message(value: Json) -> bool:
    kind = text_of(value, "type")
    return kind in ("message", "service") and "date" in value and "text" in value


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    single = "messages" in record
    chats = [record] if single else objects_of(object_of(record, "chats"), "list")
    drafts: list[Draft] = []
    facts: dict[str, Fact] = {}
    for chat in chats:
        draft, found = _chat(chat, options)
        drafts += [draft] if draft.turns else []
        facts |= {one.key: one for one in found if one.key not in facts}
    if not drafts:
        raise RecordOdd("the export has no message that somebody wrote")
    return Reading(tuple(drafts), tuple(facts.values()))


def _chat(chat: JsonObject, options: ReadingOptions) -> tuple[Draft, tuple[Character, ...]]:
    said: list[JsonObject] = []
    service: list[JsonObject] = []
    for message in objects_of(chat, "messages"):
        spoken = text_of(message, "type") == "message"
        (said if spoken and (_text(message) or _media(message)) else service).append(message)
    names = [_speaker(message) for message in said]
    parts = cast(names, options)
    turns = tuple(
        Turn(
            parts[name].role,
            _text(message) or None,
            name=name,
            character=parts[name].character,
            extra=_extra(message) or None,
        )
        for name, message in zip(names, said, strict=True)
    )
    kept = ("id", "date", "action", "actor", "title", "members")
    extra = trimmed(
        {
            "title": text_of(chat, "name"),
            "chat_type": text_of(chat, "type"),
            "conversation_id": label_of(chat, "id"),
            "service": [pick(message, kept) for message in service],
        }
    )
    return Draft(turns, extra=extra or None), characters(parts)


def _speaker(message: JsonObject) -> str:
    own = label_of(message, "from_id")
    return first_text(message, "from") or (f"{_NOBODY} {own}" if own else _NOBODY)


def _text(message: JsonObject) -> str:
    """Return a text that is a string, or a list of strings and of objects with a text."""
    if (text := text_of(message, "text")) is not None:
        return text
    pieces = items_of(message, "text")
    return "".join(one if isinstance(one, str) else text_of(one, "text") or "" for one in pieces)


def _media(message: JsonObject) -> JsonObject:
    return pick(message, _MEDIA)


def _extra(message: JsonObject) -> JsonObject:
    return trimmed(
        {
            "id": label_of(message, "id"),
            "date": text_of(message, "date"),
            "sent_at": from_epoch(message.get("date_unixtime")),
            "from_id": label_of(message, "from_id"),
            "reply_to": label_of(message, "reply_to_message_id"),
            **pick(message, ("edited", "forwarded_from", "via_bot", "reactions")),
            **_media(message),
        }
    )


ADAPTER = Adapter(
    name="telegram",
    title="Telegram export (JSON)",
    recognise=_recognise,
    read=_read,
)
