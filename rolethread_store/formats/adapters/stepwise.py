"""An answer in steps, each judged: TRL's ``{prompt, completions, labels}``.

The steps are lines of one assistant turn, since they are one answer; the entry's ``extra``
keeps them and their labels apart.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.turning import said

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = (
        isinstance(record.get("prompt"), str | list)
        and isinstance(record.get("completions"), list)
        and isinstance(record.get("labels"), list)
    )
    return '"prompt", "completions" and "labels"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    steps, labels = record["completions"], record["labels"]
    if not steps or not all(isinstance(step, str) for step in steps):
        raise RecordOdd('"completions" is not a list of texts')
    if len(labels) != len(steps):
        raise RecordOdd(f"{len(steps)} completions have {len(labels)} labels")
    prompt = said(record["prompt"], "user", "prompt")
    turns = (*system_turns(record), *prompt, Turn("assistant", "\n".join(steps)))
    return Reading((draft_of(record, turns, ("prompt", *SYSTEM_KEYS)),))


ADAPTER = Adapter("stepwise", "prompt, completions and labels (stepwise)", _recognise, _read)
