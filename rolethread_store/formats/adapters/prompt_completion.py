"""A question and its answer under two keys, as texts or as lists of messages.

``{prompt, completion}`` is TRL's and MLX's, ``{prompt, response}``, ``{question, answer}``,
``{query, response}`` and ``{input, output}`` are other names for it; ``{system_prompt,
question, response}`` is OpenOrca's.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.turning import said

__all__ = ["ADAPTER"]

_PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("question", "answer"),
    ("question", "response"),
    ("query", "response"),
    ("input", "output"),
)
# Records with one of these are more than a question and an answer.
_MORE = frozenset(
    {"chosen", "completions", "conversation", "conversations", "instruction", "messages",
     "generation", "rejected"}
)  # fmt: skip


def _pair(record: JsonObject) -> tuple[str, str] | None:
    if any(record.get(key) is not None for key in _MORE):
        return None
    judged = isinstance(record.get("label"), bool)
    for pair in _PAIRS:
        if all(isinstance(record.get(key), str | list) for key in pair):
            # A judged answer is KTO's.
            return None if judged and pair[0] == "prompt" else pair
    return None


def _recognise(record: JsonObject) -> str | None:
    pair = _pair(record)
    return f'"{pair[0]}" and "{pair[1]}"' if pair else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    asked, answered = _pair(record) or _PAIRS[0]
    question = said(record.get(asked), "user", asked)
    answer = said(record.get(answered), "assistant", answered)
    turns = (*system_turns(record), *question, *answer)
    read = (asked, answered, *SYSTEM_KEYS)
    return Reading((draft_of(record, turns, read),))


ADAPTER = Adapter("prompt-completion", "prompt and completion", _recognise, _read)
