"""What differs between two states of a dataset, without reading what cannot differ.

A state is a list of change sets. Only entries that a set in one list and not in the other
touches can differ: those it names, and the rows of its batches. Entries with changes of
their own are compared whole; those of a whole import only for being there, those of a
bulk tag only by their tags. Everything is one semi join per kind, whatever the number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.changelog import DatasetFold, touched_entries
from rolethread_store.dataset import ENTRY_SELECT, Journal, Reader, entry_of
from rolethread_store.engine import Session
from rolethread_store.errors import Conflict
from rolethread_store.model import Batch, BatchAttached, ChangeSet, Entry, TagsPatched
from rolethread_store.query.entry_changes import (
    FieldChange,
    MessageChange,
    compared_entries,
    compared_messages,
)
from rolethread_store.query.moves import moved_entries
from rolethread_store.query.pages import PageInvalid
from rolethread_store.segments import scan

__all__ = [
    "ComparedState",
    "Difference",
    "DifferenceOutdated",
    "EntryDifference",
    "EntryFate",
    "compared",
]

_PAGE = 1_000
_FOUND = "compared_entries"
_CONTENT = ("messages", "tags", "extra", "format")
_PLACES = ("position, CAST(NULL AS BIGINT)", "CAST(NULL AS BIGINT), position")
_COUNTED = ("added", "removed", "edited", "moved")


class DifferenceOutdated(Conflict):
    """A working copy has changed since it was compared."""

    code: ClassVar[str] = "query.difference-outdated"


class EntryFate(StrEnum):
    """What became of an entry."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ComparedState:
    """One of two states of a dataset.

    Attributes:
        copy_id: The working copy.
        working_copy: Its name.
        version: The version meant instead of its present state.
    """

    copy_id: UUID
    working_copy: str
    version: int | None = None

    @property
    def label(self) -> str:
        """What people call it: ``version 3``, or ``working copy main``."""
        if self.version is None:
            return f"working copy {self.working_copy}"
        return f"version {self.version}"

    def fold(self, journal: Journal) -> DatasetFold:
        """Return the state itself; that of a working copy follows its changes."""
        if self.version is None:
            return journal.states.fold(self.copy_id)
        return journal.states.at(self.copy_id, self.version)

    def records(self, journal: Journal) -> list[ChangeSet]:
        """Return the sets in effect, oldest first."""
        return journal.states.records(self.copy_id, self.version)


@dataclass(frozen=True, slots=True)
class EntryDifference:
    """One entry that is not in both states, or not the same in both.

    Attributes:
        entry_id: The entry.
        fate: Whether it was added, removed or changed.
        before: The entry in the old state, ``None`` when it was added.
        after: The entry in the new state, ``None`` when it was removed.
        edited: Whether anything but its place changed.
        moved: Whether it stands elsewhere among the entries that both states have.
        messages: Which messages changed, for a changed entry.
        fields: Which other fields changed, for a changed entry.
    """

    entry_id: UUID
    fate: EntryFate
    before: Entry | None
    after: Entry | None
    edited: bool = False
    moved: bool = False
    messages: tuple[MessageChange, ...] = ()
    fields: tuple[FieldChange, ...] = ()

    @property
    def tags_added(self) -> tuple[str, ...]:
        """Tags that only the new state has."""
        return _without(self.after, self.before)

    @property
    def tags_removed(self) -> tuple[str, ...]:
        """Tags that only the old state has."""
        return _without(self.before, self.after)


