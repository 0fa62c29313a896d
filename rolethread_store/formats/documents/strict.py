"""Text and JSON out of documents, read as strictly as whole files are.

What two readers would understand differently (a key twice, a number that is none, half a
character) is refused with a reason instead of being read one way in silence.
"""

from __future__ import annotations

import codecs

from rolethread_store.formats.adapters import JsonObject
from rolethread_store.formats.strict_json import parsed

__all__ = ["TextOdd", "beginning", "parsed_object", "whole_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class TextOdd(ValueError):
    """The bytes are no text, or the text no JSON object; the message is the reason.

    It never leaves the room: the bytes go to quarantine with this reason.
    """


def _encoding(data: bytes) -> tuple[str, int]:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, len(mark)
    return "utf-8", 0


def beginning(head: bytes) -> str | None:
    """Return a file's first bytes as text, without half a character at the end.

    It is ``None`` where the bytes are no text: of another encoding than UTF-8 and marked
    UTF-16, or with NUL in it.
    """
    name, begin = _encoding(head)
    try:
        text = codecs.getincrementaldecoder(name)().decode(head[begin:])
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def whole_text(data: bytes) -> str:
    """Return a whole file as text, with a newline for every line end.

    Raises:
        TextOdd: it is neither UTF-8 nor marked UTF-16.
    """
    name, begin = _encoding(data)
    try:
        text = data[begin:].decode(name)
    except UnicodeDecodeError as error:
        raise TextOdd(
            f"not {name.upper()} text: {error.reason} at byte {begin + error.start}"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parsed_object(text: str) -> JsonObject:
    """Return a JSON object that every reader understands alike.

    Raises:
        TextOdd: it is no JSON, no object, or holds what readers disagree about.
    """
    value, fault = parsed(text)
    if fault is not None:
        raise TextOdd(fault)
    if not isinstance(value, dict):
        raise TextOdd("not a JSON object")
    return value
