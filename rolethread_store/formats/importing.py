"""Import: files in, segments and quarantine out, and every record accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from rolethread_store.formats.adapting import OddLane
from rolethread_store.formats.definitions import Definitions
from rolethread_store.formats.digesting import ContentDigest, StreamDigest, digest_of
from rolethread_store.formats.document_files import HEAD_BYTES, document_kind, import_document
from rolethread_store.formats.documents import DocumentKind
from rolethread_store.formats.finding import SAMPLE_RECORDS, find_shape
from rolethread_store.formats.flowing import import_flow
from rolethread_store.formats.gaps import Gaps
from rolethread_store.formats.lanes import RAW_TABLE, Lane, import_group
from rolethread_store.formats.layout import Container, detect_layout
from rolethread_store.formats.originals import EXACT_BYTES, Originals
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget
from rolethread_store.formats.records import Records, end_of, open_records
from rolethread_store.formats.shaping import Stamp
from rolethread_store.formats.sources import SourceFile, find_sources
from rolethread_store.formats.tally import Tally
from rolethread_store.model import Progress, ProgressListener, Source, unheard

__all__ = ["import_files"]


def import_files(
    paths: Sequence[str | Path | SourceFile],
    target: ImportTarget,
    listener: ProgressListener = unheard,
) -> ImportOutcome:
    """Read files into the target's writers; the caller finishes or abandons those.

    Args:
        paths: What ``find_sources`` understands, rows of records or single documents; never
            written to.
        target: Where the rows go.
        listener: Hears of bytes read, unpacked and as UTF-8.

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
    plans = [_planned(source) for source in find_sources(paths, target.reading)]
    moment = target.clock.now()
    known = [plan.source.size for plan in plans if plan.source.size is not None]
    total = sum(known) if len(known) == len(plans) else None
    tally, sources, done = Tally(Definitions(target.known)), [], 0
    read = dict(target.imported or {})
    for plan in plans:
        flow = _Flow(target, moment, done, total, listener)
        source = _again(plan, read) if target.imported is not None else None
        if source is None:
            source = _read_once(plan, flow, tally)
            if source.digest is not None and source.size is not None:
                read[ContentDigest(source.digest, source.size)] = source.records
        sources.append(source)
        done += source.size or 0
        listener(Progress(done, total, "bytes read"))
    return ImportOutcome(
        tuple(sources),
        dict(sorted(tally.formats.items())),
        tuple(tally.samples),
        tuple(tally.definitions.fresh),
        tuple(tally.definitions.renamed),
        dict(tally.evidence),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a source is going to be read.

    Attributes:
        source: The source.
        container: How its records follow each other, ``None`` for a document.
        kind: The kind of document it is, ``None`` for a row of records, and by what.
    """

    source: SourceFile
    container: Container | None
    kind: tuple[DocumentKind, str] | None = None


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the steps of one file share."""

    target: ImportTarget
    moment: datetime
    done: int
    total: int | None
    listener: ProgressListener


def _planned(source: SourceFile) -> _Plan:
    """Look at a source's beginning."""
    with source.open() as stream:
        kind = document_kind(stream.peek(HEAD_BYTES), source.name)
    if kind is not None:
        return _Plan(source, None, kind)
    return _Plan(source, detect_layout(source).container)


def _again(plan: _Plan, read: dict[ContentDigest, int]) -> Source | None:
    """Return what is said of a source that was read before, ``None`` for any other.

    Only one of the same size is read for its digest alone, or one whose size is known at
    its end only; what can be read once is imported.
    """
    source = plan.source
    if not read or source.once:
        return None
    if source.size is not None and all(known.size != source.size for known in read):
        return None
    with source.open() as stream:
        found = digest_of(stream)
    if found not in read:
        return None
    records = read[found]
    return Source(
        name=source.name,
        records=records,
        kept=0,
        quarantined=0,
        duplicates=records,
        digest=found.digest,
        size=found.size,
    )


def _read_once(plan: _Plan, flow: _Flow, tally: Tally) -> Source:
    """Import one source and return what became of it."""
    before, digest = tally.counts, StreamDigest()
    target, source = flow.target, plan.source
    stamp = Stamp(target.import_id, source.name, flow.moment, target.first_position)
    originals = _originals(plan, target)
    if plan.kind is not None:
        kind, evidence = plan.kind
        tally.evidence.setdefault(kind.name, evidence)
        with source.open(digest.hear) as stream:
            import_document(stream, kind, OddLane(target, tally, stamp, originals))
    elif plan.container is Container.TABLE and not source.once:
        # A columnar table is not read from its first byte to its last.
        with source.open() as stream:
            digest.take(stream)
        _import_records(source, Lane(None, stamp), flow, tally, None)
    else:
        _import_records(source, Lane(None, stamp, originals), flow, tally, digest)
    counts = tally.since(before)
    return Source(
        name=source.name,
        records=counts.records,
        kept=counts.kept,
        quarantined=counts.quarantined,
        entries=None if counts.entries == counts.kept else counts.entries,
        digest=digest.found.digest,
        size=digest.found.size,
        framing=None if originals is None else originals.framing(),
    )


def _originals(plan: _Plan, target: ImportTarget) -> Originals | None:
    """Return what keeps a source's originals, ``None`` if they are not to be kept."""
    if target.originals is None or plan.container is Container.TABLE:
        return None
    small = plan.source.size is None or plan.source.size <= EXACT_BYTES
    if not (small if target.exact is None else target.exact):
        return None
    limit = EXACT_BYTES if target.exact is None else None
    return Originals(target.originals, Gaps(), limit=limit)


def _import_records(
    source: SourceFile, lane: Lane, flow: _Flow, tally: Tally, digest: StreamDigest | None
) -> None:
    """Import a row of records: as a flow while they are all alike, else a table at a time."""
    watcher = None if digest is None else digest.hear
    gaps = None if lane.originals is None else lane.originals.gaps
    target = flow.target

    def tell(place: int) -> None:
        flow.listener(Progress(flow.done + place, flow.total, "bytes read"))

    with open_records(source, watcher=watcher, gaps=gaps) as records:
        head = records.head(SAMPLE_RECORDS)
        if head is not None:
            with target.session.table(RAW_TABLE, head) as table:
                lane.shape = find_shape(target.session, table)
            del head
        while lane.flows and records.more():
            place = import_flow(records, lane, target, tally)
            if place is None and (group := records.table()) is not None:
                place = end_of(group)
                import_group(group, lane, target, tally, flowed=True)
                del group
            tell(place or 0)
        for group in _read_ahead(records):
            place = end_of(group)
            import_group(group, lane, target, tally)
            # Its buffers are filled again by the reader.
            del group
            tell(place)


def _read_ahead(records: Records) -> Iterator[pa.Table]:
    """Yield the groups that are left, reading the next while the engine works on one."""
    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
        coming = reader.submit(records.table)
        while (group := coming.result()) is not None:
            coming = reader.submit(records.table)
            yield group
            del group
