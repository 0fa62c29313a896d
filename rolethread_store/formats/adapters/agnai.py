"""An Agnaistic chat: messages by ids of a user or a character, as a list or as a tree."""

from __future__ import annotations

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
    objects_of,
    pick,
    text_of,
    texts_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_text
from rolethread_store.formats.adapters.speakers import Part, character_key, characters
from rolethread_store.formats.adapters.trees import Node, as_path

__all__ = ["ADAPTER"]

_KEPT = ("greeting", "sampleChat", "scenario", "overrides", "createdAt", "updatedAt")


def _recognise(record: JsonObject) -> str | None:
    messages = record.get("messages")
    if isinstance(messages, list) and messages and all(map(_is_message, messages)):
        return "messages with msg and the id of a user or a character"
    return None


def _is_message(value: object) -> bool:
    who = {"userId", "characterId", "handle"}
    return (
        isinstance(value, dict) and isinstance(value.get("msg"), str) and bool(who & value.keys())
    )


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    name = first_text(record, "name")
    nodes = []
    above: str | None = None
    messages = objects_of(record, "messages")
    linked = any("parent" in one for one in messages)
    for at, message in enumerate(messages):
        own = label_of(message, "_id") or f"message {at}"
        parent = label_of(message, "parent") if linked else above
        nodes.append(Node(own, parent, (_turn(message, own, name),)))
        above = own
    turns = as_path(nodes, first_text(record, "treeLeafId"))
    if not turns:
        raise RecordOdd("the chat has no messages")
    cast = {
        turn.name: Part("assistant", turn.character)
        for node in nodes
        for turn in node.turns
        if turn.name is not None and turn.character is not None
    }
    extra = trimmed(
        {"title": name, "conversation_id": label_of(record, "_id"), **pick(record, _KEPT)}
    )
    return Reading((Draft(turns, extra=extra or None),), characters(cast))


def _turn(message: JsonObject, own: str, title: str | None) -> Turn:
    handle = first_text(message, "handle")
    if label_of(message, "characterId") is not None:
        role = "assistant"
    elif label_of(message, "userId") is not None:
        role = "user"
    else:
        role = "assistant" if handle is not None and handle == title else "user"
    if message.get("system") is True:
        role = "system"
    character = character_key(handle) if handle is not None and role == "assistant" else None
    extra = trimmed(
        {
            "id": own if "_id" in message else None,
            "created_at": from_text(message.get("createdAt")),
            **pick(message, ("state", "adapter", "imagePrompt", "actions")),
            "ooc": message.get("ooc") or None,
        }
    )
    retries = tuple(Swipe(text) for text in texts_of(message, "retries"))
    return Turn(
        role,
        text_of(message, "msg"),
        name=handle,
        character=character or None,
        alternatives=retries,
        extra=extra or None,
    )


ADAPTER = Adapter(
    name="agnai",
    title="Agnaistic chat",
    recognise=_recognise,
    read=_read,
)
