"""One answer and a thumb up or down: TRL's ``{prompt, completion, label}`` for KTO."""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.turning import said

__all__ = ["ADAPTER"]


def _answer_key(record: JsonObject) -> str:
    return "completion" if "completion" in record else "response"


def _recognise(record: JsonObject) -> str | None:
    key = _answer_key(record)
    known = (
        isinstance(record.get("label"), bool)
        and isinstance(record.get("prompt"), str | list)
        and isinstance(record.get(key), str | list | dict)
        and not record.keys() & {"chosen", "completions", "rejected"}
    )
    return f'"prompt", "{key}" and a true or false "label"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    key = _answer_key(record)
    turns = (
        *system_turns(record),
        *said(record.get("prompt"), "user", "prompt"),
        *said(record.get(key), "assistant", key),
    )
    return Reading((draft_of(record, turns, ("prompt", key, *SYSTEM_KEYS)),))


ADAPTER = Adapter("kto", "prompt, completion and label (KTO)", _recognise, _read)