def _without(one: Entry | None, other: Entry | None) -> tuple[str, ...]:
    if one is None or other is None:
        return ()
    return tuple(tag for tag in one.tags or () if tag not in (other.tags or ()))


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two states; the entries themselves are read when asked for.

    Attributes:
        before: The old state.
        after: The new state.
        added: Entries only in the new one.
        removed: Entries only in the old one.
        edited: Entries in both whose messages, tags or other fields differ.
        moved: Entries in both that stand elsewhere among those both have; an entry may be
            edited and moved.
    """

    before: ComparedState
    after: ComparedState
    added: int
    removed: int
    edited: int
    moved: int
    _reader: Reader
    _rows: pa.Table
    _tops: tuple[object, ...]

    def __len__(self) -> int:
        """Return how many entries differ."""
        return int(self._rows.num_rows)

    def __iter__(self) -> Iterator[EntryDifference]:
        """Yield every difference in order, read page by page."""
        for offset in range(0, len(self), _PAGE):
            yield from self.page(_PAGE, offset)

    def page(self, limit: int = 25, offset: int = 0) -> list[EntryDifference]:
        """Return up to ``limit`` differences in the order of the dataset, after ``offset`` others.

        Raises:
            PageInvalid: a number is negative.
            DifferenceOutdated: a working copy has changed since it was compared.
            TransactionOpen: inside a transaction, whose changes belong to no set yet.
        """
        if limit < 0 or offset < 0:
            raise PageInvalid("limit and offset cannot be negative")
        journal = self._reader.journal
        journal.require_no_block()
        states = (self.before, self.after)
        if _tops(journal, states) != self._tops:
            raise DifferenceOutdated(
                "a working copy has changed since it was compared", hint="compare again"
            )
        rows = self._rows.slice(offset, limit)
        if not rows.num_rows:
            return []
        old, new = (_entries(self._reader, state.fold(journal), rows) for state in states)
        found = zip(*(rows.column(name).to_pylist() for name in ("id", "moved")), strict=True)
        return [
            _told(key, old.get(key), new.get(key), moved=moved)
            for key, moved in ((UUID(text), moved) for text, moved in found)
        ]


def compared(reader: Reader, before: ComparedState, after: ComparedState) -> Difference:
    """Return what differs between two states of one dataset.

    Raises:
        Corrupt: a segment is missing or not the one written.
    """
    journal = reader.journal
    tops = _tops(journal, (before, after))
    touched, imports, patches = _differing(journal, before, after)
    reader.admit([*imports[0], *imports[1], *patches])
    sides = (reader.relation(before.fold(journal)), reader.relation(after.fold(journal)))
    ids = pa.table({"id": pa.array([str(one) for one in touched], pa.string())})
    with reader.diagnosing(), reader.session.table("compared_ids", ids) as name:
        wanted = f"(SELECT CAST(id AS UUID) AS entry_id FROM {name})"
        parts = [_touched(sides, wanted)] if touched else []
        for rows, place, batches in zip(sides, _PLACES, imports, strict=True):
            if batches:
                parts.append(_imported(rows, place, wanted, scan(batches, journal.layout)))
        if patches:
            parts.append(_patched(sides, wanted, scan(patches, journal.layout, "tags")))
        rows = _found(reader.session, parts, sides[1])
    counts = {name: int(pc.sum(rows.column(name)).as_py() or 0) for name in _COUNTED}
    return Difference(before, after, _reader=reader, _rows=rows, _tops=tops, **counts)


def _tops(journal: Journal, states: Sequence[ComparedState]) -> tuple[object, ...]:
    """Return what a change makes differ: how many sets are in effect, and the newest."""
    lists = [state.records(journal) for state in states]
    return tuple((len(sets), sets[-1].set_id if sets else None) for sets in lists)


def _differing(
    journal: Journal, before: ComparedState, after: ComparedState
) -> tuple[list[UUID], tuple[list[Batch], list[Batch]], list[Batch]]:
    """Return the entries, imports and bulk tags that one state alone has met.

    Returns:
        The entries that changes name, the imported batches of the old and of the new state,
        and the batches of tags.
    """
    lists = before.records(journal), after.records(journal)
    shared = set.intersection(*({record.set_id for record in records} for records in lists))
    family = journal.history.families.of(after.copy_id)
    touched: dict[UUID, None] = {}
    imports: tuple[list[Batch], list[Batch]] = [], []
    patches: list[Batch] = []
    for records, imported in zip(lists, imports, strict=True):
        for record in records:
            if record.set_id in shared:
                continue
            touched.update(dict.fromkeys(touched_entries(record, family)))
            for change in record.changes:
                if isinstance(change, BatchAttached) and change.dataset_id in family:
                    if change.batch_id is not None:
                        imported.append(journal.batch(change.batch_id))
                elif isinstance(change, TagsPatched) and change.dataset_id in family:
                    patches.append(journal.batch(change.batch_id))
    return list(touched), imports, patches


def _touched(sides: tuple[str, str], wanted: str) -> str:
    """Return a SELECT that compares entries whole."""
    columns = "entry_id, position, messages, tags, extra, origin.format AS format"
    old, new = (
        f"(SELECT {columns} FROM ({rows}) SEMI JOIN {wanted} w USING (entry_id))" for rows in sides
    )
    differs = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in _CONTENT)
    return (
        "SELECT coalesce(a.entry_id, b.entry_id), a.position, b.position, "
        f"a.entry_id IS NOT NULL AND b.entry_id IS NOT NULL AND ({differs}) "
        f"FROM {old} a FULL JOIN {new} b ON a.entry_id = b.entry_id"
    )


def _imported(rows: str, place: str, wanted: str, batch: str) -> str:
    """Return a SELECT of a batch's entries in the one state that has the import."""
    return (
        f"SELECT entry_id, {place}, false FROM ({rows}) "
        f"SEMI JOIN (SELECT entry_id FROM ({batch})) i USING (entry_id) "
        f"ANTI JOIN {wanted} w USING (entry_id)"
    )


