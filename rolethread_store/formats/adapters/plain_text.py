"""``{text}``: text for language modelling, with metadata beside it at most.

Trainers that take this shape (TRL, MLX, Axolotl's ``completion``) train on all of it, as
they do on an assistant's turn: so it is one assistant turn, word for word, also where the
text is a conversation written out with a template's marks. An export to ``{text}`` writes
the turns' contents; targets that ask for a user's turn cannot take such an entry as it is.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of, text

__all__ = ["ADAPTER"]

# With one of these it is a message, a row of a tree or of a table of turns, or holds more
# than its text: on its own it would be torn out of what it belongs to.
_BELONGING = frozenset(
    {
        "TURNS", "actions", "answer", "author", "character", "chat", "chat_id", "chat_messages",
        "chosen", "chosen_conversations", "chosen_messages", "completion", "contents",
        "conversation", "conversation_id", "conversations", "data", "dialogue_id", "entries",
        "first_mes", "from", "from_id", "histories", "history", "input", "instruction",
        "interactions", "internal", "is_user", "mapping", "mes", "message_id", "messages", "name",
        "output", "parent_id", "prompt", "query", "question", "rejected", "replies", "reply_to",
        "response", "role", "segments", "sender", "speaker", "spec", "swipes", "thread_id",
        "transcript", "turn", "turn_id", "turns", "user", "username",
    }
)  # fmt: skip


def _recognise(record: JsonObject) -> str | None:
    if not isinstance(record.get("text"), str) or not _BELONGING.isdisjoint(record):
        return None
    return '"text" and nobody who says it'


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    return Reading((draft_of(record, (Turn("assistant", text(record, "text")),), ("text",)),))


ADAPTER = Adapter("text", "plain text", _recognise, _read)
