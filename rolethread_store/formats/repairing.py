"""Proposals for mending a record that could not be read; never applied unasked.

Two things go wrong with otherwise good records: their JSON is broken, and their bytes are
of another encoding. A proposal is *safe* when it changes nothing that anybody wrote: the
words of the record, in their order, are the same before and after.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from rolethread_store.errors import Unsupported

__all__ = ["Repair", "RepairLibraryMissing", "proposed_repair"]

_LONGEST_BYTES = 1 << 20
"""The repairer is a walk in Python over every character; beyond this it takes minutes."""

_MOST_FOREIGN = 0.05
"""Share of bytes of another encoding that are taken for slips: curly quotes, dashes."""

_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_WORD = re.compile(r"\w+")
_LITERALS = {"none": "null", "true": "true", "false": "false"}


class RepairLibraryMissing(Unsupported):
    """The libraries that propose repairs are not installed."""

    code: ClassVar[str] = "formats.repair-library-missing"


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposal.

    Attributes:
        text: The record as it would be read.
        steps: What was done, for people.
        safe: Whether every word of the record is still there, in its order, and none came in.
    """

    text: str
    steps: tuple[str, ...]
    safe: bool


def proposed_repair(raw: bytes) -> Repair | None:
    """Return a proposal for a record's bytes, ``None`` when there is none to make.

    Raises:
        RepairLibraryMissing: the extra ``repair`` is not installed.
    """
    if not raw.strip() or len(raw) > _LONGEST_BYTES:
        return None
    text, steps, safe = _decoded(raw)
    if not _is_object(text):
        before, text = text, _mended_json(text)
        if not _is_object(text):
            return None
        steps = (*steps, "brackets, quotes and commas set right")
        safe = safe and _words(before) == _words(text)
    if not steps:
        return None
    return Repair(text, steps, safe)


def _decoded(raw: bytes) -> tuple[str, tuple[str, ...], bool]:
    """Return the bytes as text, what was done for that, and whether it is beyond doubt."""
    try:
        return raw.decode("utf-8-sig"), (), True
    except UnicodeDecodeError:
        pass
    ftfy = _library("ftfy")
    text, foreign, place = [], 0, 0
    while place < len(raw):
        try:
            text.append(raw[place:].decode())
            break
        except UnicodeDecodeError as error:
            start, end = place + error.start, place + error.end
            text += [raw[place:start].decode(), raw[start:end].decode("sloppy-windows-1252")]
            foreign, place = foreign + end - start, end
        if foreign > _MOST_FOREIGN * len(raw):
            guess, name = ftfy.guess_bytes(raw)
            return str(guess), (f"read as {name}, which is a guess",), False
    return "".join(text), ("bytes that are not UTF-8 read as Windows-1252",), True


def _mended_json(text: str) -> str:
    repairer = _library("json_repair")
    try:
        # Written as tightly as it was, so that a proposal shows what is changed alone.
        separators = (", ", ": ") if '": ' in text else (",", ":")
        return str(repairer.repair_json(text, ensure_ascii=False, separators=separators))
    except (ValueError, RecursionError, IndexError):
        return ""


def _library(name: str) -> Any:  # noqa: ANN401 - a module
    """Load a library that only repairs need."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise RepairLibraryMissing(
            f"repairs need {name.replace('_', '-')}, which is not installed",
            hint="install it with: pip install 'rolethread-store[repair]'",
        ) from None


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _words(text: str) -> list[str]:
    """Return what was written in a JSON text, without its punctuation."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    return [_LITERALS.get(word.casefold(), word) for word in _WORD.findall(plain)]