def _patched(sides: tuple[str, str], wanted: str, batch: str) -> str:
    """Return a SELECT of entries in both states whose tags a bulk tag made differ."""
    old, new = (f"(SELECT entry_id, position, tags FROM ({rows}))" for rows in sides)
    return (
        f"SELECT a.entry_id, a.position, b.position, true FROM {old} a JOIN {new} b "
        f"ON a.entry_id = b.entry_id SEMI JOIN (SELECT entry_id FROM ({batch})) p "
        f"ON p.entry_id = a.entry_id ANTI JOIN {wanted} w ON w.entry_id = a.entry_id "
        "WHERE a.tags IS DISTINCT FROM b.tags"
    )


def _found(session: Session, parts: Sequence[str], after: str) -> pa.Table:
    """Run the comparisons and return the entries that differ, in order."""
    if not parts:
        parts = ["SELECT CAST(NULL AS UUID), NULL, NULL, false WHERE false"]
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FOUND} "
        "(entry_id UUID, old BIGINT, new BIGINT, edited BOOLEAN)"
    )
    session.execute(f"INSERT INTO {_FOUND} {' UNION ALL '.join(parts)}")
    try:
        moved = moved_entries(session, _FOUND, after)
        return session.arrow(
            "SELECT CAST(entry_id AS VARCHAR) AS id, old IS NULL AS added, new IS NULL AS removed, "
            f"edited, moved FROM (SELECT *, entry_id IN ({moved}) AS moved FROM {_FOUND}) "
            "WHERE added OR removed OR edited OR moved ORDER BY coalesce(new, old), entry_id"
        )
    finally:
        session.execute(f"DROP TABLE {_FOUND}")


def _entries(reader: Reader, fold: DatasetFold, rows: pa.Table) -> dict[UUID, Entry]:
    """Return the entries of one state that some rows name."""
    relation = reader.relation(fold)
    with reader.session.table("compared_page", rows) as name:
        found = reader.rows(
            f"SELECT {ENTRY_SELECT} FROM ({relation}) "
            f"SEMI JOIN (SELECT CAST(id AS UUID) AS entry_id FROM {name}) w USING (entry_id)"
        )
    return {entry.entry_id: entry for entry in map(entry_of, found)}


def _told(
    entry_id: UUID, before: Entry | None, after: Entry | None, *, moved: bool
) -> EntryDifference:
    if before is None or after is None:
        fate = EntryFate.ADDED if before is None else EntryFate.REMOVED
        return EntryDifference(entry_id, fate, before, after)
    messages = compared_messages(before.messages, after.messages)
    fields = compared_entries(before, after)
    return EntryDifference(
        entry_id,
        EntryFate.CHANGED,
        before,
        after,
        edited=bool(messages or fields),
        moved=moved,
        messages=messages,
        fields=fields,
    )
