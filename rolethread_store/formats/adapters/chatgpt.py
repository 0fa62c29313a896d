"""ChatGPT's export: one conversation, a tree of messages in ``mapping``.

The path to ``current_node`` are the turns; edits and regenerations beside it are
alternatives. What the person never saw as a message (custom instructions, memory, hidden
prompts) is no turn and stands in the entry's ``extra``; thoughts are the
``reasoning_content`` of the answer they led to.
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
    items_of,
    label_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_epoch
from rolethread_store.formats.adapters.trees import Node, as_path

__all__ = ["ADAPTER"]

_CONTEXT = ("user_editable_context", "model_editable_context")
_THOUGHTS = ("thoughts", "reasoning_recap")
_HIDDEN = "is_visually_hidden_from_conversation"


def _recognise(record: JsonObject) -> str | None:
    if _is_conversation(record):
        return "a mapping of nodes with parent and children"
    listed = record.get("conversations")
    if isinstance(listed, list) and listed and all(map(_is_conversation, listed)):
        return "conversations that are mappings of nodes"
    return None


def _is_conversation(record: object) -> bool:
    mapping = object_of(record, "mapping")
    node = next(iter(mapping.values()), None)
    return isinstance(node, dict) and "parent" in node and "children" in node


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    conversations = [record] if "mapping" in record else objects_of(record, "conversations")
    drafts = tuple(draft for one in conversations if (draft := _draft(one)) is not None)
    if not drafts:
        raise RecordOdd("the conversation has no message that says anything")
    return Reading(drafts)


def _draft(conversation: JsonObject) -> Draft | None:
    mapping = object_of(conversation, "mapping")
    messages = {key: object_of(node, "message") for key, node in mapping.items()}
    parents = {key: text_of(node, "parent") for key, node in mapping.items()}
    nodes = [
        Node(key, parents[key], _turns(key, messages, parents)) for key in mapping if key != ""
    ]
    turns = as_path(nodes, text_of(conversation, "current_node"))
    if not turns:
        return None
    told = pick(conversation, ("title", "gizmo_id", "is_archived", "is_starred", "voice"))
    return Draft(
        turns,
        extra=trimmed(
            {
                **told,
                "conversation_id": text_of(conversation, "conversation_id")
                or text_of(conversation, "id"),
                "model": text_of(conversation, "default_model_slug"),
                "created_at": from_epoch(conversation.get("create_time")),
                "updated_at": from_epoch(conversation.get("update_time")),
                **_context(messages),
                "hidden": _hidden(messages),
            }
        ),
    )


def _turns(
    key: str, messages: dict[str, JsonObject], parents: dict[str, str | None]
) -> tuple[Turn, ...]:
    """Return the turn a node shows, or none."""
    message = messages[key]
    content = object_of(message, "content")
    kind = text_of(content, "content_type")
    if not message or kind in (*_CONTEXT, *_THOUGHTS) or _is_hidden(message):
        return ()
    text, kept = _said(content)
    role = text_of(object_of(message, "author"), "role") or "unknown"
    above = parents[key]
    extra = {**kept, **_facts(key, message), **_reasoning(above, messages, parents)}
    recipient = text_of(message, "recipient") or "all"
    if role == "assistant" and recipient != "all":
        extra["tool_calls"] = [_call(key, recipient, text or "")]
        text = None
    elif role == "tool":
        called = text_of(messages.get(above or "", {}), "recipient") or "all"
        extra["tool_call_id"] = above if called != "all" else None
    elif not text and not kept:
        return ()
    name = text_of(object_of(message, "author"), "name")
    return (Turn(role, text, name=name or None, extra=trimmed(extra) or None),)


def _said(content: JsonObject) -> tuple[str | None, JsonObject]:
    """Return a content's text, and what of it is no text."""
    texts, assets = [], []
    for part in items_of(content, "parts"):
        spoken = part if isinstance(part, str) else text_of(part, "text")
        if spoken is not None:
            texts.append(spoken)
        elif isinstance(part, dict):
            assets.append(part)
    for field in ("text", "result", "summary"):
        if not texts and text_of(content, field):
            texts.append(content[field])
    kind = text_of(content, "content_type")
    kept = pick(content, ("url", "domain", "title", "language", "name"))
    if not texts and not assets:
        # Whatever else a program of tomorrow writes into it is not lost from sight.
        rest = {field: value for field, value in content.items() if field != "parts"}
        kept = (
            {"content": rest} if len(rest) > 1 and trimmed(rest) != {"content_type": kind} else {}
        )
        kept = kept if kind not in ("text", "code", "multimodal_text") else {}
    kept = trimmed({**kept, "assets": assets})
    if kind not in ("text", None) and (texts or kept):
        kept["content_type"] = kind
    return ("\n".join(texts) if texts else None), kept


def _facts(key: str, message: JsonObject) -> JsonObject:
    metadata = object_of(message, "metadata")
    weight = message.get("weight")
    return {
        "id": key,
        "sent_at": from_epoch(message.get("create_time")),
        "model": text_of(metadata, "model_slug"),
        "channel": text_of(message, "channel"),
        "attachments": items_of(metadata, "attachments"),
        # 0 where the message was outside of what the model was given; no training weight.
        "source_weight": weight if isinstance(weight, int | float) and weight != 1 else None,
    }


def _reasoning(
    above: str | None, messages: dict[str, JsonObject], parents: dict[str, str | None]
) -> JsonObject:
    """Return the thoughts right above a message, first thought first."""
    found: list[str] = []
    seen = set()
    while above is not None and above in messages and above not in seen:
        seen.add(above)
        content = object_of(messages[above], "content")
        if text_of(content, "content_type") not in _THOUGHTS:
            break
        thoughts = [
            "\n".join(filter(None, (text_of(one, "summary"), text_of(one, "content"))))
            for one in objects_of(content, "thoughts")
        ]
        found[:0] = [thought for thought in thoughts if thought]
        above = parents[above]
    return {"reasoning_content": "\n\n".join(found)}


def _call(key: str, recipient: str, text: str) -> JsonObject:
    """Return a message to a tool as a call; what is no JSON object is its ``input``."""
    try:
        proper = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        proper = False
    arguments = text if proper else json.dumps({"input": text}, ensure_ascii=False)
    return {
        "id": key,
        "type": "function",
        "function": {"name": recipient, "arguments": arguments},
    }


def _is_hidden(message: JsonObject) -> bool:
    return object_of(message, "metadata").get(_HIDDEN) is True


def _context(messages: dict[str, JsonObject]) -> JsonObject:
    """Return custom instructions and memory, the last of each."""
    found: JsonObject = {}
    for message in messages.values():
        content = object_of(message, "content")
        kind = text_of(content, "content_type")
        if kind in _CONTEXT:
            found[kind] = trimmed({**content, "content_type": None})
    return found


def _hidden(messages: dict[str, JsonObject]) -> list[JsonObject]:
    """Return hidden messages that say something."""
    found = []
    for key, message in messages.items():
        content = object_of(message, "content")
        if _is_hidden(message) and text_of(content, "content_type") not in _CONTEXT:
            text, _ = _said(content)
            role = text_of(object_of(message, "author"), "role")
            if text:
                found.append({"id": label_of(message, "id") or key, "role": role, "content": text})
    return found


ADAPTER = Adapter(
    name="chatgpt",
    title="ChatGPT export (conversations.json)",
    recognise=_recognise,
    read=_read,
)
