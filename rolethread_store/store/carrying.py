"""Carrying a dataset into another store: every state of it that can be read.

The rows go over and the history does not. A version becomes a version of the same number,
a working copy one of the same name; states that hold the same share their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Version
from rolethread_store.dataset import Reader, Remains, row_slices
from rolethread_store.model import (
    Batch,
    BatchAttached,
    BatchKind,
    Change,
    DatasetCreated,
    Source,
    VersionPublished,
    WorkingCopyDeleted,
    WorkingCopyForked,
)
from rolethread_store.query import count
from rolethread_store.store.store import Store

__all__ = ["SavedDataset", "SavedState", "carried"]


@dataclass(frozen=True, slots=True)
class SavedState:
    """A version or another working copy in the new store.

    Attributes:
        name: ``version 2`` or ``working copy draft``.
        entries: Entries in it.
    """

    name: str
    entries: int


@dataclass(frozen=True, slots=True)
class SavedDataset:
    """A dataset of the new store.

    Attributes:
        name: Its name.
        entries: Entries in its main working copy.
        quarantined: Records that imports had set aside.
        states: Its versions and other working copies.
    """

    name: str
    entries: int
    quarantined: int
    states: tuple[SavedState, ...] = ()


class _Rows(NamedTuple):
    """What was written of a state: its batches, where there is one, and how much is in them."""

    batch: Batch | None
    aside: Batch | None
    originals: Batch | None
    entries: int
    quarantined: int


def carried(reader: Reader, main: DatasetFold, target: Store) -> SavedDataset:
    """Write a dataset to a new store.

    Args:
        reader: Reads the old store, of which a journal may be all that remains.
        main: The dataset's main working copy there.
        target: The new store.
    """
    return _Carrier(reader, main, target).carry()


class _Carrier:
    def __init__(self, reader: Reader, main: DatasetFold, target: Store) -> None:
        self._reader = reader
        self._main = main
        self._parts = target._parts
        self._dataset_id = self._parts.journal.clock.new_id()
        self._written: dict[object, _Rows] = {}

    def carry(self) -> SavedDataset:
        """Write all of it; the main working copy last, so that the others begin empty."""
        name = self._main.name
        self._commit(f"create {name}", DatasetCreated(dataset_id=self._dataset_id, name=name))
        states: list[SavedState] = []
        journal = self._reader.journal
        if isinstance(journal, Remains):
            versions = journal.versions(self._main.dataset_id)
            states += [self._version(version, fold) for version, fold in versions]
            states += [self._copy(fold) for fold in journal.other_copies(self._main)]
        rows = self._attach(self._dataset_id, self._main, f"salvage {name}")
        return SavedDataset(name, rows.entries, rows.quarantined, tuple(states))

    def _version(self, version: Version, fold: DatasetFold | None) -> SavedState:
        """Publish a state under its number, from a working copy that is there for that only.

        One that cannot be read is published empty: the others keep their numbers.
        """
        name = f"version {version.number}"
        copy_id = self._fork(f"salvaged {name}")
        rows = None if fold is None else self._attach(copy_id, fold, f"salvage {name}")
        message = (
            version.message
            if rows
            else f"could not be read: {version.message or 'its publication is lost'}"
        )
        published = VersionPublished(dataset_id=copy_id, number=version.number, message=message)
        self._commit(f"publish {name} of {self._main.name}", published)
        deleted = WorkingCopyDeleted(dataset_id=copy_id)
        self._commit(f"delete working copy salvaged {name} of {self._main.name}", deleted)
        return SavedState(name, rows.entries if rows else 0)

    def _copy(self, fold: DatasetFold) -> SavedState:
        name = fold.working_copy
        rows = self._attach(self._fork(name), fold, f"salvage working copy {name}")
        return SavedState(f"working copy {name}", rows.entries)

    def _fork(self, name: str) -> UUID:
        copy_id = self._parts.journal.clock.new_id()
        forked = WorkingCopyForked(dataset_id=copy_id, name=name, source=self._dataset_id)
        self._commit(f"fork {self._main.name}: {name}", forked)
        return copy_id

    def _attach(self, copy_id: UUID, fold: DatasetFold, words: str) -> _Rows:
        """Give a working copy of the new store the rows of a state of the old one."""
        key = _fingerprint(fold)
        if key not in self._written:
            self._written[key] = self._write(fold)
        rows = self._written[key]
        records = rows.entries + rows.quarantined
        source = Source(
            name="salvaged", records=records, kept=rows.entries, quarantined=rows.quarantined
        )
        attached = BatchAttached(
            dataset_id=copy_id,
            import_id=self._parts.journal.clock.new_id(),
            batch_id=_id_of(rows.batch),
            quarantine_id=_id_of(rows.aside),
            originals_id=_id_of(rows.originals),
            sources=(source,),
        )
        self._commit(f"{words}: {rows.entries:,} entries", attached, *_framed(copy_id, fold))
        return rows

    def _write(self, fold: DatasetFold) -> _Rows:
        """Write a state's rows, with their ids, places and origins."""
        parts, reader = self._parts, self._reader
        parts.journal.begin_write()
        relation = reader.relation(fold)
        entries = row_slices(reader, relation, "position", "BIGINT")
        originals = row_slices(reader, reader.originals_relation(fold), "entry_id", "UUID")
        aside = reader.session.arrow(reader.quarantine_relation(fold))
        rows = _Rows(
            parts.room.write_slices(BatchKind.ENTRIES, entries),
            parts.room.write_table(BatchKind.QUARANTINE, aside),
            parts.room.write_slices(BatchKind.ORIGINALS, originals),
            count(reader, relation),
            aside.num_rows,
        )
        if batches := [one for one in rows[:3] if one is not None]:
            parts.journal.publish(batches)
        return rows

    def _commit(self, words: str, *changes: Change) -> None:
        self._parts.journal.commit(changes, words)


def _id_of(batch: Batch | None) -> UUID | None:
    return None if batch is None else batch.batch_id


def _fingerprint(fold: DatasetFold) -> object:
    """Return what two states have in common only if they hold the same rows."""
    pending = frozenset(
        (key, tuple(one.seq for one in items)) for key, items in fold.pending.items()
    )
    attached = tuple((seq, one.quarantine_id, one.originals_id) for seq, one in fold.attached)
    return tuple(fold.layers), pending, attached


def _framed(copy_id: UUID, fold: DatasetFold) -> list[Change]:
    """Return the imports of a state whose files can be written as they were."""
    changes: list[Change] = []
    for _, attached in fold.attached:
        sources = tuple(
            Source(
                name=one.name, records=one.kept, kept=one.kept, quarantined=0, entries=0,
                framing=one.framing,
            )
            for one in attached.sources
            if one.framing is not None
        )  # fmt: skip
        if sources:
            changes.append(
                BatchAttached(dataset_id=copy_id, import_id=attached.import_id, sources=sources)
            )
    return changes
