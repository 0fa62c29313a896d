"""Files that are one document: chats, cards, transcripts, read whole and then as records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from rolethread_store.formats.adapting import OddLane, RawRecord
from rolethread_store.formats.documents import KINDS, Document, DocumentKind
from rolethread_store.formats.gaps import BEFORE
from rolethread_store.formats.lanes import Lane, numbered, set_aside_all
from rolethread_store.formats.pieces import KEPT_RECORD_BYTES, RECORD_SCHEMA, check_size
from rolethread_store.formats.sources import Stream

__all__ = ["HEAD_BYTES", "document_kind", "documents_in", "import_document"]

HEAD_BYTES = 1 << 16
"""First bytes of a file by which a kind of document is known."""

_LOT = 1_000
# What a mistake in a reader, or a file beyond all its expectations, raises.
_BUGS = (AttributeError, KeyError, IndexError, TypeError, ValueError, RecursionError)


def document_kind(head: bytes, name: str) -> tuple[DocumentKind, str] | None:
    """Return the kind of document a file is, and by what, ``None`` for a row of records.

    Args:
        head: The file's first :data:`HEAD_BYTES`.
        name: Its name.
    """
    for kind in KINDS:
        try:
            evidence = kind.recognise(head, name)
        except _BUGS:
            continue
        if evidence is not None:
            return kind, evidence
    return None


def documents_in(data: bytes, kind: DocumentKind) -> Iterator[Document]:
    """Yield the records of a document; a reader that fails leaves the whole file as a fault."""
    count = 0
    try:
        for document in kind.read(data):
            count += 1
            yield document
    except _BUGS as bug:
        after = f" after {count} records" if count else ""
        fault = f"{kind.title}: cannot be read{after} ({type(bug).__name__})"
        yield Document(0, data, None, fault)
    else:
        if not count and data.strip():
            yield Document(0, data, None, f"{kind.title}: holds no record")


def import_document(source: Stream, kind: DocumentKind, lane: OddLane) -> None:
    """Import a file that is one document.

    Args:
        source: The file.
        kind: What it is.
        lane: Where its records go.

    Raises:
        RecordTooLarge: it is larger than quarantine takes.
    """
    data = source.read(KEPT_RECORD_BYTES + 1) or b""
    check_size(len(data), 0)
    lot: list[Document] = []
    found = documents_in(data, kind)
    if source.broken is not None:
        # Half a chat would look like a whole one.
        found = iter([Document(0, data, None, source.broken)])
    for document in found:
        lot.append(document)
        if len(lot) == _LOT:
            _import_lot(data, lot, lane)
            lot = []
    _import_lot(data, lot, lane)
    lane.flush()
    if lane.originals is not None:
        lane.originals.end(data)


def _import_lot(data: bytes, lot: list[Document], lane: OddLane) -> None:
    """Read some records of a document, each to entries or to quarantine."""
    target, tally = lane.target, lane.tally
    group = _table(lot, lane.seen)
    if lane.originals is not None:
        pieces = [(document.offset, document.raw) for document in lot]
        group = group.append_column(BEFORE, lane.originals.cut(data, pieces))
        lane.originals.begin(group)
    group = numbered(group, target, tally.ordinal)
    tally.ordinal += len(lot)
    lane.seen += len(lot)
    ids = group["entry_id"].combine_chunks().storage
    faults: list[str | None] = []
    for index, document in enumerate(lot):
        place = RawRecord(
            group["record"][index].as_py(),
            group["ordinal"][index].as_py(),
            ids[index].as_py(),
            document.raw,
            group[BEFORE][index].as_py() if lane.originals is not None else None,
        )
        faults.append(_fault(document, lane, place))
    bad = np.flatnonzero([fault is not None for fault in faults])
    if len(bad):
        column = group.schema.get_field_index("fault")
        group = group.set_column(column, "fault", pa.array(faults, pa.string()))
        set_aside_all(group.take(pa.array(bad)), Lane(None, lane.stamp), target, tally)


def _fault(document: Document, lane: OddLane, place: RawRecord) -> str | None:
    if document.record is None:
        return document.fault or "the document holds no record here"
    return lane.take(document.record, place)


def _table(lot: list[Document], before: int) -> pa.Table:
    """Return documents as raw records without text, numbered from ``before`` on."""
    count = len(lot)
    return pa.table(
        [
            pa.array(np.arange(before + 1, before + count + 1, dtype=np.int64)),
            pa.array([document.offset for document in lot], pa.int64()),
            pa.array([document.raw for document in lot], pa.binary()),
            pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),
        ],
        schema=RECORD_SCHEMA,
    )
