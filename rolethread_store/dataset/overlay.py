"""Pending changes in a reading session: patches over rows, whole rows, hidden ids.

Nothing is read from the layers: what pending changes come to is known from the log (see
:mod:`rolethread_store.changelog.patching`), except the tags that a batch gave between
them, which are looked up. Only entries whose pending changes differ from last time are
worked on, so an edit between two queries costs the same however many are pending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from uuid import UUID

import pyarrow as pa

from rolethread_store.changelog import DatasetFold, EntryPatch, TagPatch, depends_on_tags, reduced
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.layering import Pending
from rolethread_store.dataset.patching import PATCH_COLUMNS, features
from rolethread_store.dataset.rows import overlay_table, patch_rows, patch_table
from rolethread_store.engine import Session, identifier
from rolethread_store.model import Batch, BatchKind, Entry
from rolethread_store.segments import ENTRY_COLUMNS, column_list, scan
from rolethread_store.storage import Layout

__all__ = ["Overlay"]

_READING = frozenset({"moved", "rewritten"})
"""Features of patches that only whole rows can hold once they are no longer pending."""

_FIRM = "(position IS NOT NULL OR coalesce(rewritten, false))"

_WHOLE = "whole"
_DELETED = "deleted"
_number = attrgetter("int")

_AT_ONCE = 250
"""Entries handed to the engine at a time: while it parses them it holds the interpreter, and
edits beside a checkpoint wait (87 ms for 2,000)."""


class Overlay:
    """The pending changes of one state in one session."""

    def __init__(
        self, session: Session, fold: DatasetFold, batch_of: Callable[[UUID], Batch], layout: Layout
    ) -> None:
        self.fold = fold
        self._session = session
        self._batch_of = batch_of
        self._layout = layout
        self._rows = f"overlay_{fold.key}"
        self._patches = f"patches_{fold.key}"
        self._features: dict[UUID, frozenset[str]] = {}
        self._counts: Counter[str] = Counter()
        self._make(self._rows, {**ENTRY_COLUMNS, _DELETED: "BOOLEAN"})
        self._make(self._patches, PATCH_COLUMNS)
        fold.dirty.update(fold.pending)

    @property
    def pending(self) -> Pending:
        """What a SELECT of the state's rows must lay over the layers."""
        rows, seen = identifier(self._rows), frozenset(self._counts)
        columns = column_list(ENTRY_COLUMNS)
        patched = len(self._features) > self._counts[_WHOLE] + self._counts[_DELETED]
        whole = f"SELECT {columns} FROM {rows} WHERE NOT {_DELETED}" if _WHOLE in seen else None
        hidden = f"SELECT entry_id FROM {rows}" if seen & {_WHOLE, _DELETED} else None
        return Pending(whole, hidden, identifier(self._patches) if patched else None, seen)

    @property
    def firm(self) -> Pending:
        """The same without the changes that :attr:`light` gives."""
        patches = f"(SELECT * FROM {identifier(self._patches)} WHERE {_FIRM})"
        reads = not _READING.isdisjoint(self._counts)
        return replace(self.pending, patches=patches if reads else None)

    @property
    def empty(self) -> bool:
        """Whether no entry has pending changes."""
        return not self._features

    @property
    def has_firm(self) -> bool:
        """Whether :attr:`firm_ids` gives any."""
        return not (_READING | {_WHOLE, _DELETED}).isdisjoint(self._counts)

    @property
    def has_tags(self) -> bool:
        """Whether tags changed."""
        return not {"retagged", "tags-changed"}.isdisjoint(self._counts)

    @property
    def changed_ids(self) -> str:
        """A SELECT of the ids of all entries with pending changes."""
        return " UNION ALL ".join(
            f"SELECT entry_id FROM {identifier(table)}" for table in (self._rows, self._patches)
        )

    @property
    def firm_ids(self) -> str:
        """A SELECT of the ids of the entries that were added, deleted, moved or rewritten."""
        return (
            f"SELECT entry_id FROM {identifier(self._rows)} UNION ALL "
            f"SELECT entry_id FROM {identifier(self._patches)} WHERE {_FIRM}"
        )

    @property
    def light(self) -> str:
        """A SELECT of new texts, in the columns of a layer, and whether tags changed too."""
        return (
            f"SELECT entry_id, updated_at, turns, texts, "
            f"(coalesce(retagged, false) OR added IS NOT NULL) AS retagged "
            f"FROM {identifier(self._patches)} WHERE NOT {_FIRM}"
        )

    def drop(self) -> None:
        """Remove the tables from the session."""
        for table in (self._rows, self._patches):
            self._session.execute(f"DROP TABLE IF EXISTS {identifier(table)}")

    def refresh(self) -> None:
        """Bring the tables up to the fold."""
        dirty = self.fold.dirty
        if not dirty:
            return
        self._forget([entry_id for entry_id in dirty if entry_id in self._features])
        # By number: comparing UUIDs takes ten times as long.
        touched = sorted((key for key in dirty if self.fold.pending.get(key)), key=_number)
        # Once for all of them: each time reads a whole batch.
        tags = self._tags([key for key in touched if depends_on_tags(self.fold.pending[key])])
        for begin in range(0, len(touched), _AT_ONCE):
            self._take_in(touched[begin : begin + _AT_ONCE], tags)
        self.fold.dirty.clear()

    def _take_in(self, entry_ids: Sequence[UUID], tags: Mapping[UUID, TagPatch]) -> None:
        states = {key: reduced(self.fold.pending[key], tags.get(key)) for key in entry_ids}
        for entry_id, state in states.items():
            found = _features(state)
            self._features[entry_id] = found
            self._counts.update(found)
        self._fill(states)

    def _forget(self, known: Sequence[UUID]) -> None:
        if not known:
            return
        for table in (self._rows, self._patches):
            self._session.execute(
                f"DELETE FROM {identifier(table)} WHERE entry_id IN (SELECT entry_id FROM "
                f"({_ids(known)}))"
            )
        for entry_id in known:
            self._counts.subtract(self._features.pop(entry_id))
        self._counts = +self._counts

    def _tags(self, wanted: Sequence[UUID]) -> dict[UUID, TagPatch]:
        """Return what the newest tag batch since the base gave some entries."""
        newest: dict[UUID, TagPatch] = {}
        if not wanted:
            return newest
        for layer in self.fold.layers:
            if layer.kind is not BatchKind.TAGS or layer.seq == BASE_SEQ:
                continue
            rows = scan([self._batch_of(layer.batch_id)], self._layout, "tags")
            for entry_id, tags in self._session.rows(
                f"SELECT entry_id, tags FROM ({rows}) SEMI JOIN ({_ids(wanted)}) USING (entry_id)"
            ):
                newest[entry_id] = (layer.seq, tuple(tags))
        return newest

    def _fill(self, states: Mapping[UUID, Entry | EntryPatch | None]) -> None:
        whole: list[tuple[UUID, Entry | None]] = []
        rewritten: list[tuple[UUID, EntryPatch]] = []
        plain: list[tuple[UUID, EntryPatch]] = []
        for entry_id, state in states.items():
            if not isinstance(state, EntryPatch):
                whole.append((entry_id, state))
            else:
                (rewritten if state.rewritten else plain).append((entry_id, state))
        if whole:
            self._insert(self._rows, overlay_table(whole))
        if rewritten:
            self._insert(self._patches, patch_table(rewritten))
        if plain:
            table = identifier(self._patches)
            self._session.execute(f"INSERT INTO {table} BY NAME {patch_rows(plain)}")

    def _make(self, table: str, columns: dict[str, str]) -> None:
        types = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns.items())
        self._session.execute(f"CREATE OR REPLACE TABLE {identifier(table)} ({types})")

    def _insert(self, table: str, rows: pa.Table) -> None:
        with self._session.table("pending_rows", rows) as name:
            self._session.execute(f"INSERT INTO {identifier(table)} BY NAME SELECT * FROM {name}")


def _features(state: Entry | EntryPatch | None) -> frozenset[str]:
    if isinstance(state, EntryPatch):
        return frozenset(features(state))
    return frozenset((_DELETED if state is None else _WHOLE,))


def _ids(entry_ids: Sequence[UUID]) -> str:
    """Return a SELECT of some ids; no Arrow table, see :func:`patch_rows`."""
    listed = ", ".join(f"'{entry_id}'" for entry_id in entry_ids)
    return f"SELECT CAST(unnest([{listed}]) AS UUID) AS entry_id"
