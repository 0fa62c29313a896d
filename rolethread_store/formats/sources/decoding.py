"""Text in other encodings, handed on as UTF-8.

UTF-16 and UTF-32 give themselves away, by a mark or by the zeros in their first characters;
Latin-1 and its relatives do not, so they are read only when they are named.
"""

from __future__ import annotations

import codecs
from io import RawIOBase

from rolethread_store.formats.sources.failures import EncodingUnknown
from rolethread_store.formats.sources.stream import Stream

__all__ = ["BAD_BYTES", "Decoded", "checked_encoding", "encoding_of"]

_MARKS = (
    (codecs.BOM_UTF8, None),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# JSON begins with an ASCII character: these are the places of zeros in its first four bytes.
_ZEROS: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}
# Files whose bytes are no text in any encoding.
_BINARY = (b"PK\x03\x04", b"PAR1", b"ARROW1\0\0", b"\x89PNG\r\n\x1a\n", b"SQLite format 3\0")
_INPUT_BYTES = 256 << 10
_BAD = "rolethread-store.bad-bytes"
_BAD_CHARACTER = "\udcff"
# What stands in the UTF-8 where the source's bytes mean nothing in its encoding.
BAD_BYTES = _BAD_CHARACTER.encode("utf-8", "surrogatepass")


def _mark_bad(error: UnicodeError) -> tuple[str, int]:
    """Put half a surrogate pair where bytes mean nothing.

    As UTF-8 it is invalid, so the record around it, and no other, goes to quarantine.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _BAD_CHARACTER, error.end


codecs.register_error(_BAD, _mark_bad)


def encoding_of(head: bytes, named: str | None) -> str | None:
    """Return the codec a source needs, ``None`` for UTF-8 and for what is no text.

    Args:
        head: Its first bytes, at least 16 if there are as many.
        named: What the user says it is.
    """
    if any(head.startswith(mark) for mark in _BINARY):
        return None
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if named is not None:
        return None if codecs.lookup(named).name == "utf-8" else named
    first = tuple(byte == 0 for byte in head[:4])
    return _ZEROS.get(first) or (_ZEROS.get((*first, *first)) if len(first) == 2 else None)


def checked_encoding(name: str) -> str:
    """Return the name of a text encoding.

    Raises:
        EncodingUnknown: Python knows none of that name, or it is none of text.
    """
    try:
        "".encode(name)
        b"".decode(name)
    except (LookupError, ValueError):
        raise EncodingUnknown(
            f"“{name}” is no text encoding", hint="for example: utf-8, cp1252, latin-1, shift_jis"
        ) from None
    return name


class Decoded(RawIOBase):
    """A feed that gives another stream's text as UTF-8.

    Offsets then count in that UTF-8, not in the file.

    Attributes:
        broken: Why it ended early, ``None`` if it did not.
    """

    def __init__(self, source: Stream, encoding: str) -> None:
        super().__init__()
        self.broken: str | None = None
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(_BAD)
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """Tell that bytes can be read."""
        return True

    def readinto(self, room: object, /) -> int:
        """Give some of the text; zero at the end."""
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        while not self._ready and not self._ended:
            packed = self._source.read(_INPUT_BYTES) or b""
            self._ended = not packed
            self.broken = self._source.broken
            # Half a character at the very end is marked bad like any other bytes.
            text = self._decoder.decode(packed, self._ended)
            self._ready = memoryview(text.encode("utf-8", "surrogatepass"))
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        """Close the source."""
        self._source.close()
        super().close()
