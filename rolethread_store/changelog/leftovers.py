"""Structured content that a plain text replaces must leave a message's extra fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["without_content"]

_TOKEN: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]|,|[^"\[\]{},]+', re.DOTALL)


def without_content(extra: str | None) -> str | None:
    """Return a message's extra fields without a structured or null ``content``.

    A message whose content was null or a list of parts keeps it in ``extra``; once the
    user gives it a text, the old value would come back at export and hide the edit. (Beside
    a text, a ``content`` in ``extra`` is a field of the source's own, and callers keep it.)
    The other fields keep their very text: a number such as ``1e400`` does not survive a
    decoder, and one of 5,000 digits or a list 2,000 deep makes it give up.
    """
    if extra is None or not ('"content"' in extra or "\\" in extra):
        return extra
    members = list(_members(extra))
    kept = [text for key, text in members if key != "content"]
    if len(kept) == len(members):
        return extra
    return "{" + ",".join(kept) + "}" if kept else None


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield the members of a JSON object as (key, ``"key":value`` as it stands)."""
    depth, start, key = 0, 0, None
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if depth == 1 and key is None and first == '"':
            start, key = token.start(), str(json.loads(token[0]))
        elif depth == 1 and key is not None and first in ",}":
            yield key, text[start : token.start()].rstrip()
            key = None
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
