"""Change sets on their way into the log and out of it: built, as bytes, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ValidationError

from rolethread_store.changelog import HistoryInconsistent, LogPosition, Stretch
from rolethread_store.dataset.manifest import LogMark
from rolethread_store.model import Change, ChangeSet, lightened, unchecked

__all__ = [
    "Stamp",
    "change_record",
    "decoded",
    "encoded",
    "makes_room",
    "marked",
    "move_record",
    "move_words",
]

Stamp = tuple[UUID, int, datetime]
"""Identity, sequence number and moment of a record."""

_to_json = ChangeSet.__pydantic_serializer__.to_json


def change_record(stamp: Stamp, changes: Sequence[Change], summary: str) -> ChangeSet:
    """Return the record of changes that commit together."""
    return _record(stamp, "change", summary, {"changes": tuple(changes)})


def move_record(
    stamp: Stamp, kind: Literal["undo", "redo"], moved: Stretch, of: UUID | None
) -> ChangeSet:
    """Return the record of an undo or redo of sets.

    Args:
        stamp: Of the record.
        kind: Which of the two.
        moved: The sets.
        of: Their working copy, when they are several.
    """
    steps = moved.steps if moved.steps > 1 else None
    fields: dict[str, object] = {"target": moved.first.set_id, "steps": steps, "of": of}
    return _record(stamp, kind, move_words(kind, moved), fields)


def move_words(verb: str, moved: Stretch) -> str:
    """Return what an undo or redo does, in words."""
    if moved.steps > 1:
        return f"{verb} {moved.steps} changes: {moved.first.summary} … {moved.last.summary}"
    return f"{verb}: {moved.first.summary}"


def marked(position: LogPosition) -> LogMark:
    """Return a place in the log as a manifest keeps it."""
    return LogMark(**position._asdict())


def _record(stamp: Stamp, kind: str, summary: str, fields: dict[str, object]) -> ChangeSet:
    values: dict[str, object] = {
        "set_id": stamp[0],
        "seq": stamp[1],
        "at": stamp[2],
        "kind": kind,
        "summary": summary,
        "device": None,
        "changes": (),
        "target": None,
        "steps": None,
        "of": None,
    }
    values.update(fields)
    return unchecked(ChangeSet, values)


def encoded(record: ChangeSet) -> bytes:
    """Return a record as the log holds it."""
    return _to_json(record, exclude_none=True)


def decoded(body: bytes) -> ChangeSet:
    """Return a record of the log.

    Raises:
        HistoryInconsistent: it is none that this program knows.
    """
    try:
        record = lightened(ChangeSet.model_validate_json(body))
    except ValidationError as error:
        raise HistoryInconsistent(
            f"a log record has an unknown structure ({error.error_count()} places)",
            hint="it may have been written by a newer version of the program",
        ) from None
    for change in record.changes:
        lightened(change)
    return record


def makes_room(record: ChangeSet) -> bool:
    """Return whether a record is one that someone with a full disk needs."""
    gone = ("entries-deleted", "dataset-dropped")
    only_gone = bool(record.changes) and all(one.kind in gone for one in record.changes)
    return record.kind == "undo" or only_gone
