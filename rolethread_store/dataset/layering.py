"""The rows of a dataset as one SELECT: layers, overlay, and nothing read yet.

A row is visible unless a mask or the overlay above it names its id; its tags are those of
the newest tag layer above it that has its id. Layers under the same masks and tag layers
are scanned together, so a freshly imported dataset is exactly one ``read_parquet``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from uuid import UUID

from rolethread_store.changelog import Layer
from rolethread_store.engine import identifier
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import ENTRY_COLUMNS, column_list, empty_relation, scan
from rolethread_store.storage import Layout

__all__ = ["layered_rows"]


def layered_rows(
    layers: Sequence[Layer],
    batch_of: Callable[[UUID], Batch],
    layout: Layout,
    overlay: str | None = None,
) -> str:
    """Return a SELECT of ``ENTRY_COLUMNS`` over layers and an overlay table.

    Args:
        layers: Lowest first.
        batch_of: Finds a batch by its id.
        layout: Where segments lie.
        overlay: Table with ``ENTRY_COLUMNS`` and ``deleted`` that lies over all layers.
    """
    parts = []
    numbered = list(enumerate(layers))
    entries = [(i, layer) for i, layer in numbered if layer.kind is BatchKind.ENTRIES]
    others = [(i, layer) for i, layer in numbered if layer.kind is not BatchKind.ENTRIES]

    def above(item: tuple[int, Layer]) -> tuple[int, ...]:
        return tuple(i for i, _ in others if i > item[0])

    for over, group in groupby(entries, above):
        rows = scan([batch_of(layer.batch_id).only(layer.segments) for _, layer in group], layout)
        masks = [layers[i] for i in over if layers[i].kind is BatchKind.MASK]
        tags = [layers[i] for i in over if layers[i].kind is BatchKind.TAGS]
        hidden = [scan([batch_of(mask.batch_id)], layout, "mask") for mask in masks]
        if overlay is not None:
            hidden.append(f"SELECT entry_id FROM {identifier(overlay)}")
        patches = [scan([batch_of(tag.batch_id)], layout, "tags") for tag in reversed(tags)]
        parts.append(_visible(rows, hidden, patches))
    if overlay is not None:
        parts.append(
            f"SELECT {column_list(ENTRY_COLUMNS)} FROM {identifier(overlay)} WHERE NOT deleted"
        )
    return " UNION ALL ".join(parts) if parts else empty_relation("entries")


def _visible(rows: str, hidden: Sequence[str], patches: Sequence[str]) -> str:
    """Return the rows no hidden id names, with the newest tags."""
    if not hidden and not patches:
        return rows
    columns = [f"e.{identifier(name)}" for name in ENTRY_COLUMNS]
    if patches:
        newest = ", ".join(f"t{i}.tags" for i in range(len(patches)))
        columns[list(ENTRY_COLUMNS).index("tags")] = f"coalesce({newest}, e.tags) AS tags"
    joins = "".join(
        f" LEFT JOIN ({patch}) t{i} ON t{i}.entry_id = e.entry_id"
        for i, patch in enumerate(patches)
    )
    if hidden:
        ids = " UNION ALL ".join(hidden)
        rows = f"SELECT r.* FROM ({rows}) r ANTI JOIN ({ids}) h ON h.entry_id = r.entry_id"
    return f"SELECT {', '.join(columns)} FROM ({rows}) e{joins}"
