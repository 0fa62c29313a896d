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

from rolethread_store.engine import Session
from rolethread_store.errors import Corrupt
from rolethread_store.formats.layout import FileLayout, detect_layout
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
from rolethread_store.model import Progress, ProgressListener, Source, unheard
from rolethread_store.segments import BatchWriter

__all__ = ["RecordsUnaccounted", "import_files"]

_SAMPLES = 20
_TABLE = "raw_records"


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
    paths: Sequence[Path], target: ImportTarget, listener: ProgressListener = unheard
) -> ImportOutcome:
    """Read files into the target's writers; the caller finishes or abandons those.

    Args:
        paths: Files of ChatML or ShareGPT records; never written to.
        target: Where the rows go.
        listener: Hears of bytes read.

    Raises:
        SourceMissing: a file is not there; like the next two, found before any is read.
        SourceUnreadable: a file may not be read.
        SourceNotText: a folder, a compressed file, or not UTF-8.
        RecordTooLarge: a record is larger than quarantine takes.
        RecordsUnaccounted: the counts do not add up.
    """
    layouts = [detect_layout(path) for path in paths]
    moment = target.clock.now()
    total = sum(layout.size for layout in layouts)
    tally, sources, done = _Tally(), [], 0
    for path, layout in zip(paths, layouts, strict=True):
        before = tally.ordinal, tally.entries, tally.quarantined
        _import_one(path, _Flow(target, moment, done, total, listener), tally)
        done += layout.size
        listener(Progress(done, total, "bytes read"))
        sources.append(_source(path, layout, before, tally))
    return ImportOutcome(tuple(sources), dict(sorted(tally.formats.items())), tuple(tally.samples))


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the steps of one file share."""

    target: ImportTarget
    moment: datetime
    done: int
    total: int
    listener: ProgressListener


def _source(path: Path, layout: FileLayout, before: tuple[int, int, int], tally: _Tally) -> Source:
    records, kept, quarantined = (
        after - start
        for after, start in zip(
            (tally.ordinal, tally.entries, tally.quarantined), before, strict=True
        )
    )
    return Source(name=path.name, records=records, kept=kept, quarantined=quarantined)


def _import_one(path: Path, flow: _Flow, tally: _Tally) -> None:
    """Import one file, reading the next group while the engine works on this one."""
    groups = read_groups(path)
    shape: PlainShape | None = None
    first = True
    stamp = Stamp(flow.target.import_id, path.name, flow.moment, flow.target.first_position)
    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
        coming = reader.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = reader.submit(next, groups, None)
            if first:
                with flow.target.session.table(_TABLE, group) as table:
                    shape = find_shape(flow.target.session, table)
                first = False
            _import_group(group, shape, flow.target, (stamp, tally))
            last = len(group) - 1
            read = group["offset"][last].as_py() + len(group["raw"][last].as_buffer())
            flow.listener(Progress(flow.done + read, flow.total, "bytes read"))


def _import_group(
    group: pa.Table, shape: PlainShape | None, target: ImportTarget, told: tuple[Stamp, _Tally]
) -> None:
    """Write one table of raw records and count what became of it."""
    stamp, tally = told
    session = target.session
    with session.table(_TABLE, group.select(["record", "line", "fault"])) as table:
        # A table is filled by all cores; a result that is fetched is computed by one.
        session.execute(f"CREATE OR REPLACE TEMP TABLE survey AS {survey_sql(table, shape)}")
    survey = session.arrow("SELECT * FROM survey")
    session.execute("DROP TABLE survey")
    ready = _with_survey(group, survey, target, tally.ordinal)
    with session.table(_TABLE, ready) as table:
        shaped = shaped_sql(table, shape)
        rows = entries_sql(shaped, stamp)
        kept = _write(target.entries, rows, session)
        formats = _format_counts(ready["kind"])
        if kept < len(group):
            session.execute(
                f"CREATE OR REPLACE TEMP TABLE set_aside AS {quarantine_sql(shaped, stamp)}"
            )
            quarantined = _set_aside(target, tally, formats)
            session.execute("DROP TABLE set_aside")
        else:
            quarantined = 0
    if kept + quarantined != len(group) or sum(formats.values()) != kept:
        raise RecordsUnaccounted(
            f"{stamp.source}: {len(group)} records read, {kept} kept and {quarantined} quarantined",
            hint="nothing was imported; please report this with the file's first lines",
        )
    tally.formats.update(formats)
    tally.ordinal += len(group)
    tally.entries += kept
    tally.quarantined += quarantined


def _write(writer: BatchWriter | None, rows: str, session: Session) -> int:
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


def _with_survey(group: pa.Table, survey: pa.Table, target: ImportTarget, ordinal: int) -> pa.Table:
    """Put kind, plainness, ordinal and entry id beside each raw record.

    The engine may answer in another order than it was asked.
    """
    order = pa.array(np.argsort(survey["record"].to_numpy(), kind="stable"))
    survey = survey.take(order)
    if not survey["record"].equals(group["record"]):
        raise RecordsUnaccounted("the survey did not answer for every record")
    count = len(group)
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(target.clock.new_ids(count).tobytes())]
    )
    added = {
        "kind": survey["kind"],
        "plain": survey["plain"],
        "ordinal": pa.array(np.arange(ordinal, ordinal + count, dtype=np.int64)),
        "entry_id": pa.ExtensionArray.from_storage(pa.uuid(), ids),
    }
    for name, column in added.items():
        group = group.append_column(name, column)
    return group


def _format_counts(kinds: pa.ChunkedArray) -> Counter[str]:
    """Count records by the format their kind names."""
    counts: Counter[str] = Counter()
    for pair in kinds.drop_null().value_counts().to_pylist():
        counts[pair["values"].split("/")[1]] += pair["counts"]
    return counts
