"""What every exact shape of record offers to the lanes that read whole tables of it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Shape"]


class Shape(Protocol):
    """One exact shape: the same keys in every record, and texts where texts belong.

    Each method returns SQL; ``read`` is what ``read_sql`` or the cast to ``struct_type``
    gave, ``line`` the record's text.
    """

    @property
    def kind(self) -> str:
        """The kind of its records: how they are laid out, a slash, and the format's name."""
        ...

    @property
    def struct_type(self) -> str:
        """The struct a record is cast to."""
        ...

    def matches_sql(self, structure: str) -> str:
        """Tell whether a record's ``json_structure`` is this shape's; ``NULL`` is false."""
        ...

    def read_sql(self, line: str) -> str:
        """Read a record into a struct, ``NULL`` when the strict reader refuses."""
        ...

    def accepts_sql(self, read: str) -> str:
        """Tell whether what was read holds everything the record does."""
        ...

    def proof_sql(self, read: str) -> str:
        """Tell of a record that was cast whether all that was read as text was text."""
        ...

    def fields_sql(self, read: str) -> dict[str, str]:
        """Give ``messages``, ``tags`` and ``extra`` of what was read."""
        ...

    def record_sql(self, read: str) -> str:
        """Make the record struct (``parts.RECORD_TYPE``) of what was read."""
        ...

    def count_sql(self, read: str) -> str:
        """Give the number of messages."""
        ...

    def usual_messages_sql(self, read: str) -> str:
        """Give role and content of messages that need no other field."""
        ...

    def usual_proof_sql(self, read: str) -> str:
        """Tell of it that too, and whether the messages need nothing but role and content."""
        ...
