"""The one interface of all adapters that read single records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions

__all__ = ["Adapter"]


@dataclass(frozen=True, slots=True)
class Adapter:
    """One source shape.

    Attributes:
        name: The shape's name in ``origin.format``, in reports and on the command line.
        title: What people call it, for ``detect`` and the documents.
        recognise: Says in a few words by what it knows a record, or ``None`` if the record
            is not of this shape. It looks at keys and the types of their values, never at
            the whole text, and holds for no record of another shape.
        read: Reads a recognised record; raises ``RecordOdd`` with the reason when it cannot.
    """

    name: str
    title: str
    recognise: Callable[[JsonObject], str | None]
    read: Callable[[JsonObject, ReadingOptions], Reading]
