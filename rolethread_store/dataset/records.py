"""Between records of the log and change sets, and what an undo is called."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from rolethread_store.changelog import HistoryInconsistent, LogPosition
from rolethread_store.dataset.manifest import LogMark
from rolethread_store.model import ChangeSet

__all__ = ["decoded", "marked", "words_of"]


def words_of(verb: str, moved: Sequence[ChangeSet]) -> str:
    """Return the summary of an undo or redo of some sets, oldest first."""
    if len(moved) > 1:
        return f"{verb} {len(moved)} changes: {moved[0].summary} … {moved[-1].summary}"
    return f"{verb}: {moved[0].summary}"


def marked(position: LogPosition) -> LogMark:
    """Return a place in the log as a manifest keeps it."""
    return LogMark(
        number=position.number,
        log_id=position.log_id,
        frames=position.frames,
        size=position.size,
        tag=position.tag,
    )


def decoded(body: bytes) -> ChangeSet:
    """Return the change set of a record's body.

    Raises:
        HistoryInconsistent: it is none that this program knows.
    """
    try:
        return ChangeSet.model_validate_json(body)
    except ValidationError as error:
        raise HistoryInconsistent(
            f"a log record has an unknown structure ({error.error_count()} places)",
            hint="it may have been written by a newer version of the program",
        ) from None
