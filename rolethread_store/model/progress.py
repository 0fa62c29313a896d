"""How far a long piece of work has come, as a value that any front end can draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Progress", "ProgressListener", "unheard"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of a flow.

    Attributes:
        done: Units finished so far (bytes, objects or entries, as ``what`` says).
        total: Units in all, or ``None`` while unknown.
        what: What is being counted, for people: ``"bytes read"``.
    """

    done: int
    total: int | None
    what: str


ProgressListener = Callable[[Progress], None]


def unheard(_: Progress) -> None:
    """Take a report and do nothing, for callers that do not listen."""
