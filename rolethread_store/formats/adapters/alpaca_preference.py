"""An instruction and two answers.

LLaMA-Factory's ``{instruction, input, chosen, rejected}`` and Argilla's
``{system, instruction, chosen_response, rejected_response}``.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.instructing import HISTORY_KEYS, SYSTEM_KEYS, instructed
from rolethread_store.formats.adapters.pairing import paired
from rolethread_store.formats.adapters.turning import said

__all__ = ["ADAPTER"]

_ANSWERS = (("chosen", "rejected"), ("chosen_response", "rejected_response"))


def _answers(record: JsonObject) -> tuple[str, str] | None:
    if isinstance(record.get("instruction"), str):
        for pair in _ANSWERS:
            if isinstance(record.get(pair[0]), str | list | dict) and pair[1] in record:
                return pair
    return None


def _recognise(record: JsonObject) -> str | None:
    pair = _answers(record)
    return f'"instruction", "{pair[0]}" and "{pair[1]}"' if pair else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    better, worse = _answers(record) or _ANSWERS[0]
    prompt, parts = instructed(record, "input")
    turns, pair = paired(
        prompt,
        said(record.get(better), "assistant", better),
        said(record.get(worse), "assistant", worse),
    )
    read = (better, worse, *SYSTEM_KEYS, *HISTORY_KEYS)
    return Reading((draft_of(record, turns, read, {**parts, **pair}),))


ADAPTER = Adapter(
    "alpaca-preference", "instruction, chosen and rejected (LLaMA-Factory)", _recognise, _read
)
