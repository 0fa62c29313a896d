"""The steps of a checkpoint as SQL: each makes new layers and proves them equal.

Proof is by digest over what changed hands, read back from the files, and over an outline
(ids, positions, tags, counts) of the whole state before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.digests import content_digest, outline_digest
from rolethread_store.dataset.layering import layered_rows
from rolethread_store.dataset.planning import Arrangement, arranged, part_of
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.writing import WritingRoom
from rolethread_store.engine import literal
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch, BatchKind

__all__ = ["CheckpointMismatch", "Made", "Workbench", "fold_step", "merge_step", "rewrite_step"]

_PART_BYTES = 128 << 20
"""What one rewrite reads at most, if a single segment is not larger."""

_WORTH_SHARE = 0.05
"""Dead rows from which a segment is worth writing anew."""


class CheckpointMismatch(Corrupt):
    """The new layers do not hold what the old ones hold; nothing was published."""

    code: ClassVar[str] = "dataset.checkpoint-mismatch"


@dataclass(frozen=True, slots=True)
class Made:
    """New layers of a state, lowest first, and the batches they need."""

    layers: tuple[Layer, ...]
    batches: tuple[Batch, ...]
    entries: int


@dataclass(frozen=True, slots=True)
class Workbench:
    """What a step works with.

    Attributes:
        reader: Reads the state, on the same session as ``room``.
        room: Writes batches.
        fold: The state, which nobody else changes.
    """

    reader: Reader
    room: WritingRoom
    fold: DatasetFold

    @property
    def without_pending(self) -> Workbench:
        """The same for the state at its base alone."""
        layers = [layer for layer in self.fold.layers if layer.seq == BASE_SEQ]
        return replace(self, fold=replace(self.fold, layers=layers, pending={}, dirty=set()))

    def sql(self, layers: Sequence[Layer], fresh: Sequence[Batch] = ()) -> str:
        """Return a SELECT of the rows of layers, some of them not published yet."""
        return layered_rows(layers, self._batch_of(fresh), self.reader.journal.layout)

    def ids(self, layers: Sequence[Layer]) -> str:
        """Return a SELECT of ``entry_id`` over layers of one kind, as they lie on disk."""
        return self.rows(layers, "entry_id")

    def rows(self, layers: Sequence[Layer], columns: str) -> str:
        """Return a SELECT over layers of one kind, as they lie on disk."""
        parts = (
            self.reader.raw(part_of(layer, self.reader.journal.batch), columns) for layer in layers
        )
        return " UNION ALL ".join(parts)

    def digest(self, select: str) -> str:
        """Return the digest of whole rows."""
        return content_digest(self.reader.rows, select)[0]

    def outline(self, select: str) -> tuple[str, int]:
        """Return the digest of the outline of rows, and how many they are."""
        return outline_digest(self.reader.rows, select)

    def _batch_of(self, fresh: Sequence[Batch]) -> Callable[[UUID], Batch]:
        known = {batch.batch_id: batch for batch in fresh}
        return lambda batch_id: known.get(batch_id) or self.reader.journal.batch(batch_id)


def fold_step(bench: Workbench) -> Made:
    """Make a mask and a batch of rows of the entries with pending changes."""
    arrangement = arranged(bench.fold)
    relation = bench.reader.relation(bench.fold)
    changed = bench.reader.changed_ids(bench.fold)
    before, entries = bench.outline(relation)
    if changed is None:
        return Made(tuple(map(_settled, arrangement.layers)), (), entries)
    session = bench.reader.session
    rows = bench.reader.changed_rows(bench.fold)
    session.execute(f"CREATE OR REPLACE TEMP TABLE folded AS {rows}")
    # A join, unlike a semi join, gives the scan a filter: 0.9 s against 1.7 s for 10,000
    # rows of a million.
    wanted = f"(SELECT DISTINCT entry_id FROM ({changed})) c USING (entry_id)"
    below = bench.sql(arrangement.layers)
    masked = f"SELECT r.entry_id FROM ({below}) r JOIN {wanted} ORDER BY entry_id"
    batches = _written(
        bench,
        (BatchKind.MASK, masked),
        (BatchKind.ENTRIES, "SELECT * FROM folded ORDER BY entry_id"),
    )
    layers = (*map(_settled, arrangement.layers), *map(_layer, batches))
    fresh = [batch for batch in batches if batch.kind is BatchKind.ENTRIES]
    same = bench.digest("SELECT * FROM folded") == bench.digest(
        bench.sql([*map(_layer, fresh)], fresh)
    )
    session.execute("DROP TABLE folded")
    _require(bench, batches, same and bench.outline(bench.sql(layers, batches))[0] == before)
    return Made(layers, batches, entries)


def merge_step(bench: Workbench) -> Made:
    """Make one mask, one patch of tags and one batch of rows of all above the ground."""
    bench = bench.without_pending
    arrangement = arranged(bench.fold)
    before, entries = bench.outline(bench.sql(arrangement.layers))
    upper = bench.sql(arrangement.upper)
    masks = arrangement.of_kind(BatchKind.MASK)
    written = [(BatchKind.ENTRIES, f"SELECT * FROM ({upper}) ORDER BY entry_id")]
    if masks and arrangement.ground:
        written.append((BatchKind.MASK, _masked(bench, arrangement.ground, masks)))
    if arrangement.of_kind(BatchKind.TAGS) and arrangement.ground:
        written.append((BatchKind.TAGS, _patched(bench, arrangement, arrangement.ground)))
    batches = _written(bench, *written)
    layers = (*arrangement.ground, *_upper_order(batches))
    same = bench.digest(upper) == bench.digest(bench.sql(*_rows_of(batches)))
    _require(bench, batches, same and bench.outline(bench.sql(layers, batches))[0] == before)
    return Made(layers, batches, entries)


def rewrite_step(bench: Workbench) -> Made | None:
    """Write the living rows of some segments of the ground anew; ``None`` if none is worth it."""
    bench = bench.without_pending
    arrangement = arranged(bench.fold)
    chosen = _chosen(bench, arrangement)
    if not chosen:
        return None
    before, entries = bench.outline(bench.sql(arrangement.layers))
    covers = [layer for layer in arrangement.upper if layer.kind is not BatchKind.ENTRIES]
    living = bench.sql([*chosen, *covers])
    batch = bench.room.write_selects(
        BatchKind.ENTRIES,
        (
            bench.sql([replace(layer, segments=(number,)), *covers])
            for layer in chosen
            for number in layer.segments or ()
        ),
    )
    left = _left(bench, arrangement.ground, chosen)
    ground = (*left, *map(_layer, [batch] if batch is not None else []))
    batches = () if batch is None else (batch,)
    upper = arrangement.upper
    if len({layer.kind for layer in upper}) == len(upper):
        shrunk = _shrunk(bench, arrangement, left)
        kept = tuple(layer for layer in upper if layer.kind is BatchKind.ENTRIES)
        upper = (*_upper_order(shrunk), *kept)
        batches = (*batches, *shrunk)
    layers = (*ground, *upper)
    same = bench.digest(living) == bench.digest(bench.sql(*_rows_of(batches)))
    _require(bench, batches, same and bench.outline(bench.sql(layers, batches))[0] == before)
    return Made(layers, batches, entries)


def _masked(bench: Workbench, ground: Sequence[Layer], masks: Sequence[Layer]) -> str:
    """Return the ids of a ground that masks hide."""
    return (
        f"SELECT g.entry_id FROM ({bench.ids(ground)}) g JOIN "
        f"(SELECT DISTINCT entry_id FROM ({bench.ids(masks)})) USING (entry_id) ORDER BY entry_id"
    )


def _patched(bench: Workbench, arrangement: Arrangement, ground: Sequence[Layer]) -> str:
    """Return the newest tags of the ground's visible entries, where a patch gives some."""
    patches = arrangement.of_kind(BatchKind.TAGS)
    newest = " UNION ALL ".join(
        f"SELECT entry_id, tags, {age} AS age FROM ({bench.rows([layer], 'entry_id, tags')})"
        for age, layer in enumerate(patches)
    )
    masks = arrangement.of_kind(BatchKind.MASK)
    hidden = f" ANTI JOIN ({bench.ids(masks)}) m USING (entry_id)" if masks else ""
    return (
        f"SELECT entry_id, arg_max(tags, age) AS tags FROM ({newest}) p "
        f"SEMI JOIN ({bench.ids(ground)}) g USING (entry_id){hidden} GROUP BY entry_id "
        f"ORDER BY entry_id"
    )


