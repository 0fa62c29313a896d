"""Records from quarantine read once more, with what this version of the program knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa

from rolethread_store.engine import Session
from rolethread_store.formats.adapting import OddLane, RawRecord
from rolethread_store.formats.definitions import Definitions
from rolethread_store.formats.document_files import HEAD_BYTES, document_kind, documents_in
from rolethread_store.formats.documents import Document
from rolethread_store.formats.lanes import Lane, import_group, numbered
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget
from rolethread_store.formats.pieces import record_batch
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.shaping import Stamp
from rolethread_store.formats.tally import Tally, require_accounted
from rolethread_store.model import Source

__all__ = ["SetAside", "read_raw", "reread", "still_unreadable"]

_LOT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record to be read once more.

    Attributes:
        source: The file it came from.
        record: Its number there.
        offset: Its place there, in bytes.
        raw: Its bytes, perhaps mended.
    """

    source: str
    record: int
    offset: int
    raw: bytes


class _Reasons:
    """Takes what would go to quarantine, and remembers why."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.found: dict[int, str] = {}

    def write(self, select: str, *, plain: bool = False, expected: int | None = None) -> int:
        rows = self._session.rows(f"SELECT record, reason FROM ({select})")
        self.found.update((int(record), str(reason)) for record, reason in rows)
        return len(rows)


def still_unreadable(records: Sequence[SetAside], target: ImportTarget) -> dict[int, str]:
    """Return which records cannot be read, by their place in the list, and why.

    Nothing is written.
    """
    reasons = _Reasons(target.session)
    trial = replace(target, entries=None, quarantine=reasons)
    tally = Tally(Definitions(target.known))
    stamp = Stamp(target.import_id, "", target.clock.now(), target.first_position)
    places = [replace(record, record=place) for place, record in enumerate(records)]
    for lot in _lots(places):
        import_group(_table(lot), Lane(None, stamp), trial, tally)
    lane = OddLane(trial, tally, stamp)
    for place in list(reasons.found):
        document = _document(records[place])
        if document is not None and document.record is not None:
            raw = RawRecord(0, 0, bytes(16), document.raw)
            if lane.take(document.record, raw) is None:
                del reasons.found[place]
    return reasons.found


def reread(records: Sequence[SetAside], target: ImportTarget) -> ImportOutcome:
    """Read records, all of which can be read, into the target's writers.

    Args:
        records: Those of one file beside each other.
        target: Where the rows go; each keeps the file and number it had.

    Raises:
        RecordsUnaccounted: one of them was not kept.
    """
    moment, tally = target.clock.now(), Tally(Definitions(target.known))
    sources: list[Source] = []
    for name, same in groupby(records, attrgetter("source")):
        before = tally.counts
        stamp = Stamp(target.import_id, name, moment, target.first_position)
        own = list(same)
        texts = [one for one in own if _document(one) is None]
        for lot in _lots(texts):
            import_group(_table(lot), Lane(None, stamp), target, tally)
        lane = OddLane(target, tally, stamp)
        for one in own:
            _reread_document(one, lane, target, tally)
        lane.flush()
        counts = tally.since(before)
        require_accounted(name, len(own), counts.kept, 0)
        entries = None if counts.entries == counts.kept else counts.entries
        sources.append(
            Source(name=name, records=len(own), kept=counts.kept, quarantined=0, entries=entries)
        )
    return ImportOutcome(
        tuple(sources),
        dict(sorted(tally.formats.items())),
        tuple(tally.samples),
        tuple(tally.definitions.fresh),
        tuple(tally.definitions.renamed),
    )


def _reread_document(one: SetAside, lane: OddLane, target: ImportTarget, tally: Tally) -> None:
    document = _document(one)
    if document is None or document.record is None:
        return
    group = numbered(_table([one]), target, tally.ordinal)
    entry_id = group["entry_id"].combine_chunks().storage[0].as_py()
    lane.take(document.record, RawRecord(one.record, tally.ordinal, entry_id, document.raw))
    tally.ordinal += 1


def _document(one: SetAside) -> Document | None:
    """Return the only record of bytes that are a document, ``None`` when they are none.

    A document of several records is imported from its file, where each has its own number.
    """
    if one.raw.lstrip()[:1] in (b"{", b"["):
        return None
    found = document_kind(one.raw[:HEAD_BYTES], one.source)
    if found is None:
        return None
    documents = list(documents_in(one.raw, found[0]))
    return documents[0] if len(documents) == 1 else None


def _lots(records: Sequence[SetAside]) -> Iterator[list[SetAside]]:
    """Yield records in lots that fit into memory several times, numbers unique in each."""
    lot: list[SetAside] = []
    size, numbers = 0, set[int]()
    for one in records:
        if size > _LOT_BYTES or one.record in numbers:
            yield lot
            lot, size, numbers = [], 0, set()
        lot.append(one)
        size += len(one.raw)
        numbers.add(one.record)
    if lot:
        yield lot


def _table(lot: Sequence[SetAside]) -> pa.Table:
    raw = pa.array([one.raw for one in lot], pa.binary())
    numbers = np.array([one.record for one in lot], np.int64)
    places = np.array([one.offset for one in lot], np.int64)
    return pa.Table.from_batches([record_batch(raw, numbers, places)])


def read_raw(path: Path) -> list[bytes]:
    """Return the bytes of each record of a file.

    Raises:
        SourceMissing: nothing is there.
        SourceUnreadable: reading is forbidden.
        SourceNotText: it is a folder, compressed, or not UTF-8.
    """
    return [raw for group in read_groups(path) for raw in group["raw"].to_pylist()]
