"""Export: entries in order to files that appear whole or not at all.

Entries leave in slices by position. Each slice is made by SQL on all cores and sorted
alone, so memory does not grow with the dataset, and the order, hence every byte, is the
same each time.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.engine import Session
from rolethread_store.errors import InvalidInput
from rolethread_store.formats.arranging import Arrangement, arranged_sql
from rolethread_store.formats.destination import Destination, destination_of
from rolethread_store.formats.first_block import FirstBlock
from rolethread_store.formats.placing import writing_to
from rolethread_store.formats.rendering import line_sql
from rolethread_store.formats.shaping import DIALECTS
from rolethread_store.formats.sinks import ParquetSink, Sink, TextSink
from rolethread_store.formats.slicing import Source, sliced
from rolethread_store.formats.splitting import Splits
from rolethread_store.formats.targets import FileNote, FormatUnknown, Rows, Target, chosen_target
from rolethread_store.model import Progress, ProgressListener, unheard

__all__ = [
    "ExportOutcome",
    "ExportPlan",
    "LineOptions",
    "NothingToWrite",
    "Source",
    "arranged_source",
    "export_entries",
    "export_lines",
    "line_expression",
    "render_one",
    "write_beside",
]


class NothingToWrite(InvalidInput):
    """The target can carry none of the entries."""

    code: ClassVar[str] = "formats.nothing-to-write"


@dataclass(frozen=True, slots=True)
class LineOptions:
    """How entries are written as lines.

    Attributes:
        format: A target whose records are lines.
        clean: Only what a trainer reads.
    """

    format: str = "chatml"
    clean: bool = False


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What to make of the entries.

    Attributes:
        target: What is written.
        arrangement: How conversations are made to fit.
        splits: Which entries go together, ``None`` to keep them all together.
        heading: What the manifest says before what it counts.
        allow: Write also what the trainer's loader would not take.
    """

    target: Target
    arrangement: Arrangement = field(default_factory=Arrangement)
    splits: Splits | None = None
    heading: Mapping[str, Any] = field(default_factory=dict)
    allow: bool = False


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What was written.

    Attributes:
        entries: Entries in the files.
        records: Records made of them.
        bytes: Size of all files of records.
        skipped: Records that the target could not carry, by reason.
        files: The files of records.
        beside: Names of the other files.
    """

    entries: int
    records: int
    bytes: int
    skipped: Mapping[str, int]
    files: tuple[FileNote, ...]
    beside: tuple[str, ...]


@dataclass(slots=True)
class _Part:
    """One file of records while it is written."""

    name: str
    split: str | None
    sink: Sink
    block: FirstBlock | None = None
    entries: int = 0
    records: int = 0

    def note(self) -> FileNote:
        return FileNote(
            self.name, self.split, self.entries, self.records, self.sink.bytes, self.sink.sha256
        )


def line_expression(options: LineOptions) -> str:
    """Return SQL over an entry's columns giving its record as one line of JSON.

    Raises:
        FormatUnknown: the format cannot be written.
    """
    for dialect in DIALECTS:
        if dialect.name == options.format:
            return line_sql(dialect, clean=options.clean)
    known = ", ".join(dialect.name for dialect in DIALECTS)
    raise FormatUnknown(
        f"{options.format!r} is not a format to show an entry in", hint=f"choose one of: {known}"
    )


def render_one(session: Session, relation: str, options: LineOptions) -> str:
    """Return the record of the only entry a SELECT gives, as an export writes it.

    Raises:
        FormatUnknown: the format cannot be written.
    """
    return str(session.value(f"SELECT {line_expression(options)} FROM ({relation})"))


def export_lines(
    session: Session,
    relation: str,
    options: LineOptions,
    path: Path,
    *,
    force: bool = False,
    listener: ProgressListener = unheard,
) -> ExportOutcome:
    r"""Write the entries a SELECT gives, by position, as lines ending in ``\n``, and no more.

    Args:
        session: A session that can run the SELECT.
        relation: A SELECT of the columns of schema v1.
        options: Format and whether clean.
        path: The file to make; its folder must exist.
        force: Replace a file that is there.
        listener: Hears of entries written.

    Raises:
        FormatUnknown: the format cannot be written.
        OutputExists: the file is there and ``force`` is not set.
        OutputUnwritable: the disk refuses.
    """
    plan = ExportPlan(chosen_target(options.format, clean=options.clean))
    where = destination_of(path, plan.target, None, force=force, manifest=False)
    return export_entries(session, Source(relation), plan, where, listener)


def arranged_source(source: Source, plan: ExportPlan) -> str:
    """Return a SELECT of all entries to write, with their messages as they will be."""
    return arranged_sql(source.narrowed(source.relation), plan.arrangement)


def export_entries(
    session: Session,
    source: Source,
    plan: ExportPlan,
    destination: Destination,
    listener: ProgressListener = unheard,
) -> ExportOutcome:
    """Write entries to files, what stands beside them, and the manifest.

    Args:
        session: A session that can run the SELECT of the source.
        source: The entries.
        plan: What to make of them.
        destination: Where to.
        listener: Hears of records written.

    Raises:
        FieldsLate: the trainer's loader would not take a file, and ``plan.allow`` is not set.
        NothingToWrite: there are entries, and the target can carry none of them.
        OutputUnwritable: the disk refuses.
    """
    parts: list[_Part] = []
    skipped: Counter[str] = Counter()
    with writing_to(destination.places, destination.shown):
        try:
            for name, split in destination.files:
                block = FirstBlock() if plan.target.loaded and not plan.allow else None
                parts.append(_Part(name, split, _sink(plan.target, destination, name), block))
            for rows in _batches(session, source, plan):
                _distribute(rows, parts, skipped)
                listener(Progress(sum(one.records for one in parts), None, "records written"))
            _refuse_nothing(plan, parts, skipped)
            for part in parts:
                if part.block is not None:
                    part.block.require_early(plan.target.name)
                part.sink.finish()
        finally:
            for part in parts:
                part.sink.release()
        notes = tuple(part.note() for part in parts)
        beside = write_beside(plan, destination, notes, skipped)
    return ExportOutcome(
        entries=sum(note.entries for note in notes),
        records=sum(note.records for note in notes),
        bytes=sum(note.bytes for note in notes),
        skipped=dict(skipped.most_common()),
        files=notes,
        beside=beside,
    )


def _sink(target: Target, destination: Destination, name: str) -> Sink:
    output: BinaryIO = destination.places.create(name)
    if target.rows.columns:
        return ParquetSink(output, tuple(target.rows.columns))
    return TextSink(output, target.header)


def _batches(session: Session, source: Source, plan: ExportPlan) -> Iterator[pa.RecordBatch]:
    def sql(place: str) -> str:
        piece = f"SELECT * FROM ({source.relation}) WHERE {place}"
        return _rows_sql(source.narrowed(piece), plan)

    yield from sliced(session, source, sql)


def _rows_sql(relation: str, plan: ExportPlan) -> str:
    """Return SQL for rows ready to be written, in order."""
    rows: Rows = plan.target.rows
    relation = arranged_sql(relation, plan.arrangement)
    for step in rows.steps:
        added = ", ".join(f"{sql} AS {name}" for name, sql in step.items() if name != "messages")
        changed = f"REPLACE ({step['messages']} AS messages)" if "messages" in step else ""
        relation = f"SELECT * {changed}{', ' if added else ''}{added} FROM ({relation})"
    values = {
        "reason": f"CAST({rows.reason} AS VARCHAR)",
        "part": "0" if plan.splits is None else plan.splits.place_sql,
        "lead": "lead",
        **(rows.columns or {"text": rows.text, "records": rows.records}),
    }
    named = ", ".join(f"{sql} AS out_{name}" for name, sql in values.items())
    given = ", ".join(f"out_{name} AS {name}" for name in values)
    return (
        f"SELECT {given} FROM (SELECT position, entry_id AS sort_id, turn, {named} "
        f"FROM ({relation})) ORDER BY position, sort_id, turn"
    )


def _distribute(rows: pa.RecordBatch, parts: Sequence[_Part], skipped: Counter[str]) -> None:
    """Give each row to the file of its split; count those that have a reason not to be."""
    reasons = rows.column("reason")
    if reasons.null_count < len(reasons):
        for value in pc.value_counts(reasons.drop_null()).to_pylist():
            skipped[value["values"]] += value["counts"]
        rows = rows.filter(pc.is_null(reasons))
    for place, part in enumerate(parts):
        own = rows if len(parts) == 1 else rows.filter(pc.equal(rows.column("part"), place))
        part.entries += int(pc.sum(own.column("lead")).as_py() or 0)
        if "records" in own.schema.names:
            part.records += int(pc.sum(own.column("records")).as_py() or 0)
        else:
            part.records += len(own)
        if part.block is not None:
            part.block.take(own.column("text"))
        part.sink.take(own)


def _refuse_nothing(plan: ExportPlan, parts: Sequence[_Part], skipped: Counter[str]) -> None:
    """Refuse an export of which nothing would be left.

    Raises:
        NothingToWrite: no record was written, and not because there is no entry.
    """
    if any(part.records for part in parts):
        return
    name = plan.target.name
    if skipped:
        reasons = "; ".join(f"{reason} ({count:,})" for reason, count in skipped.most_common(3))
        raise NothingToWrite(
            f"{name} can carry none of these entries: {reasons}",
            hint="choose another --format, or an option that the reason names",
        )
    if plan.target.folder or plan.target.rows.columns:
        raise NothingToWrite(f"there is no entry to write as {name}")


def write_beside(
    plan: ExportPlan,
    destination: Destination,
    notes: Sequence[FileNote],
    skipped: Counter[str],
) -> tuple[str, ...]:
    """Write the companions and the manifest; return their names."""
    files = {
        name: text.encode() for name, text in destination.companions(plan.target, notes).items()
    }
    if destination.manifest is not None:
        files[destination.manifest] = _manifest(plan, notes, files, skipped)
    for name, content in files.items():
        destination.places.create(name).write(content)
    return tuple(files)


def _manifest(
    plan: ExportPlan,
    notes: Sequence[FileNote],
    beside: Mapping[str, bytes],
    skipped: Counter[str],
) -> bytes:
    """Return what was written, as JSON: nothing in it differs from one run to the next."""
    files = [
        {"name": one.name, "split": one.split, "entries": one.entries, "records": one.records,
         "bytes": one.bytes, "sha256": one.sha256}
        for one in notes
    ]  # fmt: skip
    files += [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in beside.items()
    ]
    told = {
        **plan.heading,
        "entries": sum(one.entries for one in notes),
        "records": sum(one.records for one in notes),
        "skipped": {reason: skipped[reason] for reason in sorted(skipped)},
        "files": files,
        "schema": plan.target.schema,
    }
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
