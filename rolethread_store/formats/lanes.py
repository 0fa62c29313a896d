"""The lanes of an import: what becomes of one table of raw records.

Records that are all alike take the fastest one; of a mixed table the plain records still
do, odd ones are read by their adapter, and everything else goes the general way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.engine import QueryInvalid, SegmentUnreadable, Session
from rolethread_store.formats.adapting import OddLane, take_odd
from rolethread_store.formats.gaps import BEFORE
from rolethread_store.formats.originals import Originals
from rolethread_store.formats.outcome import ImportTarget, QuarantineSample, RowWriter
from rolethread_store.formats.pieces import id_column, integers
from rolethread_store.formats.plain import PlainShape
from rolethread_store.formats.shape import Shape
from rolethread_store.formats.shaping import (
    Stamp,
    entries_sql,
    quarantine_sql,
    shaped_sql,
    survey_sql,
)
from rolethread_store.formats.tally import (
    SAMPLES,
    RecordsUnaccounted,
    Tally,
    require_accounted,
)
from rolethread_store.formats.typed import typed_sql

__all__ = [
    "RAW_TABLE",
    "Lane",
    "count_alike",
    "import_group",
    "numbered",
    "set_aside_all",
    "write_alike",
]

RAW_TABLE = "raw_records"
# With fewer alike, two statements and two segments cost more than one of each.
_FEWEST_ALIKE = 0.5


@dataclass
class Lane:
    """How the groups of one file are read.

    Attributes:
        shape: The file's commonest plain shape, ``None`` without one.
        stamp: What the rows of the file share.
        originals: Keeps what is needed to write the file once more, ``None`` if nothing does.
        alike: Whether no odd record has been met; then a group is not looked through first.
        usual: Whether no group's messages have needed more than role and content.
    """

    shape: Shape | None
    stamp: Stamp
    originals: Originals | None = None
    alike: bool = True
    usual: bool = True

    @property
    def flows(self) -> bool:
        """Whether the records can go to the engine as they are read."""
        return self.alike and self.shape is not None and self.originals is None

    @property
    def trials(self) -> tuple[bool, ...]:
        """How records alike are tried: with role and content alone, then with all fields."""
        return (True, False) if self.usual else (False,)


def import_group(
    group: pa.Table, lane: Lane, target: ImportTarget, tally: Tally, *, flowed: bool = False
) -> None:
    """Write one table of raw records and count what became of it.

    Args:
        group: The records.
        lane: How they are read.
        target: Where they go.
        tally: Counts them.
        flowed: Whether one of them was met by a flow of this lane and was odd there.
    """
    count = len(group)
    if lane.originals is not None:
        lane.originals.begin(group)
    group = numbered(group, target, tally.ordinal)
    tally.ordinal += count
    if lane.alike:
        if _import_alike(group, lane, target, tally, lane.trials[flowed:]):
            return
        lane.alike = False
    group = _with_survey(group, _surveyed(group, lane.shape, target.session))
    plain = group["plain"]
    alike = int(pc.sum(plain).as_py())
    if alike >= _FEWEST_ALIKE * count:
        those = group.filter(plain)
        if _import_alike(those, lane, target, tally, lane.trials):
            group = group.filter(pc.invert(plain))
    group = take_odd(group, OddLane(target, tally, lane.stamp, lane.originals))
    if len(group):
        _import_mixed(group, lane, target, tally)


def _import_alike(
    group: pa.Table, lane: Lane, target: ImportTarget, tally: Tally, trials: Sequence[bool]
) -> bool:
    """Write records that should all be of the shape; ``False``, and nothing written, if not.

    ``trials`` are those of the lane that are still to be made. The engine words its refusal
    with the record's own text, which may hold any word it uses for damaged files too.
    """
    if lane.shape is None or group["fault"].null_count < len(group):
        return False
    line = pa.chunked_array(
        [pa.ExtensionArray.from_storage(pa.json_(), chunk) for chunk in group["line"].chunks],
        pa.json_(),
    )
    needed = ["record", "ordinal", "entry_id"] + [BEFORE] * (lane.originals is not None)
    group = group.select(needed).append_column("line", line)
    with target.session.table(RAW_TABLE, group) as table:
        kept = _write_either(table, lane.shape, lane, target, trials, len(group))
        if kept is None:
            return False
        if lane.originals is not None:
            beside = ("line", BEFORE)
            rows = typed_sql(table, lane.shape, lane.stamp, usual=lane.usual, beside=beside)
            bare = lane.usual and isinstance(lane.shape, PlainShape)
            lane.originals.keep(rows, {lane.shape.kind.split("/")[1]}, usual=bare)
    require_accounted(lane.stamp.source, len(group), kept, 0)
    count_alike(kept, lane.shape, tally)
    return True


def _write_either(
    table: str,
    shape: Shape,
    lane: Lane,
    target: ImportTarget,
    trials: Sequence[bool],
    count: int,
) -> int | None:
    """Write a table with as few fields as it needs; ``None``, and nothing, if one is odd."""
    for usual in trials:
        trial = replace(lane, usual=usual)
        try:
            kept = write_alike(table, shape, trial, target, count)
        except (QueryInvalid, SegmentUnreadable):
            continue
        lane.usual = usual
        return kept
    return None


def write_alike(table: str, shape: Shape, lane: Lane, target: ImportTarget, expected: int) -> int:
    """Write records that should all be of a shape and return how many they were.

    Args:
        table: What ``typed_sql`` reads.
        shape: The shape.
        lane: Whether their messages need more than role and content.
        target: Where the rows go.
        expected: About how many there are.

    Raises:
        QueryInvalid: one is odd; nothing was written.
        SegmentUnreadable: the same, in words of that record's own.
    """
    rows = typed_sql(table, shape, lane.stamp, usual=lane.usual)
    if target.entries is not None:
        return target.entries.write(rows, plain=lane.usual, expected=expected)
    # The proof is in the count of messages; a count of rows would not ask for it.
    return int(target.session.value(f"SELECT count(message_count) FROM ({rows})"))


def count_alike(kept: int, shape: Shape, tally: Tally) -> None:
    """Count entries of a shape."""
    tally.formats[shape.kind.split("/")[1]] += kept
    tally.kept += kept
    tally.entries += kept


def set_aside_all(group: pa.Table, lane: Lane, target: ImportTarget, tally: Tally) -> None:
    """Send numbered records that each have a fault to quarantine."""
    count = len(group)
    group = group.append_column("kind", pa.nulls(count, pa.string()))
    group = group.append_column("plain", pa.repeat(pa.scalar(False), count))
    _import_mixed(group, lane, target, tally)


def _surveyed(group: pa.Table, shape: Shape | None, session: Session) -> pa.Table:
    with session.table(RAW_TABLE, group.select(["record", "line", "fault"])) as table:
        # A table is filled by all cores; a result that is fetched is computed by one.
        session.execute(f"CREATE OR REPLACE TEMP TABLE survey AS {survey_sql(table, shape)}")
    survey = session.arrow("SELECT * FROM survey")
    session.execute("DROP TABLE survey")
    return survey


def _import_mixed(group: pa.Table, lane: Lane, target: ImportTarget, tally: Tally) -> None:
    """Write surveyed records of any shape, each as entry or to quarantine."""
    session = target.session
    with session.table(RAW_TABLE, group) as table:
        kinds = group["kind"].unique().drop_null().to_pylist()
        shaped = shaped_sql(table, lane.shape, kinds)
        if lane.originals is None:
            kept = _write(target.entries, entries_sql(shaped, lane.stamp), session, len(group))
        else:
            rows = entries_sql(shaped, lane.stamp, ("line", BEFORE))
            names = {one.split("/")[1] for one in kinds}
            kept = _write_both(target, rows, lane.originals, names, len(group))
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
    require_accounted(lane.stamp.source, len(group), kept, quarantined)
    tally.formats.update(formats)
    tally.kept += kept
    tally.entries += kept
    tally.quarantined += quarantined


def _write_both(
    target: ImportTarget, rows: str, originals: Originals, formats: set[str], count: int
) -> int:
    """Write rows and what is kept of their bytes, and return how many rows they were."""
    # Shaping a record of any kind costs more than keeping the rows for the second look.
    target.session.execute(f"CREATE OR REPLACE TEMP TABLE shaped_rows AS {rows}")
    bare = f"SELECT * EXCLUDE (line, {BEFORE}) FROM shaped_rows"
    kept = _write(target.entries, bare, target.session, count)
    originals.keep("SELECT * FROM shaped_rows", formats)
    target.session.execute("DROP TABLE shaped_rows")
    return kept


def _write(
    writer: RowWriter | None, rows: str, session: Session, expected: int | None = None
) -> int:
    """Write rows, or count them, and return how many."""
    if writer is not None:
        return writer.write(rows, expected=expected)
    return int(session.value(f"SELECT count(*) FROM ({rows})"))


def _set_aside(target: ImportTarget, tally: Tally, formats: Counter[str]) -> int:
    """Write the bad records, note the first of them, and take them out of the counts."""
    session = target.session
    quarantined = _write(target.quarantine, "SELECT * FROM set_aside", session)
    missing = SAMPLES - len(tally.samples)
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


def numbered(group: pa.Table, target: ImportTarget, ordinal: int) -> pa.Table:
    """Put ordinal and entry id beside each raw record."""
    count = len(group)
    numbers = integers(np.arange(ordinal, ordinal + count, dtype=np.int64))
    return group.append_column("ordinal", numbers).append_column(
        "entry_id", id_column(target.clock.new_ids(count))
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
