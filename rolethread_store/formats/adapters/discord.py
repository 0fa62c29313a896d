"""DiscordChatExporter's JSON: one channel, any number of speakers.

Bots and webhooks are how programs let characters speak: where there are both they and
people, and the user named nobody, they are the assistants. Messages the system wrote
(joins, pins, calls) are no turns and stand in the entry's ``extra``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    label_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.speakers import cast, characters

__all__ = ["ADAPTER"]

# 20 and 23 are what people started by a command, under the numbers the exporter has no word for.
_SPOKEN = {"Default", "Reply", "20", "23"}


def _recognise(record: JsonObject) -> str | None:
    if not isinstance(record.get("channel"), dict):
        return None
    known = {"guild", "exportedAt", "dateRange"} & record.keys()
    return "messages of a channel" if known and isinstance(record.get("messages"), list) else None


@dataclass(frozen=True, slots=True)
class _Line:
    """One message that somebody said."""

    speaker: str
    is_bot: bool
    message: JsonObject


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    names = _Names()
    lines, service = [], []
    for message in objects_of(record, "messages"):
        told = text_of(message, "content") or _shown(message)
        if text_of(message, "type") in _SPOKEN and told:
            author = object_of(message, "author")
            lines.append(_Line(names.of(author), author.get("isBot") is True, message))
        else:
            who = first_text(object_of(message, "author"), "nickname", "name")
            kept = pick(message, ("id", "type", "timestamp", "content"))
            service.append(trimmed({**kept, "author": who}))
    if not lines:
        raise RecordOdd("the channel has no message that somebody wrote")
    bots = frozenset(line.speaker for line in lines if line.is_bot)
    if not options.assistants and any(not line.is_bot for line in lines):
        options = replace(options, assistants=bots)
    parts = cast([line.speaker for line in lines], options)
    turns = tuple(
        Turn(
            parts[line.speaker].role,
            text_of(line.message, "content") or None,
            name=line.speaker,
            character=parts[line.speaker].character,
            extra=_extra(line),
        )
        for line in lines
    )
    channel = object_of(record, "channel")
    extra = trimmed(
        {
            "guild": text_of(object_of(record, "guild"), "name"),
            "channel": text_of(channel, "name"),
            "channel_id": label_of(channel, "id"),
            **pick(channel, ("category", "topic")),
            "date_range": trimmed(object_of(record, "dateRange")),
            "service": service,
        }
    )
    return Reading((Draft(turns, extra=extra or None),), characters(parts))


class _Names:
    """What speakers are called: two people of one nickname are told apart by their names."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._holders: dict[str, str] = {}

    def of(self, author: JsonObject) -> str:
        name = first_text(author, "nickname", "name") or "unknown"
        # One webhook speaks under many names, and one name may come from many webhooks.
        if author.get("isBot") is True:
            return name
        own = label_of(author, "id") or name
        if own not in self._labels:
            if self._holders.setdefault(name, own) != own:
                name = f"{name} ({first_text(author, 'name') or own})"
            self._labels[own] = name
        return self._labels[own]


def _shown(message: JsonObject) -> bool:
    return any(items_of(message, key) for key in ("attachments", "embeds", "stickers"))


def _extra(line: _Line) -> JsonObject | None:
    message = line.message
    author = object_of(message, "author")
    reactions = {
        name: one.get("count")
        for one in objects_of(message, "reactions")
        if (name := first_text(object_of(one, "emoji"), "name")) is not None
    }
    files = [first_text(one, "url", "fileName") for one in objects_of(message, "attachments")]
    stickers = [first_text(one, "name") for one in objects_of(message, "stickers")]
    found = trimmed(
        {
            "id": label_of(message, "id"),
            "sent_at": text_of(message, "timestamp"),
            "edited_at": text_of(message, "timestampEdited"),
            "author_id": label_of(author, "id"),
            "author": text_of(author, "name"),
            "bot": line.is_bot or None,
            "pinned": message.get("isPinned") or None,
            "reply_to": label_of(object_of(message, "reference"), "messageId"),
            "attachments": [file for file in files if file],
            "stickers": [name for name in stickers if name],
            "embeds": items_of(message, "embeds"),
            "reactions": reactions,
        }
    )
    return found or None


ADAPTER = Adapter(
    name="discord",
    title="DiscordChatExporter (JSON)",
    recognise=_recognise,
    read=_read,
)
