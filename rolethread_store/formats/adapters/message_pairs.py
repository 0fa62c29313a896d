"""Two whole conversations, one preferred.

LLaMA-Factory's ``{chosen_messages, rejected_messages}`` and torchtune's
``{chosen_conversations, rejected_conversations}``.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.pairing import paired
from rolethread_store.formats.adapters.turning import turns_of

__all__ = ["ADAPTER"]

_PAIRS = (
    ("chosen_messages", "rejected_messages"),
    ("chosen_conversations", "rejected_conversations"),
)


def _pair(record: JsonObject) -> tuple[str, str] | None:
    for pair in _PAIRS:
        if isinstance(record.get(pair[0]), list) and pair[1] in record:
            return pair
    return None


def _recognise(record: JsonObject) -> str | None:
    pair = _pair(record)
    return f'"{pair[0]}" and "{pair[1]}"' if pair else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    better, worse = _pair(record) or _PAIRS[0]
    turns, pair = paired(
        (), turns_of(record.get(better), better), turns_of(record.get(worse), worse)
    )
    turns = (*system_turns(record), *turns)
    return Reading((draft_of(record, turns, (better, worse, *SYSTEM_KEYS), pair),))


ADAPTER = Adapter(
    "message-pairs", "two conversations (LLaMA-Factory v1, torchtune)", _recognise, _read
)
