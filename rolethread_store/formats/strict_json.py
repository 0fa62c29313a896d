"""One record's JSON text as Python values, and what is wrong with it where readers would differ.

The engine accepts what the standard does not: ``NaN``, a key given twice. A record that is
read by an adapter has to mean one thing, so such a text is not read; but its values are
still given, because a record's shape decides whether an adapter is asked at all.
"""

from __future__ import annotations

import json
import math
import re

from rolethread_store.formats.adapters import Json, JsonObject

__all__ = ["parsed"]

_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class _Faults:
    """Hears of what the decoder meets; the first fault is the one to tell."""

    def __init__(self) -> None:
        self.first: str | None = None

    def note(self, fault: str) -> None:
        self.first = self.first or fault

    def object(self, pairs: list[tuple[str, Json]]) -> JsonObject:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    self.note(f"duplicate key {json.dumps(key, ensure_ascii=False)}")
                seen.add(key)
        return made

    def constant(self, word: str) -> float:
        self.note(f"{word} is no JSON number")
        return float(word)

    def real(self, digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            self.note(f"the number {digits[:40]} is larger than can be kept")
        return value


def parsed(text: str) -> tuple[Json, str | None]:
    """Return a JSON text's value and why it must not be read, ``None`` for a sound one.

    Whole numbers are exact at any size. A text that is no JSON at all, or nested deeper than
    the decoder goes, has the value ``None``.
    """
    faults = _Faults()
    try:
        value = json.loads(
            text,
            object_pairs_hook=faults.object,
            parse_constant=faults.constant,
            parse_float=faults.real,
        )
    except RecursionError:
        return None, "nested too deep to be read record by record"
    except ValueError as error:
        return None, f"not valid JSON: {error}"
    if _HALF_PAIR.search(text) and _has_half_pair(value):
        faults.note("half of a surrogate pair")
    return value, faults.first


def _has_half_pair(value: Json) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
