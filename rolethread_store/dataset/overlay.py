"""Pending changes as rows: what the log says, laid over what the segments hold.

Only entries whose pending changes differ from last time are worked on, all of them in one
pass: their rows are fetched by one semi join, the changes are applied, and the results
replace their rows in the overlay table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import pyarrow as pa

from rolethread_store.changelog import DatasetFold, PendingChange, applied
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.layering import layered_rows
from rolethread_store.dataset.rows import ENTRY_SELECT, entry_of, overlay_table
from rolethread_store.engine import Session, identifier
from rolethread_store.model import Batch, BatchKind, Entry
from rolethread_store.segments import ENTRY_COLUMNS, scan
from rolethread_store.storage import Layout

__all__ = ["Overlay"]

_TagPatch = tuple[int, tuple[str, ...]]


class Overlay:
    """The overlay table of one dataset in one session."""

    def __init__(
        self, session: Session, fold: DatasetFold, batch_of: Callable[[UUID], Batch], layout: Layout
    ) -> None:
        self.fold = fold
        self.table = f"overlay_{fold.key}"
        self._session = session
        self._batch_of = batch_of
        self._layout = layout
        columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in ENTRY_COLUMNS.items())
        session.execute(
            f"CREATE OR REPLACE TABLE {identifier(self.table)} ({columns}, deleted BOOLEAN)"
        )
        fold.dirty.update(fold.pending)

    @property
    def in_use(self) -> bool:
        """Whether any row lies over the layers."""
        return bool(self.fold.pending)

    @property
    def changed_ids(self) -> str | None:
        """A SELECT of the ids of all entries with pending changes, ``None`` without any."""
        return f"SELECT entry_id FROM {identifier(self.table)}" if self.in_use else None

    def drop(self) -> None:
        """Remove the table from the session."""
        self._session.execute(f"DROP TABLE IF EXISTS {identifier(self.table)}")

    def refresh(self) -> None:
        """Bring the table up to the fold."""
        dirty = sorted(self.fold.dirty)
        if not dirty:
            return
        ids = pa.table({"entry_id": [str(entry_id) for entry_id in dirty]})
        with self._session.table("dirty_ids", ids) as name:
            wanted = f"(SELECT CAST(entry_id AS UUID) AS entry_id FROM {name})"
            below = self._rows_below(wanted)
            patches = self._patches(wanted)
            self._session.execute(
                f"DELETE FROM {identifier(self.table)} WHERE entry_id IN {wanted}"
            )
        states = [
            (entry_id, replayed(below.get(entry_id), pending, patches.get(entry_id)))
            for entry_id in dirty
            if (pending := self.fold.pending.get(entry_id))
        ]
        if states:
            with self._session.table("overlay_rows", overlay_table(states)) as name:
                self._session.execute(f"INSERT INTO {identifier(self.table)} SELECT * FROM {name}")
        self.fold.dirty.clear()

    def _rows_below(self, wanted: str) -> dict[UUID, Entry]:
        rows = layered_rows(self.fold.layers, self._batch_of, self._layout)
        found = self._session.rows(
            f"SELECT {ENTRY_SELECT} FROM ({rows}) SEMI JOIN {wanted} w USING (entry_id)"
        )
        return {entry.entry_id: entry for entry in map(entry_of, found)}

    def _patches(self, wanted: str) -> dict[UUID, _TagPatch]:
        """Return the newest tag patch since the base, by entry."""
        newest: dict[UUID, _TagPatch] = {}
        for layer in self.fold.layers:
            if layer.kind is not BatchKind.TAGS or layer.seq == BASE_SEQ:
                continue
            rows = scan([self._batch_of(layer.batch_id)], self._layout, "tags")
            for entry_id, tags in self._session.rows(
                f"SELECT entry_id, tags FROM ({rows}) SEMI JOIN {wanted} w USING (entry_id)"
            ):
                newest[entry_id] = (layer.seq, tuple(tags))
        return newest


def replayed(
    entry: Entry | None, pending: Sequence[PendingChange], patch: _TagPatch | None
) -> Entry | None:
    """Return an entry after its pending changes, with a tag patch at its place in time."""
    for item in pending:
        if patch is not None and item.seq > patch[0]:
            entry, patch = _patched(entry, patch), None
        entry = applied(entry, item.change, item.at)
    return entry if patch is None else _patched(entry, patch)


def _patched(entry: Entry | None, patch: _TagPatch) -> Entry | None:
    return None if entry is None else entry.model_copy(update={"tags": patch[1]})
