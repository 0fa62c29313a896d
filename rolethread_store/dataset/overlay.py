"""Pending changes in a reading session: patches over rows, whole rows, hidden ids.

Nothing is read from the layers: what pending changes come to is known from the log (see
:mod:`rolethread_store.changelog.patching`), except the tags that a batch gave between
them, which are looked up. Only entries whose pending changes differ from last time are
worked on, so an edit between two queries costs the same however many are pending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

import pyarrow as pa

from rolethread_store.changelog import DatasetFold, EntryPatch, TagPatch, depends_on_tags, reduced
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.layering import Pending
from rolethread_store.dataset.patching import PATCH_COLUMNS, features
from rolethread_store.dataset.rows import overlay_table, patch_table
from rolethread_store.engine import Session, identifier
from rolethread_store.model import Batch, BatchKind, Entry
from rolethread_store.segments import ENTRY_COLUMNS, column_list, scan
from rolethread_store.storage import Layout

__all__ = ["Overlay"]

_WHOLE = "whole"
_DELETED = "deleted"


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
        return Pending(whole, hidden, self._patches if patched else None, seen)

    @property
    def changed_ids(self) -> str | None:
        """A SELECT of the ids of all entries with pending changes, ``None`` without any."""
        if not self._features:
            return None
        return " UNION ALL ".join(
            f"SELECT entry_id FROM {identifier(table)}" for table in (self._rows, self._patches)
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
        pending = {
            entry_id: self.fold.pending[entry_id]
            for entry_id in sorted(dirty)
            if self.fold.pending.get(entry_id)
        }
        tags = self._tags([key for key, items in pending.items() if depends_on_tags(items)])
        whole: list[tuple[UUID, Entry | None]] = []
        patches: list[tuple[UUID, EntryPatch]] = []
        for entry_id, items in pending.items():
            state = reduced(items, tags.get(entry_id))
            if isinstance(state, EntryPatch):
                patches.append((entry_id, state))
                found = frozenset(features(state))
            else:
                whole.append((entry_id, state))
                found = frozenset((_DELETED if state is None else _WHOLE,))
            self._features[entry_id] = found
            self._counts.update(found)
        self._insert(self._rows, overlay_table(whole) if whole else None)
        self._insert(self._patches, patch_table(patches) if patches else None)
        self.fold.dirty.clear()

    def _forget(self, known: Sequence[UUID]) -> None:
        if not known:
            return
        with self._session.table("dirty_ids", _ids(known)) as name:
            for table in (self._rows, self._patches):
                self._session.execute(
                    f"DELETE FROM {identifier(table)} "
                    f"WHERE entry_id IN (SELECT CAST(entry_id AS UUID) FROM {name})"
                )
        for entry_id in known:
            self._counts.subtract(self._features.pop(entry_id))
        self._counts = +self._counts

    def _tags(self, wanted: Sequence[UUID]) -> dict[UUID, TagPatch]:
        """Return what the newest tag batch since the base gave some entries."""
        newest: dict[UUID, TagPatch] = {}
        live = [
            layer
            for layer in self.fold.layers
            if layer.kind is BatchKind.TAGS and layer.seq != BASE_SEQ
        ]
        if not live or not wanted:
            return newest
        with self._session.table("wanted_ids", _ids(wanted)) as name:
            for layer in live:
                rows = scan([self._batch_of(layer.batch_id)], self._layout, "tags")
                for entry_id, tags in self._session.rows(
                    f"SELECT entry_id, tags FROM ({rows}) SEMI JOIN (SELECT CAST(entry_id AS UUID)"
                    f" AS entry_id FROM {name}) w USING (entry_id)"
                ):
                    newest[entry_id] = (layer.seq, tuple(tags))
        return newest

    def _make(self, table: str, columns: dict[str, str]) -> None:
        types = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns.items())
        self._session.execute(f"CREATE OR REPLACE TABLE {identifier(table)} ({types})")

    def _insert(self, table: str, rows: pa.Table | None) -> None:
        if rows is not None:
            with self._session.table("pending_rows", rows) as name:
                self._session.execute(f"INSERT INTO {identifier(table)} SELECT * FROM {name}")


def _ids(entry_ids: Sequence[UUID]) -> pa.Table:
    return pa.table({"entry_id": [str(entry_id) for entry_id in entry_ids]})
