r"""Two transcripts with ``\n\nHuman:`` and ``\n\nAssistant:``, as in hh-rlhf.

They share their beginning; in copies of it the beginning stands in ``prompt``. One blank
after the colon belongs to the mark, all else to the text.
"""

from __future__ import annotations

import re

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, optional_text, text
from rolethread_store.formats.adapters.pairing import paired

__all__ = ["ADAPTER", "is_transcript"]

_MARK = re.compile(r"(?:\A\s*|\n\n)(Human|Assistant): ?")
_BEGINS = re.compile(r"\s*(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def is_transcript(record: JsonObject) -> bool:
    """Tell whether ``chosen``, or the ``prompt`` before it, is such a transcript."""
    chosen, prompt = record.get("chosen"), record.get("prompt")
    begins = chosen if prompt is None else prompt
    return isinstance(chosen, str) and isinstance(begins, str) and _BEGINS.match(begins) is not None


def _recognise(record: JsonObject) -> str | None:
    known = is_transcript(record) and "rejected" in record
    return 'two transcripts of "Human:" and "Assistant:"' if known else None


def _turns(transcript: str, key: str) -> tuple[Turn, ...]:
    before, *marked = _MARK.split(transcript)
    if before.strip() or not marked:
        raise RecordOdd(f'"{key}" does not begin with "Human:" or "Assistant:"')
    return tuple(
        Turn(_ROLES[who], content) for who, content in zip(marked[::2], marked[1::2], strict=True)
    )


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    prompt = optional_text(record, "prompt")
    chosen, rejected = (
        _turns(_joined(prompt, text(record, key)), key) for key in ("chosen", "rejected")
    )
    turns, pair = paired((), chosen, rejected)
    return Reading((draft_of(record, turns, ("prompt", "chosen", "rejected"), pair),))


def _joined(prompt: str, answer: str) -> str:
    """Return the transcript of a prompt and an answer, which may repeat the prompt."""
    answer = answer.removeprefix(prompt)
    asked = _MARK.findall(prompt)[-1:] == ["Human"]
    # An answer that does not say whose it is would become part of the question.
    return prompt + ("\n\nAssistant: " if asked and not _MARK.match(answer) else "") + answer


ADAPTER = Adapter("hh-rlhf", "two transcripts (hh-rlhf)", _recognise, _read)
