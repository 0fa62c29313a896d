"""The rows of a dataset as one SELECT: layers, overlay, and nothing read yet.

A row is visible unless a mask or the overlay above it names its id; its tags are those of
the newest tag layer above it that has its id, and the patches of pending edits lie over
that. Layers under the same masks and tag layers are scanned together, so a freshly
imported dataset is exactly one ``read_parquet``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from rolethread_store.changelog import Layer
from rolethread_store.dataset.patching import patched_columns
from rolethread_store.engine import identifier
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import ENTRY_COLUMNS, empty_relation, scan
from rolethread_store.storage import Layout

__all__ = ["Pending", "layered_rows"]


@dataclass(frozen=True, slots=True)
class Pending:
    """What lies over the layers, in tables of one session.

    Attributes:
        whole: SELECT of whole rows, or ``None``.
        hidden: SELECT of ``entry_id`` of rows that must not be seen in the layers, or ``None``.
        patches: Table of patches, or ``None``.
        features: What at least one patch sets.
    """

    whole: str | None = None
    hidden: str | None = None
    patches: str | None = None
    features: frozenset[str] = frozenset()


def layered_rows(
    layers: Sequence[Layer],
    batch_of: Callable[[UUID], Batch],
    layout: Layout,
    pending: Pending = Pending(),
    *,
    only_pending: bool = False,
) -> str:
    """Return a SELECT of ``ENTRY_COLUMNS`` over layers and what is pending over all of them.

    Args:
        layers: Lowest first.
        batch_of: Finds a batch by its id.
        layout: Where segments lie.
        pending: Changes that no layer holds.
        only_pending: Give just the rows that these changed.
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
        batches = [scan([batch_of(tag.batch_id)], layout, "tags") for tag in reversed(tags)]
        parts.append(_visible(rows, hidden, batches))
    below = " UNION ALL ".join(parts) if parts else empty_relation("entries")
    return _overlaid(below, pending, only_pending=only_pending)


def _visible(rows: str, hidden: Sequence[str], tags: Sequence[str]) -> str:
    """Return the rows no hidden id names, with the newest tags.

    The tags are joined below the mask: DuckDB takes a fifth of its input for what an ANTI
    JOIN lets through, finds the rows fewer than the tags, and would build its hash table of
    the rows, with all their messages, instead of the tags.
    """
    joins = "".join(
        f" LEFT JOIN ({batch}) t{i} ON t{i}.entry_id = e.entry_id" for i, batch in enumerate(tags)
    )
    newest = ", ".join(f"t{i}.tags" for i in range(len(tags)))
    if tags:
        changed = {"tags": f"coalesce({newest}, e.tags)"}
        rows = f"SELECT {_columns(changed)} FROM ({rows}) e{joins}"
    return _without(rows, " UNION ALL ".join(hidden)) if hidden else rows


def _overlaid(below: str, pending: Pending, *, only_pending: bool) -> str:
    """Return rows with what is pending over them.

    The joins stand above the union of all layers, not in each part of it: a union of many
    joins that DuckDB 1.5.5 turns around (``RIGHT``, when a layer is smaller than the
    patches) sometimes never ends, all of its threads asleep.
    """
    if only_pending and pending.patches is None:
        return pending.whole or empty_relation("entries")
    if pending.patches is not None:
        # An inner join, unlike a semi join, gives the scan a filter.
        kind = "JOIN" if only_pending else "LEFT JOIN"
        changed = patched_columns(pending.features)
        below = (
            f"SELECT {_columns(changed)} FROM ({below}) e "
            f"{kind} {identifier(pending.patches)} p ON p.entry_id = e.entry_id"
        )
    if pending.hidden is not None:
        below = _without(below, pending.hidden)
    return below if pending.whole is None else f"{below} UNION ALL {pending.whole}"


def _without(rows: str, hidden: str) -> str:
    return f"SELECT r.* FROM ({rows}) r ANTI JOIN ({hidden}) h ON h.entry_id = r.entry_id"


def _columns(changed: Mapping[str, str]) -> str:
    return ", ".join(
        f"{changed[name]} AS {identifier(name)}" if name in changed else f"e.{identifier(name)}"
        for name in ENTRY_COLUMNS
    )
