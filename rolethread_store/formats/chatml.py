"""ChatML: ``messages`` of ``role`` and ``content``, as OpenAI and most trainers write it."""

from __future__ import annotations

from rolethread_store.formats.dialect import Dialect

__all__ = ["CHATML"]

CHATML = Dialect(
    name="chatml",
    list_key="messages",
    role_key="role",
    content_key="content",
    labels={},
    # Only words that no character bears: "bard" may be somebody in a roleplay scene.
    aliases={
        "user": "user",
        "human": "user",
        "assistant": "assistant",
        "gpt": "assistant",
        "bot": "assistant",
        "model": "assistant",
        "chatgpt": "assistant",
        "ai": "assistant",
        "system": "system",
        "tool": "tool",
        "developer": "developer",
        "function": "function",
    },
)
