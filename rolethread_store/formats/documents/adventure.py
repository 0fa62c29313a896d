"""AI Dungeon adventures: prose with ``> `` before what the player does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import TextOdd, beginning, whole_text

__all__ = ["KIND"]

_PLAYER = re.compile(r"^>[ \t]*(.*)$", re.MULTILINE)
# Quotes in mail and forums begin alike; players are told of as "you".
_DEED = re.compile(r"^>[ \t]*(?:you\b|\"|“)", re.MULTILINE | re.IGNORECASE)
_FEWEST = 2
_SHARE = 0.6


def _recognise(head: bytes, name: str) -> str | None:
    text = beginning(head)
    if text is None or text.lstrip().startswith(("{", "[", ">>")):
        return None
    marked, deeds = len(_PLAYER.findall(text)), len(_DEED.findall(text))
    you = len(re.findall(r"^>[ \t]*you\b", text, re.MULTILINE | re.IGNORECASE))
    if you >= _FEWEST and deeds >= marked * _SHARE:
        return f"{marked} lines that begin with “>” and tell what you do"
    return None


def _read(data: bytes) -> Iterator[Document]:
    try:
        text = whole_text(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
        return
    turns: list[dict[str, object]] = []
    at = 0
    for found in _PLAYER.finditer(text):
        _tell(turns, text[at : found.start()])
        turns.append({"player": True, "text": found[1].strip()})
        at = found.end()
    _tell(turns, text[at:])
    yield Document(0, data, {"ai-dungeon": {"turns": turns}})


def _tell(turns: list[dict[str, object]], story: str) -> None:
    if story.strip():
        turns.append({"player": False, "text": story.strip()})


KIND = DocumentKind(
    name="ai-dungeon",
    title="AI Dungeon adventure (text)",
    recognise=_recognise,
    read=_read,
)
