"""The odd lane: records of foreign shapes, one by one, by the adapter that knows them.

Only records that the engine's lanes do not take come here. What they give is written as
one table, and a record that cannot be read goes to quarantine like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rolethread_store.formats.adapters import (
    ADAPTERS,
    Adapter,
    JsonObject,
    RecordOdd,
)
from rolethread_store.formats.drafted import DraftRows, drafts_sql, rows_of
from rolethread_store.formats.gaps import BEFORE
from rolethread_store.formats.originals import Originals, foreign_rows
from rolethread_store.formats.outcome import ImportTarget
from rolethread_store.formats.shaping import NO_SHAPE, Stamp
from rolethread_store.formats.strict_json import parsed
from rolethread_store.formats.tally import Tally, require_accounted

__all__ = ["OddLane", "RawRecord", "odd_records", "shape_of", "take_odd"]

_TABLE = "odd_records"
# Texts of one table at a time; Python's objects take several times as much.
_FLUSH_BYTES = 48 << 20
_SLICE = 1_000
# What a mistake in an adapter, or a record beyond all its expectations, raises.
_BUGS = (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError)


def _foreign_list(key: str) -> str:
    """Return SQL telling whether a list's elements are no messages of ours."""
    have = {
        name: f"len(json_extract(line, '$.{key}[*].{name}')) > 0"
        for name in ("role", "from", "value")
    }
    return (
        f"CASE WHEN json_array_length(line, '$.{key}') = 0 OR {have['role']} THEN false "
        f"ELSE NOT ({have['from']} AND {have['value']}) END"
    )


# Chats of many programs have a list of messages too, but none of its elements says in our
# words who speaks.
_ODD = (
    "CASE WHEN fault IS NOT NULL OR plain THEN false "
    "WHEN kind IS NULL THEN CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END "
    f"WHEN starts_with(kind, 'messages/') THEN {_foreign_list('messages')} "
    f"WHEN starts_with(kind, 'conversations/') THEN {_foreign_list('conversations')} "
    "ELSE false END"
)


def odd_records(table: str) -> str:
    """Return SQL giving the ``record`` of surveyed records that an adapter may know."""
    return f"SELECT record FROM {table} WHERE {_ODD}"


def shape_of(record: JsonObject) -> tuple[Adapter, str] | None:
    """Return the first adapter that knows a record, and by what, ``None`` without one."""
    for adapter in ADAPTERS:
        try:
            evidence = adapter.recognise(record)
        except _BUGS:
            continue
        if evidence is not None:
            return adapter, evidence
    return None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record's place and bytes.

    Attributes:
        record: Its number in the file.
        ordinal: Its number in the import.
        entry_id: The id of its first entry.
        raw: Its bytes, kept word for word.
        before: What stood in front of it in the file, where that is asked for.
    """

    record: int
    ordinal: int
    entry_id: bytes
    raw: bytes
    before: bytes | None = None


class OddLane:
    """Reads records and writes what they give, in lots.

    Attributes:
        target: Where the rows go.
        tally: What counts them.
        stamp: What they share.
        originals: Keeps what is needed to write the file once more, ``None`` if nothing does.
        kept: Records that were read and are not yet counted.
        seen: Records of the file that were looked at, for whoever numbers them.
    """

    def __init__(
        self,
        target: ImportTarget,
        tally: Tally,
        stamp: Stamp,
        originals: Originals | None = None,
    ) -> None:
        self.target = target
        self.originals = originals
        self.tally = tally
        self.stamp = stamp
        self._waiting = DraftRows()
        self._formats: Counter[str] = Counter()
        self.kept = 0
        self.seen = 0

    def take(self, record: JsonObject, place: RawRecord) -> str | None:
        """Read a record.

        Returns:
            Why it cannot be read, ``None`` when it was.
        """
        found = shape_of(record)
        if found is None:
            return NO_SHAPE
        return self.read(found, record, place)

    def read(self, found: tuple[Adapter, str], record: JsonObject, place: RawRecord) -> str | None:
        """Read a record by the adapter that knows it; see :meth:`take`."""
        adapter, evidence = found
        try:
            reading = adapter.read(record, self.target.options)
            rows = rows_of(reading.drafts, place.raw)
        except RecordOdd as odd:
            return f"{adapter.title}: {odd}"
        except _BUGS as bug:
            return f"{adapter.title}: cannot be read ({type(bug).__name__})"
        if not rows and not reading.facts:
            return f"{adapter.title}: holds neither turns nor definitions"
        drafts = self.tally.definitions.take(reading)
        if drafts is not reading.drafts:
            rows = rows_of(drafts, place.raw)
        self.tally.evidence.setdefault(adapter.name, evidence)
        self._wait(rows, adapter.name, place)
        self.kept += 1
        return None

    def _wait(self, rows: list[dict[str, Any]], name: str, place: RawRecord) -> None:
        waiting = self._waiting
        ids = [place.entry_id] if rows else []
        if len(rows) > 1:
            more = self.target.clock.new_ids(len(rows) - 1)
            ids += [more[index].tobytes() for index in range(len(more))]
        waiting.ids += ids
        for part, row in enumerate(rows):
            at = {"record": place.record, "ordinal": place.ordinal, "part": part}
            before = place.before if part == 0 else None
            waiting.rows.append({**row, **at, "kind": f"odd/{name}", "before": before})
        waiting.lead_id += [place.entry_id] * len(rows)
        if rows:
            self._formats[name] += len(rows)
        waiting.bytes += 3 * len(place.raw)
        if waiting.bytes > _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits, and count it.

        Raises:
            RecordsUnaccounted: not every row was written.
        """
        waiting, self._waiting = self._waiting, DraftRows()
        self.tally.kept += self.kept
        self.kept = 0
        if not waiting.rows:
            return
        session, entries = self.target.session, self.target.entries
        with session.table(_TABLE, waiting.table()) as table:
            rows = drafts_sql(table, self.stamp)
            if entries is None:
                written = int(session.value(f"SELECT count(*) FROM ({rows})"))
            else:
                written = entries.write(rows, expected=len(waiting.rows))
            if entries is not None and self.target.originals is not None:
                gap = None if self.originals is None else self.originals.foreign_gap
                beside = drafts_sql(table, self.stamp, beside=("lead_id", "before", "raw"))
                self.target.originals.write(foreign_rows(beside, gap))
        require_accounted(self.stamp.source, len(waiting.rows), written, 0)
        self.tally.entries += written
        self.tally.formats.update(self._formats)
        self._formats.clear()


