"""Open WebUI's export: a chat whose ``history`` is a tree; ``messages`` repeats one path."""

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
    items_of,
    label_of,
    object_of,
    objects_of,
    pick,
    text_of,
    texts_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_epoch
from rolethread_store.formats.adapters.trees import Node, as_path

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    chat = object_of(record, "chat") or record
    history = object_of(chat, "history")
    if "currentId" in history and isinstance(history.get("messages"), dict):
        return "a history of messages by id with currentId"
    if chat is not record and "models" in chat and isinstance(chat.get("messages"), list):
        return "a chat with models and messages"
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    chat = object_of(record, "chat") or record
    history = object_of(chat, "history")
    by_id = object_of(history, "messages")
    nodes = [
        Node(key, text_of(message, "parentId"), _turns(key, message))
        for key, message in by_id.items()
    ]
    if any(node.turns for node in nodes):
        turns = as_path(nodes, text_of(history, "currentId"))
    else:
        listed = objects_of(chat, "messages")
        turns = tuple(turn for one in listed for turn in _turns(label_of(one, "id") or "", one))
    if not turns:
        raise RecordOdd("the chat has no message that says anything")
    system = first_text(chat, "system") or first_text(object_of(chat, "params"), "system")
    if system and turns[0].role != "system":
        turns = (Turn("system", system), *turns)
    extra = trimmed(
        {
            "title": first_text(chat, "title") or first_text(record, "title"),
            "conversation_id": label_of(record, "id") or label_of(chat, "id"),
            "models": texts_of(chat, "models"),
            **pick(record, ("folder_id", "archived", "pinned")),
            "created_at": from_epoch(record.get("created_at") or chat.get("timestamp")),
            "updated_at": from_epoch(record.get("updated_at")),
        }
    )
    return Reading((Draft(turns, tags=_tags(record, chat), extra=extra),))


def _turns(key: str, message: JsonObject) -> tuple[Turn, ...]:
    role, text = first_text(message, "role") or "unknown", text_of(message, "content")
    files = objects_of(message, "files")
    if not text and not files:
        return ()
    extra = trimmed(
        {
            "id": key,
            "sent_at": from_epoch(message.get("timestamp")),
            "model": text_of(message, "model"),
            "files": [name for one in files if (name := first_text(one, "name", "url", "id"))],
            "sources": items_of(message, "sources"),
            **pick(message, ("annotation", "error")),
        }
    )
    return (Turn(role, text, extra=extra or None),)


def _tags(record: JsonObject, chat: JsonObject) -> tuple[str, ...] | None:
    listed = [*texts_of(object_of(record, "meta"), "tags"), *texts_of(chat, "tags")]
    return tuple(dict.fromkeys(listed)) or None


ADAPTER = Adapter(
    name="open-webui",
    title="Open WebUI export",
    recognise=_recognise,
    read=_read,
)
