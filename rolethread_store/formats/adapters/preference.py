"""A prompt and two answers: TRL's ``{prompt, chosen, rejected}`` and its relatives.

The prompt may be called ``question`` or ``input`` (Intel's pairs, with ``system``), it may
be text or messages, it may be repeated within both answers, or be nowhere but there.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of
from rolethread_store.formats.adapters.hh_rlhf import is_transcript
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.pairing import paired, parted
from rolethread_store.formats.adapters.turning import said

__all__ = ["ADAPTER"]

_PROMPT_KEYS = ("prompt", "question", "input")
_ELSEWHERE = frozenset({"conversation", "conversations", "instruction", "messages"})


def _prompt_key(record: JsonObject) -> str | None:
    """Return the key of the prompt; records that have none speak of it in their answers."""
    found = (key for key in _PROMPT_KEYS if isinstance(record.get(key), str | list))
    return next(found, None)


def _recognise(record: JsonObject) -> str | None:
    if not isinstance(record.get("chosen"), str | list | dict) or "rejected" not in record:
        return None
    if any(record.get(key) is not None for key in _ELSEWHERE) or is_transcript(record):
        return None
    key = _prompt_key(record)
    return f'"{key}", "chosen" and "rejected"' if key else '"chosen" and "rejected"'


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    chosen, rejected = record.get("chosen"), record.get("rejected")
    key = _prompt_key(record)
    prompt: tuple[Turn, ...] = ()
    if key is not None:
        asked = record[key]
        prompt = said(asked, "user", key)
        if isinstance(asked, str) and isinstance(chosen, str) and isinstance(rejected, str):
            chosen, rejected = parted(asked, chosen, rejected)
    turns, pair = paired(
        prompt, said(chosen, "assistant", "chosen"), said(rejected, "assistant", "rejected")
    )
    read = (key or "", "chosen", "rejected", *SYSTEM_KEYS)
    return Reading((draft_of(record, (*system_turns(record), *turns), read, pair),))


ADAPTER = Adapter("preference", "prompt, chosen and rejected (TRL, Intel)", _recognise, _read)