def take_odd(group: pa.Table, lane: OddLane) -> pa.Table:
    """Read the odd records of a surveyed group.

    Args:
        group: The group.
        lane: A lane of its own, which is empty again afterwards.

    Returns:
        The records that are left for the other lanes; those that an adapter knows but cannot
        read have their fault beside them.
    """
    if not ADAPTERS:
        return group
    columns = group.select(["record", "line", "fault", "kind", "plain"])
    session = lane.target.session
    with session.table(_TABLE, columns) as table:
        found = session.arrow(odd_records(table))["record"]
    if not len(found):
        return group
    # Arrow's own to_numpy would load pandas first, if it is installed.
    numbers, wanted = (np.from_dlpack(one.combine_chunks()) for one in (group["record"], found))
    odd = np.flatnonzero(np.isin(numbers, wanted))
    left = np.ones(len(group), np.bool_)
    faults: dict[int, str] = {}
    for some in np.array_split(odd, len(odd) // _SLICE + 1):
        for index, text, place in _raw_records(group, some):
            taken, fault = _take_text(text, place, lane)
            left[index] = not taken
            if fault is not None:
                faults[index] = fault
    lane.flush()
    return _with_faults(group, faults).filter(pa.array(left))


def _raw_records(
    group: pa.Table, indices: npt.NDArray[np.int64]
) -> Iterator[tuple[int, str, RawRecord]]:
    """Yield some records of a group with their index and text."""
    some = group.take(pa.array(indices)).combine_chunks()
    ids = some["entry_id"].combine_chunks().storage
    gaps = some[BEFORE] if BEFORE in some.column_names else None
    for at, index in enumerate(indices.tolist()):
        place = RawRecord(
            some["record"][at].as_py(),
            some["ordinal"][at].as_py(),
            ids[at].as_py(),
            some["raw"][at].as_py().removesuffix(b"\n"),
            None if gaps is None else gaps[at].as_py(),
        )
        yield index, some["line"][at].as_py(), place


def _take_text(text: str, place: RawRecord, lane: OddLane) -> tuple[bool, str | None]:
    """Read one record, if an adapter knows it; say whether, and why not."""
    record, fault = parsed(text)
    found = shape_of(record) if isinstance(record, dict) else None
    if found is None:
        return False, None
    if fault is None:
        fault = lane.read(found, record, place)
    return fault is None, fault


def _with_faults(group: pa.Table, faults: dict[int, str]) -> pa.Table:
    """Put faults beside their records, which are of no kind then."""
    if not faults:
        return group
    column, kinds = group["fault"].to_pylist(), group["kind"].to_pylist()
    for index, fault in faults.items():
        column[index], kinds[index] = fault, None
    for name, values in (("fault", column), ("kind", kinds)):
        place = group.schema.get_field_index(name)
        group = group.set_column(place, name, pa.array(values, pa.string()))
    return group
