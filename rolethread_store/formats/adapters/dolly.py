"""Dolly: ``{instruction, context, response, category}``; the rule is in ``instructing``."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of, text
from rolethread_store.formats.adapters.instructing import HISTORY_KEYS, SYSTEM_KEYS, instructed

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = (
        isinstance(record.get("instruction"), str)
        and "context" in record
        and "response" in record
        and not record.keys() & {"chosen", "chosen_response", "output"}
    )
    return '"instruction", "context" and "response"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns, parts = instructed(record, "context")
    answer = Turn("assistant", text(record, "response"))
    read = ("response", *SYSTEM_KEYS, *HISTORY_KEYS)
    return Reading((draft_of(record, (*turns, answer), read, parts),))


ADAPTER = Adapter("dolly", "Dolly instructions with context", _recognise, _read)
