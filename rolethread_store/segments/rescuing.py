"""What can still be read of a damaged segment: the row groups around the damage.

DuckDB seals each page of a file for itself, so a flipped byte spoils the row group it lies
in, some 2,048 or 8,192 rows, and no other one. The rows that decrypt are copied to a file of their
own under the same key, and whoever reads goes on with that.

A page that decrypts was written under the segment's key. That it stands where it was
written only the digest of the whole file says (engine facts 6), and that is gone: whoever
damaged a file on purpose may have exchanged pages of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from rolethread_store.crypto import Keyring
from rolethread_store.engine import Session, SessionFolders, identifier
from rolethread_store.errors import StoreError, Unavailable
from rolethread_store.model import Batch, BatchKind, Segment
from rolethread_store.segments.relation import add_keys, file_rows, key_name
from rolethread_store.segments.schema import COLUMNS_OF
from rolethread_store.segments.writer import copy_statement
from rolethread_store.storage import Disk, Layout, sha256_file, tail_digest

__all__ = ["LostRecords", "Rescued", "RescuedLayout", "Rescuer"]

_STEP_ROWS = 8_192
# Bad stretches are halved down to this; where they end is then looked for row by row.
_LEAST_ROWS = 512
# Rows without these are worth having: the text is what nobody can write again.
_SPARE = {
    "tags": "NULL",
    "origin": "{'import_id': NULL, 'source': NULL, 'record': NULL, 'format': NULL}",
    "extra": "NULL",
    "message_count": "len(messages)",
}


class _Span(NamedTuple):
    """Rows from the first up to and without the second, counted from 0."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class LostRecords:
    """Records of a source whose entries cannot be read, where their origin still can.

    Attributes:
        source: The file they were imported from.
        first: Number of the first one there.
        last: Number of the last one.
        count: How many they are; there may be others between them.
    """

    source: str
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Rescued:
    """A damaged segment, as far as it can be read.

    Attributes:
        segment: The file that holds the rows now, under the number of the damaged one.
        bare: Rows of it without tags, origin or other fields, which could not be read.
        lost: Which records are not in it.
    """

    segment: Segment
    bare: int = 0
    lost: tuple[LostRecords, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RescuedLayout(Layout):
    """A store whose damaged segments are read from copies of what they still hold.

    Attributes:
        copies: Folder of the copies.
        moved: Which segments lie there.
    """

    copies: Path
    moved: set[tuple[UUID, int]] = field(default_factory=set, compare=False)

    @property
    def segment_folders(self) -> tuple[Path, ...]:
        """The store's own folder, and that of the copies."""
        return (self.segments, self.copies)

    def segment(self, batch_id: UUID, number: int) -> Path:
        """Return where a segment's readable rows lie."""
        own = Layout.segment(self, batch_id, number)
        return self.copies / own.name if (batch_id, number) in self.moved else own


class Rescuer:
    """Copies the readable rows of damaged segments; close it when they are no longer needed.

    Args:
        layout: The damaged store; it is not written to.
        disk: How it is reached.
        keyring: Its keys.
        copies: A new folder for the copies, removed at the end.
    """

    def __init__(self, layout: Layout, disk: Disk, keyring: Keyring, copies: Path) -> None:
        self.layout = RescuedLayout(layout.root, layout.tree, copies=copies)
        self._sources = layout
        self._disk, self._keyring = disk, keyring
        self._session: Session | None = None

    def rescue(self, batch: Batch, segment: Segment) -> Rescued | None:
        """Copy what can be read of a damaged segment; ``None`` when that is nothing.

        Raises:
            Unavailable: the copy cannot be written.
        """
        source = self._sources.segment(batch.batch_id, segment.number)
        if not source.is_file():
            return None
        one = _Damaged(self, batch, source, segment.rows)
        columns = dict.fromkeys(COLUMNS_OF[batch.kind], "")
        whole = one.spans(_Span(0, segment.rows), list(columns))
        parts = [(span, columns) for span in whole]
        if batch.kind is BatchKind.ENTRIES:
            needed = [name for name in columns if name not in _SPARE]
            for gap in _gaps(whole, segment.rows):
                for span in one.spans(gap, needed):
                    spared = {n: v for n, v in _SPARE.items() if not one.reads(span, [n])}
                    parts.append((span, columns | spared))
        parts.sort(key=lambda part: part[0])
        if not parts:
            return None
        self._disk.make_folder(self.layout.copies)
        target = self.layout.copies / source.name
        select = " UNION ALL ".join(
            f"SELECT {_selected(chosen)} FROM {one.rows(span)}" for span, chosen in parts
        )
        kept = sum(span.stop - span.start for span, _ in parts)
        self.session(batch).execute(
            copy_statement(select, target, key_name(batch.batch_id), batch.kind, kept)
        )
        self.layout.moved.add((batch.batch_id, segment.number))
        digest, size = sha256_file(target)
        tail = tail_digest(target)
        new = {"rows": kept, "size": size, "digest": digest, "tail_digest": tail}
        gaps = _gaps([span for span, _ in parts], segment.rows)
        lost = tuple(one.lost(gaps)) if batch.kind is BatchKind.ENTRIES else ()
        bare = kept - sum(span.stop - span.start for span in whole)
        return Rescued(segment.model_copy(update=new), bare, lost)

    def session(self, batch: Batch) -> Session:
        """Return a session that knows a batch's key."""
        if self._session is None:
            folders = SessionFolders(self.layout.segment_folders, self.layout.copies / "spill")
            self._session = Session(folders, in_order=True)
        add_keys(self._session, [batch], self._keyring)
        return self._session

    def renew(self) -> None:
        """Take another session next time: an engine that failed inside answers nothing more."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def close(self) -> None:
        """Remove the copies."""
        self.renew()
        shutil.rmtree(self.layout.copies, ignore_errors=True)


class _Damaged:
    """One file, asked piece by piece."""

    def __init__(self, rescuer: Rescuer, batch: Batch, path: Path, rows: int) -> None:
        self._rescuer, self._batch = rescuer, batch
        self._path, self._rows = path, rows

    def rows(self, span: _Span) -> str:
        """Return SQL for the rows of a span; DuckDB passes over other row groups."""
        rows = file_rows(self._path, key_name(self._batch.batch_id), ", file_row_number=true")
        return (
            f"(SELECT * FROM {rows} "
            f"WHERE file_row_number >= {span.start} AND file_row_number < {span.stop})"
        )

    def reads(self, span: _Span, columns: list[str]) -> bool:
        """Return whether some columns of all rows of a span decrypt and decode."""
        names = ", ".join(map(identifier, columns))
        query = f"SELECT count(*), bit_xor(hash({names})) FROM {self.rows(span)}"
        try:
            found = self._rescuer.session(self._batch).value(query)
        except Unavailable:  # No memory for an absurd length, or the engine is beyond use.
            self._rescuer.renew()
            return False
        except StoreError:
            return False
        return bool(found == span.stop - span.start)

    def spans(self, within: _Span, columns: list[str]) -> list[_Span]:
        """Return the longest readable spans of a part of the file."""
        found: list[_Span] = []
        for start in range(within.start, within.stop, _STEP_ROWS):
            stop = min(within.stop, start + _STEP_ROWS)
            found += self._halved(_Span(start, stop), columns)
        joined = list(_joined(found))
        widened: list[_Span] = []
        for at, span in enumerate(joined):
            least = widened[-1].stop if widened else within.start
            most = joined[at + 1].start if at + 1 < len(joined) else within.stop
            widened.append(self._widened(span, _Span(least, most), columns))
        return list(_joined(widened))

    def lost(self, gaps: list[_Span]) -> Iterator[LostRecords]:
        """Yield which records of which sources were in unreadable spans."""
        for gap in gaps:
            for span in self.spans(gap, ["origin"]):
                rows = self._rescuer.session(self._batch).rows(
                    "SELECT origin.source, min(origin.record), max(origin.record), count(*) "
                    f"FROM {self.rows(span)} WHERE origin.source IS NOT NULL GROUP BY ALL "
                    "ORDER BY ALL"
                )
                yield from (LostRecords(*row) for row in rows)

    def _halved(self, span: _Span, columns: list[str]) -> list[_Span]:
        if self.reads(span, columns):
            return [span]
        if span.stop - span.start <= _LEAST_ROWS:
            return []
        middle = (span.start + span.stop) // 2
        halves = (_Span(span.start, middle), _Span(middle, span.stop))
        return [found for half in halves for found in self._halved(half, columns)]

    def _widened(self, span: _Span, limits: _Span, columns: list[str]) -> _Span:
        """Move both ends to where the row group begins and ends."""
        start = _last_good(
            span.start, limits.start - 1, lambda at: self.reads(_Span(at, span.start), columns)
        )
        stop = _last_good(
            span.stop, limits.stop + 1, lambda at: self.reads(_Span(span.stop, at), columns)
        )
        return _Span(start, stop)


def _last_good(good: int, bad: int, reads: Callable[[int], bool]) -> int:
    """Find how far it is good from a place that is towards one that is not."""
    while abs(bad - good) > 1:
        middle = (good + bad) // 2
        if reads(middle):
            good = middle
        else:
            bad = middle
    return good


def _joined(spans: list[_Span]) -> Iterator[_Span]:
    """Yield spans, those that touch as one."""
    last: _Span | None = None
    for span in spans:
        if last is not None and last.stop == span.start:
            last = _Span(last.start, span.stop)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _gaps(spans: list[_Span], rows: int) -> list[_Span]:
    """Return what lies between spans."""
    edges = [0, *(edge for span in spans for edge in span), rows]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [_Span(start, stop) for start, stop in pairs if start < stop]


def _selected(columns: dict[str, str]) -> str:
    """Return a list for a SELECT; a column that cannot be read is replaced."""
    return ", ".join(
        f"CAST({instead} AS {COLUMNS_OF['entries'][name]}) AS {identifier(name)}"
        if instead
        else identifier(name)
        for name, instead in columns.items()
    )
