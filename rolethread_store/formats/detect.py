"""What a file is: read as an import would read it, but for what it shows and not for its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from rolethread_store.clock import Clock
from rolethread_store.engine import Session
from rolethread_store.formats.adapters import ADAPTERS, ReadingOptions
from rolethread_store.formats.documents import KINDS
from rolethread_store.formats.importing import import_files
from rolethread_store.formats.layout import as_source
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.sources import SourceFile
from rolethread_store.formats.strict_json import parsed
from rolethread_store.model import ProgressListener, unheard

__all__ = ["Detection", "Failure", "Guess", "detect_file"]

_SET_BASED = {
    "chatml": ("ChatML", "messages of role and content"),
    "sharegpt": ("ShareGPT", "conversations of from and value"),
    "alpaca": ("Alpaca", "instruction, input and output"),
    "dolly": ("Dolly", "instruction, context and response"),
    "gpteacher": ("GPTeacher", "instruction, input and response"),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """One shape that was found.

    Attributes:
        name: The shape, as ``origin.format`` has it; a kind of document by its own name.
        title: What people call it.
        entries: Entries that came of it.
        evidence: By what the first of its records was known.
    """

    name: str
    title: str
    entries: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The first record that is not of the best guess.

    Attributes:
        record: Its number.
        offset: Byte at which it begins, ``None`` where that is not known.
        reason: What is the matter with it.
    """

    record: int
    offset: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Detection:
    """What a file holds; ``records == kept + quarantined``.

    Attributes:
        source: Its name.
        records: Records in it.
        kept: Those that can be read.
        quarantined: Those that would be set aside.
        definitions: Definitions that it brings.
        guesses: The shapes, the commonest first.
        first: The first entry as it would be stored, ``None`` without any.
        failure: The first record that the best guess does not cover, ``None`` without any.
        keys: Keys of the first record, when nothing of it is known.
    """

    source: str
    records: int
    kept: int
    quarantined: int
    definitions: int
    guesses: tuple[Guess, ...]
    first: Mapping[str, Any] | None
    failure: Failure | None
    keys: tuple[str, ...] = ()


class _Looking:
    """Takes rows as a batch writer does, and keeps of them what there is to show."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._place: int | None = None
        self.first: dict[str, Any] | None = None
        self.first_records: dict[str, int] = {}

    def write(self, select: str, *, plain: bool = False, expected: int | None = None) -> int:
        # The count of messages carries the proof of the fast lane.
        found = self._session.rows(
            "SELECT origin.format, count(message_count), min(origin.record), min(position) "
            f"FROM ({select}) GROUP BY ALL"
        )
        for name, _, record, _ in found:
            self.first_records[name] = min(record, self.first_records.get(name, record))
        place = min((row[3] for row in found), default=None)
        if place is not None and (self._place is None or place < self._place):
            self._place = place
            self.first = self._row(select, place)
        return sum(row[1] for row in found)

    def _row(self, select: str, place: int) -> dict[str, Any]:
        names = ("messages", "tags", "extra", "origin")
        [values] = self._session.rows(
            f"SELECT {', '.join(names)} FROM ({select}) WHERE position = {place} LIMIT 1"
        )
        return dict(zip(names, values, strict=True))


def detect_file(
    session: Session,
    clock: Clock,
    path: Path,
    options: ReadingOptions | None = None,
    listener: ProgressListener = unheard,
) -> Detection:
    """Read a whole file and tell what it is; nothing is written.

    Args:
        session: A session of its own; no store is needed.
        clock: Gives ids for rows that nobody keeps.
        path: The file.
        options: What the user said about who speaks.
        listener: Hears of bytes read.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceNotText: it is a folder, compressed, or not UTF-8.
        RecordTooLarge: a record is larger than quarantine takes.
    """
    looking = _Looking(session)
    target = ImportTarget(
        session=session,
        clock=clock,
        import_id=UUID(int=0),
        first_position=0,
        entries=looking,
        quarantine=None,
        options=options or ReadingOptions(),
    )
    found = as_source(path)
    outcome = import_files([found], target, listener)
    [source] = outcome.sources
    guesses = _guesses(outcome)
    return Detection(
        source=source.name,
        records=source.records,
        kept=source.kept,
        quarantined=source.quarantined,
        definitions=len(outcome.facts),
        guesses=guesses,
        first=looking.first,
        failure=_failure(found, outcome, guesses, looking.first_records),
        keys=() if guesses else _first_keys(found),
    )


def _guesses(outcome: ImportOutcome) -> tuple[Guess, ...]:
    titles = {kind.name: kind.title for kind in KINDS}
    titles.update((adapter.name, adapter.title) for adapter in ADAPTERS)
    found = []
    for name in dict.fromkeys([*outcome.formats, *outcome.evidence]):
        title, evidence = _SET_BASED.get(name, (titles.get(name, name), ""))
        count = outcome.formats.get(name, 0)
        found.append(Guess(name, title, count, outcome.evidence.get(name, evidence)))
    return tuple(sorted(found, key=lambda guess: -guess.entries))


def _failure(
    path: SourceFile, outcome: ImportOutcome, guesses: tuple[Guess, ...], firsts: Mapping[str, int]
) -> Failure | None:
    """Return the earliest record that is set aside or of another shape than the best guess."""
    found: list[Failure] = []
    if outcome.samples:
        sample = min(outcome.samples, key=lambda one: one.record)
        found.append(Failure(sample.record, sample.offset, sample.reason))
    best = guesses[0].name if guesses else ""
    others = {record: name for name, record in firsts.items() if name != best}
    if others:
        record = min(others)
        if not found or record < found[0].record:
            reason = f"is of another shape: {others[record]}"
            return Failure(record, _offset_of(path, record, outcome), reason)
    return found[0] if found else None


def _offset_of(path: SourceFile, record: int, outcome: ImportOutcome) -> int | None:
    """Return where a record begins, by reading the file up to it once more."""
    if any(kind.name in outcome.evidence for kind in KINDS):
        return None  # A document's records have no lines to count.
    for group in read_groups(path):
        numbers = group["record"]
        if numbers[len(numbers) - 1].as_py() >= record:
            place: int | None = group["offset"][numbers.index(record).as_py()].as_py()
            return place
    return None


def _first_keys(path: SourceFile) -> tuple[str, ...]:
    for group in read_groups(path):
        text = group["line"][0].as_py()
        record = None if text is None else parsed(text)[0]
        return tuple(record) if isinstance(record, dict) else ()
    return ()
