"""The steps of a checkpoint that keep layers few, as SQL: merge and rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from rolethread_store.changelog import Layer
from rolethread_store.dataset.planning import Arrangement, arranged, part_of
from rolethread_store.dataset.workbench import (
    Made,
    Workbench,
    layer_of,
    only_rows,
    upper_order,
)
from rolethread_store.engine import literal
from rolethread_store.model import Batch, BatchKind

__all__ = ["merge_step", "rewrite_step"]

_PART_BYTES = 128 << 20
"""What one rewrite reads at most, if a single segment is not larger."""

_WORTH_SHARE = 0.05
"""Dead rows from which a segment is worth writing anew."""


def merge_step(bench: Workbench) -> Made:
    """Make one mask, one patch of tags and one batch of rows of all above the ground.

    Rows of the ground that have new texts become such rows too.
    """
    bench = bench.without_pending
    arrangement = arranged(bench.fold)
    ground, upper = arrangement.ground, arrangement.upper
    before, entries = bench.outline(bench.sql(arrangement.layers))
    rows = bench.sql(upper)
    if texts := arrangement.of_kind(BatchKind.TEXTS):
        covers = [layer for layer in upper if layer.kind is not BatchKind.ENTRIES]
        bench.reader.session.execute(
            f"CREATE OR REPLACE TEMP TABLE renewed AS SELECT r.* FROM "
            f"({bench.sql([*ground, *covers])}) r "
            f"JOIN (SELECT DISTINCT entry_id FROM ({bench.ids(texts)})) USING (entry_id)"
        )
        rows = f"{rows} UNION ALL SELECT * FROM renewed"
    gone = [*arrangement.of_kind(BatchKind.MASK), *texts]
    written = [(BatchKind.ENTRIES, f"SELECT * FROM ({rows}) ORDER BY entry_id")]
    if gone and ground:
        written.append((BatchKind.MASK, _masked(bench, ground, gone)))
    if arrangement.of_kind(BatchKind.TAGS) and ground:
        written.append((BatchKind.TAGS, _retagged(bench, arrangement, ground, gone)))
    batches = bench.written(*written, most=entries)
    layers = (*ground, *upper_order(batches))
    same = bench.digest(rows) == bench.digest(bench.sql(*only_rows(batches)))
    bench.reader.session.execute("DROP TABLE IF EXISTS renewed")
    after = bench.outline(bench.sql(layers, batches))[0]
    bench.require(batches, equal=same and after == before)
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
        entries,
    )
    left = _left(bench, arrangement.ground, chosen)
    ground = (*left, *map(layer_of, [batch] if batch is not None else []))
    batches = () if batch is None else (batch,)
    upper = arrangement.upper
    if arrangement.merged:
        shrunk = _shrunk(bench, arrangement, left)
        kept = tuple(layer for layer in upper if layer.kind is BatchKind.ENTRIES)
        upper = (*upper_order(shrunk), *kept)
        batches = (*batches, *shrunk)
    layers = (*ground, *upper)
    same = bench.digest(living) == bench.digest(bench.sql(*only_rows(batches)))
    after = bench.outline(bench.sql(layers, batches))[0]
    bench.require(batches, equal=same and after == before)
    return Made(layers, batches, entries)


def _masked(bench: Workbench, ground: Sequence[Layer], masks: Sequence[Layer]) -> str:
    """Return the ids of a ground that masks hide."""
    return (
        f"SELECT g.entry_id FROM ({bench.ids(ground)}) g JOIN "
        f"(SELECT DISTINCT entry_id FROM ({bench.ids(masks)})) USING (entry_id) ORDER BY entry_id"
    )


def _retagged(
    bench: Workbench, arrangement: Arrangement, ground: Sequence[Layer], gone: Sequence[Layer]
) -> str:
    """Return the newest tags of a ground's entries, where a patch gives some; not of gone ones."""
    patches = arrangement.of_kind(BatchKind.TAGS)
    newest = " UNION ALL ".join(
        f"SELECT entry_id, tags, {age} AS age FROM ({bench.rows([layer], 'entry_id, tags')})"
        for age, layer in enumerate(patches)
    )
    hidden = f" ANTI JOIN ({bench.ids(gone)}) m USING (entry_id)" if gone else ""
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
    masks = arrangement.of_kind(BatchKind.MASK)
    if masks:
        written.append((BatchKind.MASK, _masked(bench, left, masks)))
    if arrangement.of_kind(BatchKind.TAGS):
        written.append((BatchKind.TAGS, _retagged(bench, arrangement, left, masks)))
    return bench.written(*written)


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
