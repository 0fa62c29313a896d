"""A WhatsApp chat put together from its text export."""

from __future__ import annotations

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
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.speakers import cast, characters

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    chat = record.get("whatsapp")
    if len(record) == 1 and isinstance(chat, dict) and isinstance(chat.get("messages"), list):
        return "the messages of a WhatsApp chat"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    chat = object_of(record, "whatsapp")
    messages = objects_of(chat, "messages")
    said = [(name, one) for one in messages if (name := first_text(one, "from")) is not None]
    if not said:
        raise RecordOdd("the chat has no message that somebody wrote")
    parts = cast([name for name, _ in said], options)
    turns = tuple(
        Turn(
            parts[name].role,
            text_of(one, "text"),
            name=name,
            character=parts[name].character,
            extra=pick(one, ("date", "sent_at")) or None,
        )
        for name, one in said
    )
    service = [one for one in messages if first_text(one, "from") is None]
    extra = trimmed({"service": service, "preface": text_of(chat, "preface")})
    return Reading((Draft(turns, extra=extra or None),), characters(parts))


ADAPTER = Adapter(
    name="whatsapp",
    title="WhatsApp chat (text)",
    recognise=_recognise,
    read=_read,
)
