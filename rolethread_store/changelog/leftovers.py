"""Structured content that a plain text replaces must leave a message's extra fields."""

from __future__ import annotations

import json
from collections.abc import Iterator

__all__ = ["without_content"]

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


def without_content(extra: str | None) -> str | None:
    """Return a message's extra fields without a structured or null ``content``.

    A message whose content was null or a list of parts keeps it in ``extra``; once the
    user gives it a text, the old value would come back at export and hide the edit. The
    other fields keep their very text: a number such as ``1e400`` does not survive a
    decoder.
    """
    if extra is None or '"content"' not in extra:
        return extra
    kept = [text for key, text in _members(extra) if key != "content"]
    return "{" + ",".join(kept) + "}" if kept else None


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield the members of a JSON object as (key, ``"key":value`` as it stands)."""
    place = _skip(text, 0) + 1
    while text[place := _skip(text, place)] != "}":
        start = place
        key, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place) + 1
        _, place = _DECODER.raw_decode(text, _skip(text, place))
        yield key, text[start:place]
        place = _skip(text, place)
        if text[place] == ",":
            place += 1


def _skip(text: str, place: int) -> int:
    while text[place] in _BLANK:
        place += 1
    return place
