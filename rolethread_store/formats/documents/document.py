"""The interface of everything that makes records of a file that is no row of JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rolethread_store.formats.adapters import JsonObject

__all__ = ["Document", "DocumentKind"]


@dataclass(frozen=True, slots=True)
class Document:
    """One record found in a document.

    Attributes:
        offset: Byte in the file at which it begins.
        raw: Its bytes as they stand in the file, kept word for word.
        record: The record as a JSON object that one of the adapters recognises, or ``None``.
        fault: Why there is no record; the bytes then go to quarantine.
    """

    offset: int
    raw: bytes
    record: JsonObject | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of file.

    Attributes:
        name: Its name in ``detect``.
        title: What people call it.
        recognise: Says from a file's first bytes (up to 64 KiB, decoded bytes are not
            promised to end at a character) and its name by what it knows the kind, or ``None``.
        read: Yields the records of the whole file's bytes (at most 256 MiB).
    """

    name: str
    title: str
    recognise: Callable[[bytes, str], str | None]
    read: Callable[[bytes], Iterator[Document]]
