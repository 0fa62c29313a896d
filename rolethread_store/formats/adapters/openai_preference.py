"""OpenAI's preference shape: ``{input: {messages, tools}, preferred_output, …}``."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.fields import draft_of, rest
from rolethread_store.formats.adapters.pairing import paired
from rolethread_store.formats.adapters.turning import turns_of

__all__ = ["ADAPTER"]

_READ = ("input", "preferred_output", "non_preferred_output")


def _recognise(record: JsonObject) -> str | None:
    asked = record.get("input")
    known = isinstance(asked, dict) and "messages" in asked and _READ[1] in record
    return '"input" with "messages", and "preferred_output"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    asked: JsonObject = record["input"]
    turns, pair = paired(
        turns_of(asked.get("messages"), "messages"),
        turns_of(record.get(_READ[1]), _READ[1]),
        turns_of(record.get(_READ[2]), _READ[2]),
    )
    beside = rest(asked, ("messages",))
    return Reading((draft_of(record, turns, _READ, {**beside, **pair}),))


ADAPTER = Adapter("openai-preference", "OpenAI preference pairs", _recognise, _read)
