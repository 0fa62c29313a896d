"""Fold: pending changes become layers, at the cost of what they changed.

Edits of texts and of tags go into layers of their own, for which nothing of the rows below
is read: to write 10,000 whole rows scattered over a million, the texts of nearly all had to
be inflated (two seconds of three). Entries that were added, moved or rewritten become whole
rows, and so do all that changed once too many have new texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.digests import text_digest
from rolethread_store.dataset.overlay import Overlay
from rolethread_store.dataset.planning import Arrangement, arranged, room_for_texts
from rolethread_store.dataset.workbench import Made, Workbench, only_rows, upper_order
from rolethread_store.engine import literal
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import empty_relation

__all__ = ["fold_step"]


def fold_step(bench: Workbench) -> Made:
    """Make layers of the entries with pending changes."""
    arrangement = arranged(bench.fold)
    relation = bench.reader.relation(bench.fold)
    overlay = bench.reader.overlay(bench.fold)
    before, entries = bench.outline(relation)
    settled = [replace(layer, seq=BASE_SEQ) for layer in arrangement.layers]
    if overlay is None or overlay.empty:
        return Made(tuple(settled), (), entries)
    fold = _Fold(bench, arrangement, overlay, relation)
    batches = fold.written(entries)
    if fold.takes_texts:
        settled = [layer for layer in settled if layer.kind is not BatchKind.TEXTS]
    layers = (*settled, *upper_order(batches))
    after = bench.sql(layers, batches)
    same = fold.proved(batches) and fold.sample(relation) == fold.sample(after)
    fold.clear()
    bench.require(batches, equal=same and bench.outline(after)[0] == before)
    return Made(layers, batches, entries)


class _Fold:
    """One fold, with what it writes in tables of the session first.

    Attributes:
        takes_texts: Whether the new texts of earlier layers go into what it writes.
    """

    def __init__(
        self, bench: Workbench, arrangement: Arrangement, overlay: Overlay, relation: str
    ) -> None:
        self._bench = bench
        self._layers = arrangement.layers
        self._plain = [layer for layer in self._layers if layer.kind is not BatchKind.TEXTS]
        self._texts = arrangement.of_kind(BatchKind.TEXTS)
        self._overlay = overlay
        self._relation = relation
        rows, size = bench.reader.rows(
            "SELECT count(*), coalesce(sum(list_sum(list_transform(texts, t -> strlen(t)))), 0) "
            f"FROM ({overlay.light})"
        )[0]
        batch_of = bench.reader.journal.batch
        fits = room_for_texts(arrangement, batch_of, int(rows), int(size))
        self.takes_texts = int(rows) > 0
        self._lays_texts = self.takes_texts and fits
        self._lays_all = self.takes_texts and not fits
        self._lays_rows = self._lays_all or overlay.has_firm

    def written(self, entries: int) -> tuple[Batch, ...]:
        """Write the batches of a dataset that has so many entries."""
        wanted: list[tuple[BatchKind, str]] = []
        if self._lays_rows:
            self._make("folded", self._rows())
            wanted += [
                (BatchKind.MASK, self._masked()),
                (BatchKind.ENTRIES, "SELECT * FROM folded ORDER BY entry_id"),
            ]
        if self._lays_texts:
            self._make("pieces", self._pieces())
            wanted.append((BatchKind.TEXTS, _JOINED))
            if self._overlay.has_tags:
                wanted.append((BatchKind.TAGS, self._tags()))
        return self._bench.written(*wanted, most=entries)

    def proved(self, batches: Sequence[Batch]) -> bool:
        """Tell whether what was written, read back, is what was to be written."""
        bench = self._bench
        same = True
        if self._lays_rows:
            back = bench.sql(*only_rows(batches))
            same = bench.digest("SELECT * FROM folded") == bench.digest(back)
        if self._lays_texts:
            found = [batch for batch in batches if batch.kind is BatchKind.TEXTS]
            raw = " UNION ALL ".join(bench.reader.raw(batch, "*") for batch in found)
            back = f"{_FLAT} FROM ({raw or empty_relation('texts')})"
            rows_of = bench.reader.rows
            same = same and text_digest(rows_of, _NEWEST) == text_digest(rows_of, back)
        return same

    def sample(self, rows: str) -> str:
        """Return the digest of one entry that has a new text: it inflates one group of rows."""
        if not self._lays_texts:
            return ""
        found = self._bench.reader.rows(
            "SELECT min(CAST(entry_id AS VARCHAR)) FROM pieces WHERE turns IS NOT NULL"
        )[0][0]
        one = literal(str(found)) if found else "NULL"
        return self._bench.digest(f"SELECT * FROM ({rows}) WHERE entry_id = CAST({one} AS UUID)")

    def clear(self) -> None:
        """Drop the tables."""
        for table in ("folded", "pieces"):
            self._bench.reader.session.execute(f"DROP TABLE IF EXISTS {table}")

    def _make(self, table: str, select: str) -> None:
        self._bench.reader.session.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}")

    def _rows(self) -> str:
        """Return a SELECT of the entries that become whole rows, as they are now."""
        if not self._lays_all:
            return self._bench.changed(self._layers, self._overlay.firm)
        if not self._texts:
            return self._bench.changed(self._layers, self._overlay.pending)
        return f"SELECT r.* FROM ({self._relation}) r JOIN {self._replaced()} USING (entry_id)"

    def _masked(self) -> str:
        # A join, unlike a semi join, gives the scan a filter: 0.9 s against 1.7 s for 10,000
        # rows of a million.
        below = self._bench.sql(self._plain)
        return (
            f"SELECT r.entry_id FROM ({below}) r JOIN {self._replaced()} USING (entry_id) "
            f"ORDER BY entry_id"
        )

    def _replaced(self) -> str:
        """Return, as it stands behind ``JOIN``, the ids of what is no longer read from below."""
        ids = self._overlay.firm_ids
        if self._lays_all:
            ids = " UNION ALL ".join(
                filter(None, [self._overlay.changed_ids, self._bench.ids(self._texts)])
            )
        return f"(SELECT DISTINCT entry_id FROM ({ids}))"

    def _tags(self) -> str:
        retagged = f"SELECT entry_id FROM ({self._overlay.light}) WHERE retagged"
        return (
            f"SELECT r.entry_id, r.tags FROM ({self._relation}) r "
            f"JOIN ({retagged}) USING (entry_id) ORDER BY entry_id"
        )

    def _pieces(self) -> str:
        """Return all new texts of entries that keep their row, later ones with a higher age.

        Those of earlier layers are taken along: a second layer of texts would be one more
        join for every query.
        """
        visible = self._bench.sql(self._plain)
        parts = [
            f"SELECT entry_id, updated_at, turns, texts, {len(self._layers)} AS age "
            f"FROM ({self._overlay.light}) "
            f"SEMI JOIN (SELECT entry_id FROM ({visible})) USING (entry_id)"
        ]
        for age, layer in enumerate(self._layers):
            if layer.kind is not BatchKind.TEXTS:
                continue
            masks = [one for one in self._layers[age:] if one.kind is BatchKind.MASK]
            hidden = " UNION ALL ".join(
                filter(None, [self._bench.ids(masks), self._overlay.firm_ids])
            )
            parts.append(
                f"SELECT entry_id, updated_at, turns, texts, {age} AS age "
                f"FROM ({self._bench.rows([layer], '*')}) ANTI JOIN ({hidden}) USING (entry_id)"
            )
        return " UNION ALL ".join(parts)


_FLAT = "SELECT entry_id, unnest(turns) AS turn, unnest(texts) AS text"

_NEWEST = (
    f"SELECT entry_id, turn, text FROM ({_FLAT}, age FROM pieces) "
    "QUALIFY row_number() OVER (PARTITION BY entry_id, turn ORDER BY age DESC) = 1"
)

_JOINED = (
    "SELECT s.entry_id, s.updated_at, l.turns, l.texts FROM (SELECT entry_id, "
    "arg_max(updated_at, age) AS updated_at FROM pieces GROUP BY entry_id) s LEFT JOIN "
    "(SELECT entry_id, list(turn ORDER BY turn) AS turns, list(text ORDER BY turn) AS texts FROM "
    f"(SELECT entry_id, turn, arg_max(text, age) AS text FROM ({_FLAT}, age FROM pieces) "
    "GROUP BY ALL) GROUP BY entry_id) l USING (entry_id) ORDER BY s.entry_id"
)
"""Of each text the newest, put together anew; otherwise than the proof does it."""
