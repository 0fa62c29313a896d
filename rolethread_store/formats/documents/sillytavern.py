"""SillyTavern chats: JSON lines of which the first is a header and not a message.

The whole file is one record. A line that cannot be read is told of by itself, and the chat
goes on without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolethread_store.formats.adapters import JsonObject
from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import (
    TextOdd,
    beginning,
    parsed_object,
    whole_text,
)

__all__ = ["KIND"]

_HEADER = {"user_name", "character_name", "chat_metadata"}
# A line longer than what is looked at is known by how it begins, or by what is in it.
_LONG_HEADER = re.compile(r'\{\s*"(chat_metadata|user_name|character_name)"\s*:')
_LONG_MESSAGE = re.compile(r'"(is_user|mes)"\s*:')


def _recognise(head: bytes, name: str) -> str | None:
    text = beginning(head)
    if text is None or not text.lstrip().startswith("{"):
        return None
    line, ended, rest = text.lstrip().partition("\n")
    try:
        first = parsed_object(line)
    except TextOdd:
        return "a long header of a chat" if not ended and _LONG_HEADER.match(line) else None
    if _is_message(first):
        return "lines with name, is_user and mes"
    known = _HEADER & first.keys()
    # Records of a dataset may have such fields too; what follows a header are messages.
    if len(known) < 2 or not _begins_message(rest.lstrip()):
        return None
    return "a first line with " + ", ".join(sorted(known))


def _begins_message(rest: str) -> bool:
    """Tell whether a chat goes on with a message, or ends with its header."""
    line, ended, _ = rest.partition("\n")
    try:
        return not line or _is_message(parsed_object(line))
    except TextOdd:
        return not ended and _LONG_MESSAGE.search(line) is not None


def _is_message(line: JsonObject) -> bool:
    return "mes" in line and ("is_user" in line or "swipes" in line or "send_date" in line)


def _read(data: bytes) -> Iterator[Document]:
    try:
        # Line ends are the file's own: what is told of a line is where it stands in bytes.
        whole_text(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
        return
    header: JsonObject = {}
    messages: list[JsonObject] = []
    faults: list[Document] = []
    for at, (offset, raw) in enumerate(_lines(data)):
        try:
            line = parsed_object(whole_text(raw))
        except TextOdd as odd:
            faults.append(Document(offset, raw, None, f"line of a chat: {odd}"))
            continue
        if _is_message(line):
            messages.append(line)
        elif at == 0:
            header = line
        else:
            faults.append(Document(offset, raw, None, "line of a chat: no message, it has no mes"))
    if messages or header:
        yield Document(0, data, {"sillytavern": {"header": header, "messages": messages}})
    yield from faults


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the lines that are not blank, each with its place, as UTF-8 without marks."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # Places in UTF-16 are those of the text it stands for.
        data = whole_text(data).encode()
    begin = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while begin < len(data):
        end = data.find(b"\n", begin)
        end = len(data) if end < 0 else end
        if line := data[begin:end].strip():
            yield begin, line
        begin = end + 1


KIND = DocumentKind(
    name="sillytavern",
    title="SillyTavern chat (JSONL with a header)",
    recognise=_recognise,
    read=_read,
)