def _shrunk(bench: Workbench, arrangement: Arrangement, left: Sequence[Layer]) -> tuple[Batch, ...]:
    """Write mask and patch anew for what is left of the ground."""
    if not left:
        return ()
    written = []
    if masks := arrangement.of_kind(BatchKind.MASK):
        written.append((BatchKind.MASK, _masked(bench, left, masks)))
    if arrangement.of_kind(BatchKind.TAGS):
        written.append((BatchKind.TAGS, _patched(bench, arrangement, left)))
    return _written(bench, *written)


def _chosen(bench: Workbench, arrangement: Arrangement) -> list[Layer]:
    """Return the parts of the ground to rewrite: most dead rows first, else smallest first."""
    batch_of = bench.reader.journal.batch
    parts = [(layer, part_of(layer, batch_of)) for layer in arrangement.ground]
    dead = _dead_rows(bench, arrangement, [batch for _, batch in parts])
    segments = [
        (dead.get((layer.batch_id, segment.number), 0) / max(segment.rows, 1), segment.size, layer,
         segment.number)
        for layer, batch in parts
        for segment in batch.segments
    ]  # fmt: skip
    worth = [one for one in segments if one[0] >= _WORTH_SHARE]
    if not worth and len({layer.batch_id for layer in arrangement.ground}) > 1:
        small = sorted(parts, key=lambda part: part[1].size)[: max(2, len(parts) // 2)]
        ids = {layer.batch_id for layer, _ in small}
        worth = [one for one in segments if one[2].batch_id in ids]
    worth.sort(key=lambda one: (-one[0], one[1]))
    chosen: dict[UUID, list[int]] = {}
    size = 0
    for _, weight, layer, number in worth:
        if chosen and size + weight > _PART_BYTES:
            break
        chosen.setdefault(layer.batch_id, []).append(number)
        size += weight
    return [
        replace(layer, segments=tuple(sorted(chosen[layer.batch_id])))
        for layer in arrangement.ground
        if layer.batch_id in chosen
    ]


def _dead_rows(
    bench: Workbench, arrangement: Arrangement, batches: Sequence[Batch]
) -> dict[tuple[UUID, int], int]:
    """Return how many masked ids fall into each segment's range."""
    masks = arrangement.of_kind(BatchKind.MASK)
    if not masks:
        return {}
    ranges = ", ".join(
        f"({literal(str(batch.batch_id))}, {segment.number}, "
        f"CAST({literal(str(segment.first_id))} AS UUID), "
        f"CAST({literal(str(segment.last_id))} AS UUID))"
        for batch in batches
        for segment in batch.segments
    )
    rows = bench.reader.rows(
        f"SELECT batch, number, count(*) FROM (VALUES {ranges}) s(batch, number, lowest, highest) "
        f"JOIN ({bench.ids(masks)}) m ON m.entry_id BETWEEN s.lowest AND s.highest GROUP BY ALL"
    )
    return {(UUID(batch), number): int(count) for batch, number, count in rows}


def _left(bench: Workbench, ground: Sequence[Layer], chosen: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the ground without the segments that are rewritten."""
    gone = {layer.batch_id: set(layer.segments or ()) for layer in chosen}
    left = []
    for layer in ground:
        numbers = [
            segment.number
            for segment in part_of(layer, bench.reader.journal.batch).segments
            if segment.number not in gone.get(layer.batch_id, ())
        ]
        if layer.batch_id not in gone:
            left.append(layer)
        elif numbers:
            left.append(replace(layer, segments=tuple(numbers)))
    return tuple(left)


def _written(bench: Workbench, *wanted: tuple[BatchKind, str]) -> tuple[Batch, ...]:
    """Write batches, leaving out those without rows; all or none."""
    made: list[Batch] = []
    try:
        for kind, select in wanted:
            batch = bench.room.write_selects(kind, [select])
            if batch is not None:
                made.append(batch)
    except BaseException:
        bench.room.discard(made)
        raise
    return tuple(made)


def _layer(batch: Batch) -> Layer:
    return Layer(BASE_SEQ, batch.kind, batch.batch_id)


def _rows_of(batches: Sequence[Batch]) -> tuple[list[Layer], list[Batch]]:
    """Return the batches of entries among new ones, with their layers before them."""
    rows = [batch for batch in batches if batch.kind is BatchKind.ENTRIES]
    return [_layer(batch) for batch in rows], rows


def _settled(layer: Layer) -> Layer:
    return replace(layer, seq=BASE_SEQ)


def _upper_order(batches: Sequence[Batch]) -> list[Layer]:
    """Return layers with the rows on top: nothing below may hide them or change their tags."""
    order = (BatchKind.MASK, BatchKind.TAGS, BatchKind.ENTRIES)
    return [_layer(batch) for kind in order for batch in batches if batch.kind is kind]


def _require(bench: Workbench, batches: Sequence[Batch], equal: bool) -> None:
    if not equal:
        bench.room.discard(batches)
        raise CheckpointMismatch(
            "the checkpoint would have changed the dataset; nothing was published",
            hint="please report this, with the output of: rolethread doctor",
        )
