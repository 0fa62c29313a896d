"""Import: files in, segments and quarantine out, and every record accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.engine import QueryInvalid, SegmentUnreadable, Session
from rolethread_store.errors import Corrupt
from rolethread_store.formats.layout import detect_layout
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget, QuarantineSample
from rolethread_store.formats.plain import PlainShape, find_shape
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.shaping import (
    Stamp,
    entries_sql,
    quarantine_sql,
    shaped_sql,
    survey_sql,
)
from rolethread_store.formats.sources import SourceFile, SourceOptions, find_sources
from rolethread_store.formats.typed import typed_sql
from rolethread_store.model import Progress, ProgressListener, Source, unheard
from rolethread_store.segments import BatchWriter

__all__ = ["RecordsUnaccounted", "import_files"]

_SAMPLES = 20
_TABLE = "raw_records"
# With fewer alike, two statements and two segments cost more than one of each.
_FEWEST_ALIKE = 0.5


class RecordsUnaccounted(Corrupt):
    """Rows kept and rows quarantined do not add up to the records read."""

    code: ClassVar[str] = "formats.records-unaccounted"


@dataclass
class _Tally:
    """Counts as they grow; ``ordinal`` runs over all files."""

    formats: Counter[str] = field(default_factory=Counter)
    samples: list[QuarantineSample] = field(default_factory=list)
    ordinal: int = 0
    entries: int = 0
    quarantined: int = 0


def import_files(
    paths: Sequence[str | Path | SourceFile],
    target: ImportTarget,
    listener: ProgressListener = unheard,
    reading: SourceOptions | None = None,
) -> ImportOutcome:
    """Read files into the target's writers; the caller finishes or abandons those.

    Args:
        paths: What ``find_sources`` understands; never written to.
        target: Where the rows go.
        listener: Hears of bytes read, unpacked and as UTF-8.
        reading: How the sources are to be read.

    Raises:
        SourceMissing: a file is not there; like the next two, found before any is read.
        SourceUnreadable: a file may not be read.
        SourceNotText: a folder, or bytes that no reader understands.
        SourceUnavailable: the disk or a remote fails.
        SourceExpands: a compressed file unpacks to too much.
        ArchiveRefused: an archive is damaged, encrypted, or holds names that mislead.
        TableUnreadable: a table is damaged.
        RecordTooLarge: a record is larger than quarantine takes.
        RecordsUnaccounted: the counts do not add up.
    """
    found = find_sources(paths, reading)
    sizes = [detect_layout(source).size for source in found]
    moment = target.clock.now()
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    tally, sources, done = _Tally(), [], 0
    for source, size in zip(found, sizes, strict=True):
        before = tally.ordinal, tally.entries, tally.quarantined
        read = _import_one(source, _Flow(target, moment, done, total, listener), tally)
        done += read if size is None else size
        listener(Progress(done, total, "bytes read"))
        sources.append(_source(source.name, before, tally))
    return ImportOutcome(tuple(sources), dict(sorted(tally.formats.items())), tuple(tally.samples))


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the steps of one file share."""

    target: ImportTarget
    moment: datetime
    done: int
    total: int | None
    listener: ProgressListener


def _source(name: str, before: tuple[int, int, int], tally: _Tally) -> Source:
    records, kept, quarantined = (
        after - start
        for after, start in zip(
            (tally.ordinal, tally.entries, tally.quarantined), before, strict=True
        )
    )
    return Source(name=name, records=records, kept=kept, quarantined=quarantined)


@dataclass
class _Lane:
    """How the groups of one file are read.

    Attributes:
        shape: The file's commonest plain shape, ``None`` without one.
        stamp: What the rows of the file share.
        alike: Whether no odd record has been met; then a group is not looked through first.
        usual: Whether no group's messages have needed more than role and content.
    """

    shape: PlainShape | None
    stamp: Stamp
    alike: bool = True
    usual: bool = True


def _import_one(source: SourceFile, flow: _Flow, tally: _Tally) -> int:
    """Import one source, reading the next group while the engine works on this one.

    Returns:
        The bytes read of it, as far as its records tell.
    """
    groups, read = read_groups(source), 0
    stamp = Stamp(flow.target.import_id, source.name, flow.moment, flow.target.first_position)
    lane: _Lane | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
        coming = reader.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = reader.submit(next, groups, None)
            if lane is None:
                with flow.target.session.table(_TABLE, group) as table:
                    lane = _Lane(find_shape(flow.target.session, table), stamp)
            last = len(group) - 1
            read = group["offset"][last].as_py() + len(group["raw"][last].as_buffer())
            _import_group(group, lane, flow.target, tally)
            # Its buffers are filled again by the reader.
            del group
            flow.listener(Progress(flow.done + read, flow.total, "bytes read"))
    return read


def _import_group(group: pa.Table, lane: _Lane, target: ImportTarget, tally: _Tally) -> None:
    """Write one table of raw records and count what became of it."""
    count = len(group)
    group = _numbered(group, target, tally.ordinal)
    tally.ordinal += count
    if lane.alike:
        if _import_alike(group, lane, target, tally):
            return
        lane.alike = False
    group = _with_survey(group, _surveyed(group, lane.shape, target.session))
    plain = group["plain"]
    alike = int(pc.sum(plain).as_py())
    if alike >= _FEWEST_ALIKE * count and _import_alike(group.filter(plain), lane, target, tally):
        group = group.filter(pc.invert(plain))
    if len(group):
        _import_mixed(group, lane, target, tally)


