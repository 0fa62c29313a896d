"""Metharme and Pygmalion: ``{prompt, generation}``, roles as marks within the prompt.

``<|system|>``, ``<|user|>`` and ``<|model|>`` begin a turn. What stands after the last
``<|model|>`` is how the answer begins: the generation goes on from there.
"""

from __future__ import annotations

import re

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of, text

__all__ = ["ADAPTER"]

_MARK = re.compile(r"<\|(system|user|model)\|>")
_ROLES = {"system": "system", "user": "user", "model": "assistant"}


def _recognise(record: JsonObject) -> str | None:
    known = isinstance(record.get("prompt"), str) and isinstance(record.get("generation"), str)
    return '"prompt" and "generation"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    prompt, generation = text(record, "prompt"), text(record, "generation")
    first, *marked = _MARK.split(prompt)
    turns = [
        Turn(_ROLES[mark], content) for mark, content in zip(marked[::2], marked[1::2], strict=True)
    ]
    if first.strip():
        turns.insert(0, Turn("system" if marked else "user", first))
    begun = ""
    if turns and turns[-1].role == "assistant":
        begun = turns.pop().content or ""
    extra = {"begun": begun} if begun else None
    turns.append(Turn("assistant", begun + generation, extra=extra))
    return Reading((draft_of(record, turns, ("prompt", "generation")),))


ADAPTER = Adapter("metharme", "Metharme prompt and generation", _recognise, _read)
