"""Alpaca with a label: ``{instruction, input, output}`` and ``label`` or ``kto_tag``.

LLaMA-Factory's form for KTO; the label may be any other verdict on the answer as well.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of, text
from rolethread_store.formats.adapters.instructing import HISTORY_KEYS, SYSTEM_KEYS, instructed

__all__ = ["ADAPTER"]

_LABELS = ("label", "kto_tag")


def _recognise(record: JsonObject) -> str | None:
    label = next((key for key in _LABELS if key in record), None)
    known = (
        label is not None
        and isinstance(record.get("instruction"), str)
        and "output" in record
        and not record.keys() & {"chosen", "chosen_response", "rejected", "response"}
    )
    return f'"instruction", "output" and "{label}"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns, parts = instructed(record, "input")
    answer = Turn("assistant", text(record, "output"))
    read = ("output", *SYSTEM_KEYS, *HISTORY_KEYS)
    return Reading((draft_of(record, (*turns, answer), read, parts),))


ADAPTER = Adapter("alpaca-labelled", "Alpaca with a label (KTO)", _recognise, _read)