def _import_alike(group: pa.Table, lane: _Lane, target: ImportTarget, tally: _Tally) -> bool:
    """Write records that should all be of the shape; ``False``, and nothing written, if not.

    The engine words its refusal with the record's own text,
    which may hold any word it uses for damaged files too.
    """
    if lane.shape is None or group["fault"].null_count < len(group):
        return False
    line = pa.chunked_array(
        [pa.ExtensionArray.from_storage(pa.json_(), chunk) for chunk in group["line"].chunks],
        pa.json_(),
    )
    group = group.select(["record", "ordinal", "entry_id"]).append_column("line", line)
    with target.session.table(_TABLE, group) as table:
        kept = _write_alike(table, lane.shape, lane, target)
    if kept is None:
        return False
    _accounted(len(group), kept, 0, lane.stamp)
    tally.formats[lane.shape.dialect.name] += kept
    tally.entries += kept
    return True


def _write_alike(table: str, shape: PlainShape, lane: _Lane, target: ImportTarget) -> int | None:
    """Write a table with as few fields as it needs; ``None``, and nothing, if one is odd."""
    for usual in (True, False) if lane.usual else (False,):
        rows = typed_sql(table, shape, lane.stamp, usual=usual)
        try:
            if target.entries is None:
                # The proof is in the count of messages; a count of rows would not ask for it.
                query = f"SELECT count(message_count) FROM ({rows})"
                kept = int(target.session.value(query))
            else:
                kept = target.entries.write(rows, plain=usual)
        except (QueryInvalid, SegmentUnreadable):
            continue
        lane.usual = usual
        return kept
    return None


def _surveyed(group: pa.Table, shape: PlainShape | None, session: Session) -> pa.Table:
    with session.table(_TABLE, group.select(["record", "line", "fault"])) as table:
        # A table is filled by all cores; a result that is fetched is computed by one.
        session.execute(f"CREATE OR REPLACE TEMP TABLE survey AS {survey_sql(table, shape)}")
    survey = session.arrow("SELECT * FROM survey")
    session.execute("DROP TABLE survey")
    return survey


def _import_mixed(group: pa.Table, lane: _Lane, target: ImportTarget, tally: _Tally) -> None:
    """Write surveyed records of any shape, each as entry or to quarantine."""
    session = target.session
    with session.table(_TABLE, group) as table:
        shaped = shaped_sql(table, lane.shape)
        kept = _write(target.entries, entries_sql(shaped, lane.stamp), session)
        formats = _format_counts(group["kind"])
        quarantined = 0
        if kept < len(group):
            session.execute(
                f"CREATE OR REPLACE TEMP TABLE set_aside AS {quarantine_sql(shaped, lane.stamp)}"
            )
            quarantined = _set_aside(target, tally, formats)
            session.execute("DROP TABLE set_aside")
    if sum(formats.values()) != kept:
        quarantined = -1
    _accounted(len(group), kept, quarantined, lane.stamp)
    tally.formats.update(formats)
    tally.entries += kept
    tally.quarantined += quarantined


def _accounted(records: int, kept: int, quarantined: int, stamp: Stamp) -> None:
    """Make sure that every record became a row."""
    if kept + quarantined != records:
        raise RecordsUnaccounted(
            f"{stamp.source}: {records} records read, {kept} kept and {quarantined} quarantined",
            hint="nothing was imported; please report this with the file's first lines",
        )


def _write(writer: BatchWriter | None, rows: str, session: Session) -> int:
    """Write rows, or count them, and return how many."""
    if writer is not None:
        return writer.write(rows)
    return int(session.value(f"SELECT count(*) FROM ({rows})"))


def _set_aside(target: ImportTarget, tally: _Tally, formats: Counter[str]) -> int:
    """Write the bad records, note the first of them, and take them out of the counts."""
    session = target.session
    quarantined = _write(target.quarantine, "SELECT * FROM set_aside", session)
    missing = _SAMPLES - len(tally.samples)
    if missing > 0:
        tally.samples.extend(
            QuarantineSample(*row)
            for row in session.rows(
                f'SELECT source, record, "offset", reason FROM set_aside '
                f"ORDER BY record LIMIT {missing}"
            )
        )
    for name, count in session.rows(
        "SELECT split_part(kind, '/', 2), count(*) FROM set_aside "
        "WHERE kind IS NOT NULL GROUP BY ALL"
    ):
        formats[name] -= count
        if not formats[name]:
            del formats[name]
    return quarantined


def _numbered(group: pa.Table, target: ImportTarget, ordinal: int) -> pa.Table:
    """Put ordinal and entry id beside each raw record."""
    count = len(group)
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(target.clock.new_ids(count).tobytes())]
    )
    numbers = pa.array(np.arange(ordinal, ordinal + count, dtype=np.int64))
    return group.append_column("ordinal", numbers).append_column(
        "entry_id", pa.ExtensionArray.from_storage(pa.uuid(), ids)
    )


def _with_survey(group: pa.Table, survey: pa.Table) -> pa.Table:
    """Put kind and plainness beside each raw record.

    The engine may answer in another order than it was asked.
    """
    survey = survey.take(pc.sort_indices(survey, sort_keys=[("record", "ascending")]))
    if not survey["record"].equals(group["record"]):
        raise RecordsUnaccounted("the survey did not answer for every record")
    return group.append_column("kind", survey["kind"]).append_column("plain", survey["plain"])


def _format_counts(kinds: pa.ChunkedArray) -> Counter[str]:
    """Count records by the format their kind names."""
    counts: Counter[str] = Counter()
    for pair in kinds.drop_null().value_counts().to_pylist():
        counts[pair["values"].split("/")[1]] += pair["counts"]
    return counts
