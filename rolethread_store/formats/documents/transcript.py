"""Transcripts in plain text and Markdown, of any number of speakers.

Nearly every text has colons in it, so a file is taken for a transcript only if its name is
that of a text and enough of it is somebody's; JSON in any shape never is. What cannot be
attributed belongs to the turn before it, what stands before the first speaker is the
``preface``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.speech import Said, Speech, heard
from rolethread_store.formats.documents.strict import TextOdd, beginning, whole_text

__all__ = ["KIND"]

_ENDINGS = frozenset(("", ".txt", ".text", ".md", ".markdown", ".log", ".chat", ".transcript"))
_HEAD_BYTES = 64 << 10
# A number in a bracket may be the time of day that opens a line of chat.
_JSON = re.compile(
    r'\s*(?:\{\s*["}]|\[\s*(?:[\[\]{"tfn]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*[,\]]))'
)
_FRONT_MATTER = re.compile(r"---\n(.*?)\n---(?:\n|\Z)", re.DOTALL)


def _recognise(head: bytes, name: str) -> str | None:
    # A compressed file is called by what is in it.
    ending = PurePath(re.sub(r"\.(gz|zst)$", "", name.lower())).suffix
    text = beginning(head)
    if text is None or ending not in _ENDINGS or _JSON.match(text):
        return None
    if len(head) >= _HEAD_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    speech = _speech(text.replace("\r\n", "\n").replace("\r", "\n"))
    if speech is None:
        return None
    names = len({turn.speaker for turn in speech.turns})
    return f"{speech.way}: {len(speech.turns)} turns of {names} speakers"


def _read(data: bytes) -> Iterator[Document]:
    try:
        text = whole_text(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
        return
    speech = _speech(text)
    if speech is None:
        yield Document(0, data, None, "too little of the text is anybody's turn")
        return
    transcript: dict[str, object] = {}
    if title := _title(speech.preface):
        transcript["title"] = title
    if speech.preface:
        transcript["preface"] = speech.preface
    transcript["turns"] = [_turn(said) for said in speech.turns]
    yield Document(0, data, {"transcript": transcript})


def _speech(text: str) -> Speech | None:
    """Hear a text behind its front matter, whose keys look like speakers."""
    front = _FRONT_MATTER.match(text)
    speech = heard(text[front.end() :] if front else text)
    if speech is None or front is None:
        return speech
    preface = f"{front[0].strip()}\n\n{speech.preface}".strip()
    return Speech(speech.way, speech.turns, preface)


def _title(preface: str) -> str | None:
    front = _FRONT_MATTER.match(preface)
    named = re.search(r"^title: *[\"']?(.+?)[\"']?$", front[1], re.MULTILINE) if front else None
    heading = re.search(r"^#{1,2} +(.+)$", preface, re.MULTILINE)
    found = named or heading
    return found[1].strip() if found else None


def _turn(said: Said) -> dict[str, object]:
    turn: dict[str, object] = {"speaker": said.speaker, "text": said.text}
    return turn if said.time is None else {**turn, "time": said.time}


KIND = DocumentKind(
    name="transcript",
    title="Transcript (plain text, Markdown)",
    recognise=_recognise,
    read=_read,
)
