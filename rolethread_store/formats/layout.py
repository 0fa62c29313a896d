"""How a file holds its records, told by its content and never by its name.

Real files with the wrong ending are common: ``.jsonl`` holding one pretty array, ``.json``
holding lines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from rolethread_store.formats.sources import SourceFile, SourceNotText, Stream, find_sources
from rolethread_store.formats.structure import BracketScan
from rolethread_store.formats.tables import check_table, table_kind

__all__ = ["Container", "FileLayout", "as_source", "detect_layout"]

_HEAD_BYTES = 1 << 16
_FIRST_RECORD_BYTES = 64 << 20
_UTF8_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_BINARY = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"%PDF-", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"SQLite format 3\0", "SQLite"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
)


class Container(StrEnum):
    """How records follow each other in a file."""

    LINES = "lines"
    ARRAY = "array"
    OBJECTS = "objects"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class FileLayout:
    """Where records start and what divides them.

    Attributes:
        container: The kind of division.
        start: Byte offset of the first record's text: after a byte order mark and, for
            an array, after its opening bracket.
        size: Bytes the source will give, ``None`` when that is known only at the end.
    """

    container: Container
    start: int
    size: int | None


def detect_layout(path: Path | SourceFile) -> FileLayout:
    """Look at the beginning of a source.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceUnavailable: the disk or the remote fails.
        SourceNotText: it is a folder, or bytes that no reader here understands.
        TableUnreadable: it is a table that is damaged.
        TableOptionsInvalid: it is a table without a column that was named.
    """
    source = as_source(path)
    with source.open() as stream:
        head = stream.peek(_HEAD_BYTES)
        if (kind := table_kind(head, source)) is not None:
            check_table(source, stream, kind)
            return FileLayout(Container.TABLE, 0, source.size)
        start = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
        _refuse_foreign(source.name, head)
        reach = _HEAD_BYTES
        while not (text := head[start:].lstrip(_BLANK)) and len(head) >= reach:
            # Nothing but blanks so far: look further in larger and larger steps.
            reach *= 2
            head = stream.peek(reach)
        first = len(head) - len(text)
        if text.startswith(b"["):
            return FileLayout(Container.ARRAY, first + 1, source.size)
        if text.startswith(b"{") and _spans_lines(stream, first):
            return FileLayout(Container.OBJECTS, start, source.size)
    return FileLayout(Container.LINES, start, source.size)


def as_source(path: Path | SourceFile) -> SourceFile:
    """Return the source at a path, where one is given.

    Raises:
        SourceNotText: it is an archive of several.
    """
    if isinstance(path, SourceFile):
        return path
    found = find_sources([path])
    if len(found) != 1:
        raise SourceNotText(f"{path} stands for {len(found)} files", hint="name one of them")
    return found[0]


def _refuse_foreign(name: str, head: bytes) -> None:
    for mark, kind in _BINARY:
        if head.startswith(mark):
            raise SourceNotText(f"{name} is a {kind} file, not JSON", hint="convert it first")
    # A single zero spoils only the record it stands in.
    if head.count(0) * 10 > len(head):
        raise SourceNotText(f"{name} is binary data, not text", hint="convert it first")


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _spans_lines(stream: Stream, first: int) -> bool:
    """Tell objects written over several lines, or side by side, from JSON Lines.

    Both must hold: the first line alone is no JSON, and the brackets close to valid JSON
    further on. A torn first line of a JSON Lines file fails the second.
    """
    reach = _HEAD_BYTES
    while True:
        text = stream.peek(first + reach)[first:]
        whole = len(text) < reach or reach >= _FIRST_RECORD_BYTES
        line = text.find(b"\n") + 1 or (len(text) if whole else 0)
        if line and _is_json(text[:line]):
            return False
        closes = BracketScan(0).feed(np.frombuffer(text, np.uint8)).closes
        end = int(closes[0]) + 1 if len(closes) else 0
        after = text[end:].lstrip(_BLANK)
        if whole or (line and end and after):
            return bool(end) and (end > line or after.startswith(b"{")) and _is_json(text[:end])
        reach *= 2
