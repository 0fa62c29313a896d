"""Import: files in, segments and quarantine out, and every record accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rolethread_store.formats.definitions import Definitions
from rolethread_store.formats.digesting import ContentDigest, StreamDigest, digest_of
from rolethread_store.formats.document_files import HEAD_BYTES, document_kind, import_document
from rolethread_store.formats.documents import DocumentKind
from rolethread_store.formats.finding import find_shape
from rolethread_store.formats.lanes import RAW_TABLE, Lane, import_group
from rolethread_store.formats.layout import detect_layout
from rolethread_store.formats.outcome import ImportOutcome, ImportTarget
from rolethread_store.formats.records import read_groups
from rolethread_store.formats.shaping import Stamp
from rolethread_store.formats.tally import Tally
from rolethread_store.model import Progress, ProgressListener, Source, unheard

__all__ = ["import_files"]


def import_files(
    paths: Sequence[Path], target: ImportTarget, listener: ProgressListener = unheard
) -> ImportOutcome:
    """Read files into the target's writers; the caller finishes or abandons those.

    Args:
        paths: Files of records, or single documents; never written to.
        target: Where the rows go.
        listener: Hears of bytes read.

    Raises:
        SourceMissing: a file is not there; like the next two, found before any is read.
        SourceUnreadable: a file may not be read.
        SourceNotText: a folder, a compressed file, or not UTF-8.
        RecordTooLarge: a record is larger than quarantine takes.
        RecordsUnaccounted: the counts do not add up.
    """
    plans = [_planned(path) for path in paths]
    moment = target.clock.now()
    total = sum(plan.size for plan in plans)
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
        done += plan.size
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
    """How a file is going to be read.

    Attributes:
        path: The file.
        size: Its bytes when it was looked at.
        kind: The kind of document it is, ``None`` for a row of records, and by what.
    """

    path: Path
    size: int
    kind: tuple[DocumentKind, str] | None


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the steps of one file share."""

    target: ImportTarget
    moment: datetime
    done: int
    total: int
    listener: ProgressListener


def _planned(path: Path) -> _Plan:
    """Look at a file's beginning."""
    if path.is_file():
        try:
            with path.open("rb") as source:
                kind = document_kind(source.read(HEAD_BYTES), path.name)
        except PermissionError:
            kind = None  # The layout says so in its own words.
        if kind is not None:
            return _Plan(path, path.stat().st_size, kind)
    return _Plan(path, detect_layout(path).size, None)


def _again(plan: _Plan, read: dict[ContentDigest, int]) -> Source | None:
    """Return what is said of a file that was read before, ``None`` for any other.

    Only a file of the same size is read for its digest alone.
    """
    if all(known.size != plan.size for known in read):
        return None
    with plan.path.open("rb") as source:
        found = digest_of(source)
    if found not in read:
        return None
    records = read[found]
    return Source(
        name=plan.path.name,
        records=records,
        kept=0,
        quarantined=0,
        duplicates=records,
        digest=found.digest,
        size=found.size,
    )


def _read_once(plan: _Plan, flow: _Flow, tally: Tally) -> Source:
    """Import one file and return what became of it."""
    before, digest = tally.counts, StreamDigest()
    target = flow.target
    stamp = Stamp(target.import_id, plan.path.name, flow.moment, target.first_position)
    if plan.kind is None:
        _import_records(plan.path, stamp, flow, tally, digest)
    else:
        kind, evidence = plan.kind
        tally.evidence.setdefault(kind.name, evidence)
        with plan.path.open("rb") as source:
            import_document(digest.over(source), kind, stamp, target, tally)
    counts = tally.since(before)
    return Source(
        name=plan.path.name,
        records=counts.records,
        kept=counts.kept,
        quarantined=counts.quarantined,
        entries=None if counts.entries == counts.kept else counts.entries,
        digest=digest.found.digest,
        size=digest.found.size,
    )


def _import_records(
    path: Path, stamp: Stamp, flow: _Flow, tally: Tally, digest: StreamDigest
) -> None:
    """Import a row of records, reading the next group while the engine works on this one."""
    groups = read_groups(path, digest=digest)
    lane: Lane | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="import-reader") as reader:
        coming = reader.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = reader.submit(next, groups, None)
            if lane is None:
                with flow.target.session.table(RAW_TABLE, group) as table:
                    lane = Lane(find_shape(flow.target.session, table), stamp)
            last = len(group) - 1
            read = group["offset"][last].as_py() + len(group["raw"][last].as_buffer())
            import_group(group, lane, flow.target, tally)
            # Its buffers are filled again by the reader.
            del group
            flow.listener(Progress(flow.done + read, flow.total, "bytes read"))
