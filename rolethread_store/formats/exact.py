"""Exact export: untouched records as their sources had them, byte for byte.

A record that is as it was imported is written as its source's own bytes, any other in the
format it came in. Between them goes what stood between them there; a file of which every
record is there and untouched comes out as the same file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.engine import Session
from rolethread_store.errors import Conflict
from rolethread_store.formats.chatml import CHATML
from rolethread_store.formats.destination import Destination
from rolethread_store.formats.exporting import (
    ExportOutcome,
    ExportPlan,
    write_beside,
)
from rolethread_store.formats.originals import content_sql, own_line_sql, own_text_sql
from rolethread_store.formats.placing import writing_to
from rolethread_store.formats.rendering import line_sql
from rolethread_store.formats.sinks import TextSink
from rolethread_store.formats.slicing import Source, sliced
from rolethread_store.formats.targets import FileNote, Rows, Target
from rolethread_store.model import Framing, Progress, ProgressListener, unheard

__all__ = ["EXACT", "ExactPlan", "NotKept", "export_exact"]

EXACT = Target(
    name="exact",
    title="every record as its source had it",
    rows=Rows(),
    schema={"record": "as in its source"},
    ending="",
)
"""What the manifest calls such an export."""

_TABLE = "exact_texts"
_LINES = Framing()


class NotKept(Conflict):
    """Bytes are wanted that no import has kept."""

    code: ClassVar[str] = "formats.originals-not-kept"


@dataclass(frozen=True, slots=True)
class ExactPlan:
    """What is known of the sources.

    Attributes:
        originals: A SELECT of ``ORIGINAL_COLUMNS``.
        framings: What each source has around its records, by import and name; ``None`` where
            no originals were kept.
        heading: What the manifest says before what it counts.
        allow: Write in their format also the records of which no originals were kept.
    """

    originals: str
    framings: Mapping[tuple[str, str], Framing | None]
    heading: Mapping[str, Any] = field(default_factory=dict)
    allow: bool = False


def export_exact(
    session: Session,
    source: Source,
    plan: ExactPlan,
    destination: Destination,
    listener: ProgressListener = unheard,
) -> ExportOutcome:
    """Write entries to one file, and its manifest.

    Args:
        session: A session that can run the SELECTs of source and plan.
        source: The entries.
        plan: What is known of where they came from.
        destination: Where to.
        listener: Hears of records written.

    Raises:
        NotKept: no originals were kept for some entries, or their sources' frames differ.
        OutputUnwritable: the disk refuses.
    """
    framing = _framing(session, source, plan)
    entries = records = 0
    with writing_to(destination.places, destination.shown):
        ((name, _),) = destination.files
        sink = TextSink(destination.places.create(name), framing.head.encode())
        joiner = _Joiner(framing)
        try:
            for batch in _batches(session, source, plan):
                entries += len(batch)
                pieces = joiner.joined(batch)
                records += len(pieces)
                sink.take(pieces)
                listener(Progress(records, None, "records written"))
            sink.take(_texts(pa.array([framing.tail])))
            sink.finish()
        finally:
            sink.release()
        note = FileNote(name, None, entries, records, sink.bytes, sink.sha256)
        told = ExportPlan(EXACT, heading=plan.heading)
        beside = write_beside(told, destination, (note,), Counter())
    return ExportOutcome(entries, records, note.bytes, {}, (note,), beside)


def _framing(session: Session, source: Source, plan: ExactPlan) -> Framing:
    """Return what the entries' sources have around their records.

    Raises:
        NotKept: one has kept nothing, or one is an array and another is not.
    """
    rows = session.rows(
        f"SELECT CAST(origin.import_id AS VARCHAR), origin.source, count(*) "
        f"FROM ({source.narrowed(source.relation)}) WHERE origin.import_id IS NOT NULL "
        f"GROUP BY ALL ORDER BY min(position)"
    )
    found: dict[str, Framing] = {}
    lost: dict[str, int] = {}
    for import_id, name, count in rows:
        framing = plan.framings.get((import_id, name))
        if framing is None:
            lost[name] = lost.get(name, 0) + count
        else:
            found.setdefault(name, framing)
    if lost and not plan.allow:
        named = ", ".join(f"{name} ({count:,} entries)" for name, count in list(lost.items())[:3])
        raise NotKept(
            f"no import kept the bytes of {named}",
            hint="import it again with --exact (tables and pictures have no such bytes), "
            "or use --allow to write these entries in the format they came in",
        )
    arrays = {"[" in one.head for one in found.values()}
    if len(arrays) > 1:
        raise NotKept(
            "some entries come from a file that is one JSON array, others from one of lines",
            hint="export them apart, as with --where \"origin.source = '…'\": "
            + ", ".join(sorted(found)),
        )
    return next(iter(found.values()), _LINES)


def _batches(session: Session, source: Source, plan: ExactPlan) -> Iterator[pa.RecordBatch]:
    """Yield what to write of each entry, in order."""
    chosen = source.narrowed(source.relation)
    session.execute(f"CREATE OR REPLACE TABLE {_TABLE} AS {_texts_sql(chosen, plan.originals)}")
    formats = [
        str(name)
        for (name,) in session.rows(f"SELECT DISTINCT origin.format FROM ({source.relation})")
    ]

    def sql(place: str) -> str:
        piece = source.narrowed(f"SELECT * FROM ({source.relation}) WHERE {place}")
        return _slice_sql(piece, place, formats)

    try:
        yield from sliced(session, source, sql)
    finally:
        session.execute(f"DROP TABLE {_TABLE}")


def _texts_sql(chosen: str, originals: str) -> str:
    """Return SQL for what the originals say of entries.

    ``text`` is the record's own, empty for all but the first of its entries, and ``NULL``
    where one of these is gone or is not as it was.
    """
    joined = (
        f"SELECT e.entry_id, e.position, o.lead_id, o.before, "
        f"coalesce(try(decode(o.raw)), {own_text_sql()}) AS text, "
        f"o.content IS NOT NULL AND o.content = {content_sql()} AS same "
        f"FROM ({chosen}) e JOIN ({originals}) o USING (entry_id)"
    )
    whole = (
        f"SELECT lead_id, count(*) FILTER (same) AS here, any_value(made) AS made FROM ({joined}) "
        f"JOIN (SELECT lead_id, count(*) AS made FROM ({originals}) GROUP BY lead_id) "
        f"USING (lead_id) GROUP BY lead_id"
    )
    return (
        f"SELECT entry_id, position, before, CASE WHEN here = made THEN "
        f"CASE WHEN entry_id = lead_id THEN text ELSE '' END END AS text "
        f"FROM ({joined}) JOIN ({whole}) USING (lead_id) ORDER BY position, entry_id"
    )


def _slice_sql(piece: str, place: str, formats: Collection[str]) -> str:
    anew = f"coalesce({own_line_sql(formats)}, {line_sql(CHATML, clean=False)})"
    return (
        f"SELECT concat_ws('/', origin.import_id, origin.source) AS source, "
        f"origin.record AS record, t.before AS before, "
        f"CASE WHEN t.text IS NOT NULL THEN t.text ELSE {anew} END AS text "
        f"FROM ({piece}) e LEFT JOIN (SELECT entry_id, before, text FROM {_TABLE} WHERE {place}) t "
        f"USING (entry_id) ORDER BY e.position, entry_id"
    )


class _Joiner:
    """Puts gaps between records, in order."""

    def __init__(self, framing: Framing) -> None:
        self._between = framing.between
        self._last: tuple[str | None, int | None] | None = None

    def joined(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return each record with what goes before it.

        What stood between two records of a source goes there if they still follow each
        other, else what usually does.
        """
        batch = batch.filter(pc.not_equal(batch.column("text"), ""))
        if not len(batch):
            return _texts(pa.array([], pa.string()))
        sources, records = batch.column("source"), batch.column("record")
        first_source, first_record = self._last or (None, None)
        before_sources = pa.concat_arrays([pa.array([first_source], sources.type), sources[:-1]])
        before_records = pa.concat_arrays([pa.array([first_record], records.type), records[:-1]])
        follows = pc.and_kleene(
            pc.equal(sources, before_sources), pc.equal(records, pc.add(before_records, 1))
        )
        own = pc.cast(batch.column("before"), pa.string())
        gaps = pc.if_else(pc.fill_null(follows, False), own, pa.scalar(None, pa.string()))
        gaps = pc.fill_null(gaps, self._between)
        if self._last is None:
            gaps = pa.concat_arrays([pa.array([""], pa.string()), gaps[1:]])
        self._last = (sources[-1].as_py(), records[-1].as_py())
        text = pc.cast(batch.column("text"), pa.string())
        return _texts(pc.binary_join_element_wise(gaps, text, ""))


def _texts(values: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([values], ["text"])
