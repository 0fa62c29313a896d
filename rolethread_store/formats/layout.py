"""How a file holds its records, told by its content and never by its name.

Real files with the wrong ending are common: ``.jsonl`` holding one pretty array, ``.json``
holding lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from rolethread_store.errors import Denied, InvalidInput, NotFound
from rolethread_store.formats.structure import BracketScan

__all__ = [
    "Container",
    "FileLayout",
    "SourceMissing",
    "SourceNotText",
    "SourceUnreadable",
    "detect_layout",
]

_HEAD_BYTES = 1 << 16
_FIRST_RECORD_BYTES = 64 << 20
_UTF8_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_FOREIGN = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_BINARY = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PAR1", "Parquet"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
)


class SourceMissing(NotFound):
    """The file to read is not there."""

    code: ClassVar[str] = "formats.source-missing"


class SourceUnreadable(Denied):
    """The system does not let us read the file."""

    code: ClassVar[str] = "formats.source-unreadable"


class SourceNotText(InvalidInput):
    """A folder, a compressed file, or text in another encoding than UTF-8."""

    code: ClassVar[str] = "formats.source-not-text"


class Container(StrEnum):
    """How records follow each other in a file."""

    LINES = "lines"
    ARRAY = "array"
    OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """Where records start and what divides them.

    Attributes:
        container: The kind of division.
        start: Byte offset of the first record's text: after a byte order mark and, for
            an array, after its opening bracket.
        size: Bytes in the file when it was looked at.
    """

    container: Container
    start: int
    size: int


def detect_layout(path: Path) -> FileLayout:
    """Look at the beginning of a file.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceNotText: it is a folder, compressed, or not UTF-8.
    """
    try:
        if path.is_dir():
            raise SourceNotText(f"{path} is a folder", hint="name the files in it")
        with path.open("rb") as source:
            size = source.seek(0, 2)
            source.seek(0)
            head = source.read(_HEAD_BYTES)
            start = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
            _refuse_foreign(path, head)
            while not (text := head[start:].lstrip(_BLANK)) and len(head) < size:
                # Nothing but blanks so far: look further in larger and larger steps.
                more = source.read(max(len(head), 1))
                if not more:
                    break
                head += more
            first = len(head) - len(text)
            if text.startswith(b"["):
                return FileLayout(Container.ARRAY, first + 1, size)
            if text.startswith(b"{") and _spans_lines(source, first):
                return FileLayout(Container.OBJECTS, start, size)
    except FileNotFoundError:
        raise SourceMissing(f"there is no file {path}", hint="check the path") from None
    except PermissionError:
        raise SourceUnreadable(f"{path} may not be read", hint="check its permissions") from None
    return FileLayout(Container.LINES, start, size)


def _refuse_foreign(path: Path, head: bytes) -> None:
    for mark, name in _BINARY:
        if head.startswith(mark):
            raise SourceNotText(
                f"{path} is a {name} file, not JSON", hint="unpack or convert it first"
            )
    for mark, name in _FOREIGN:
        if head.startswith(mark):
            raise SourceNotText(f"{path} is {name} text", hint="save it as UTF-8 first")
    # JSON of ASCII letters has a zero in every other byte when it is UTF-16; a single zero
    # spoils only the record it stands in.
    if head[:2].count(0) == 1 or head.count(0) * 10 > len(head):
        name = "UTF-16" if head[:2].count(0) == 1 else "binary"
        raise SourceNotText(f"{path} is {name} data, not UTF-8", hint="save it as UTF-8 first")


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _spans_lines(source: BinaryIO, first: int) -> bool:
    """Tell objects written over several lines, or side by side, from JSON Lines.

    Both must hold: the first line alone is no JSON, and the brackets close to valid JSON
    further on. A torn first line of a JSON Lines file fails the second.
    """
    source.seek(first)
    line = source.readline(_FIRST_RECORD_BYTES)
    if _is_json(line):
        return False
    text = line + source.read(_FIRST_RECORD_BYTES - len(line))
    closes = BracketScan(0).feed(np.frombuffer(text, np.uint8)).closes
    if not len(closes):
        return False
    end = int(closes[0]) + 1
    beside = text[end:].lstrip(_BLANK).startswith(b"{")
    return (end > len(line) or beside) and _is_json(text[:end])
