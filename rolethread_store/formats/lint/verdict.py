"""What a trainer does with a record, from harmless to fatal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Cell", "Verdict"]


class Verdict(StrEnum):
    """What becomes of a record, the harmless first.

    ``kept``: all of it is trained. ``masked``: all of it is read, less of it is trained than
    it seems. ``cut``: text is lost or altered. ``dropped``: the record is left out without an
    error. ``refused``: the trainer stops, or takes the file for invalid.
    """

    KEPT = "kept"
    MASKED = "masked"
    CUT = "cut"
    DROPPED = "dropped"
    REFUSED = "refused"

    @property
    def severity(self) -> int:
        """Its place among the others, from 0."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one trainer does with what one rule finds.

    Attributes:
        verdict: What becomes of the record.
        message: What the trainer prints, or does without a word.
        certain: Whether it is known of this trainer; otherwise it depends on the chat
            template, or nobody has documented it.
    """

    verdict: Verdict
    message: str
    certain: bool = True
