"""Claude's export: ``chat_messages``, a tree where messages name the one above them.

A message may hold text, thinking, calls of tools and their results one after the other:
each call ends a turn of the assistant, and each result is a turn of the tool, as trainers
write it.
"""

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
from rolethread_store.formats.adapters.lenient import (
    first_text,
    items_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.trees import Node, as_path

__all__ = ["ADAPTER"]

_ROLES = {"human": "user", "assistant": "assistant"}


def _recognise(record: JsonObject) -> str | None:
    if _is_conversation(record):
        return "chat_messages with a sender"
    listed = record.get("conversations")
    if isinstance(listed, list) and listed and all(map(_is_conversation, listed)):
        return "conversations that are chat_messages with a sender"
    return None


def _is_conversation(record: object) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("chat_messages"), list):
        return False
    messages = objects_of(record, "chat_messages")
    return all("sender" in one for one in messages) and (bool(messages) or "uuid" in record)


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    conversations = [record] if "chat_messages" in record else objects_of(record, "conversations")
    drafts = tuple(draft for one in conversations if (draft := _draft(one)) is not None)
    if not drafts:
        raise RecordOdd("the conversation has no message that says anything")
    return Reading(drafts)


def _draft(conversation: JsonObject) -> Draft | None:
    messages = objects_of(conversation, "chat_messages")
    ids = [text_of(one, "uuid") or f"message {at}" for at, one in enumerate(messages)]
    linked = any("parent_message_uuid" in one for one in messages)
    nodes = []
    for at, (key, message) in enumerate(zip(ids, messages, strict=True)):
        above = text_of(message, "parent_message_uuid")
        if not linked:
            above = ids[at - 1] if at else None
        nodes.append(Node(key, above, _turns(key, message)))
    turns = as_path(nodes, text_of(conversation, "current_leaf_message_uuid"))
    if not turns:
        return None
    told = pick(conversation, ("summary", "model", "created_at", "updated_at", "is_starred"))
    project = first_text(object_of(conversation, "project"), "name", "uuid")
    return Draft(
        turns,
        extra=trimmed(
            {
                "title": text_of(conversation, "name"),
                "conversation_id": text_of(conversation, "uuid"),
                "project": project,
                **told,
            }
        ),
    )


def _turns(key: str, message: JsonObject) -> tuple[Turn, ...]:
    """Return the turns of one message, none if it says nothing."""
    sender = text_of(message, "sender") or "unknown"
    role = _ROLES.get(sender, sender)
    turns = _from_blocks(role, objects_of(message, "content"))
    spoken = any(turn.content for turn in turns)
    whole = text_of(message, "text")
    if not spoken and whole and not any(turn.role == "tool" for turn in turns):
        kept = turns[0].extra if turns else None
        turns = [Turn(role, whole, extra=kept)]
    files = [*objects_of(message, "files"), *objects_of(message, "files_v2")]
    carried = trimmed(
        {
            "id": key,
            "sent_at": text_of(message, "created_at"),
            "attachments": items_of(message, "attachments"),
            "files": [name for one in files if (name := first_text(one, "file_name", "file_uuid"))],
        }
    )
    if not turns and not {"attachments", "files"} & carried.keys():
        return ()
    first = turns[0] if turns else Turn(role, None)
    merged = Turn(first.role, first.content, extra={**carried, **(first.extra or {})})
    return (merged, *turns[1:])


def _from_blocks(role: str, blocks: list[JsonObject]) -> list[Turn]:
    turns: list[Turn] = []
    writing = _Writing(role)
    for block in blocks:
        kind = text_of(block, "type")
        if kind == "tool_result":
            turns += writing.finished()
            turns.append(_result(block))
        else:
            writing.add(kind, block)
    return turns + writing.finished()


class _Writing:
    """The turn being put together."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._clear()

    def add(self, kind: str | None, block: JsonObject) -> None:
        if kind == "text":
            self._texts += [text] if (text := text_of(block, "text")) else []
            self._citations += items_of(block, "citations")
        elif kind in ("thinking", "redacted_thinking"):
            self._thoughts += [text] if (text := first_text(block, "thinking", "text")) else []
        elif kind == "tool_use":
            self._calls.append(_call(block))
        elif kind != "token_budget":
            self._others.append(block)

    def finished(self) -> list[Turn]:
        """Return what was written, if anything, and begin anew."""
        extra = trimmed(
            {
                "reasoning_content": "\n\n".join(self._thoughts),
                "tool_calls": self._calls,
                "citations": self._citations,
                "blocks": self._others,
            }
        )
        text = "\n\n".join(self._texts) or None
        self._clear()
        return [Turn(self._role, text, extra=extra or None)] if text or extra else []

    def _clear(self) -> None:
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._calls: list[JsonObject] = []
        self._citations: list[JsonObject] = []
        self._others: list[JsonObject] = []


def _call(block: JsonObject) -> JsonObject:
    given = json.dumps(block.get("input") or {}, ensure_ascii=False)
    return {
        "id": text_of(block, "id"),
        "type": "function",
        "function": {"name": text_of(block, "name"), "arguments": given},
    }


def _result(block: JsonObject) -> Turn:
    content = block.get("content")
    texts = [text for one in objects_of(block, "content") if (text := text_of(one, "text"))]
    text = content if isinstance(content, str) else "\n\n".join(texts)
    others = [one for one in items_of(block, "content") if not text_of(one, "text")]
    extra = trimmed(
        {
            "tool_call_id": text_of(block, "tool_use_id"),
            "is_error": block.get("is_error") or None,
            "blocks": others,
        }
    )
    return Turn("tool", text, name=text_of(block, "name"), extra=extra or None)


ADAPTER = Adapter(
    name="claude",
    title="Claude export (conversations.json)",
    recognise=_recognise,
    read=_read,
)
