"""The rows of a dataset as one SELECT: layers, overlay, and nothing read yet.

A row is visible unless a mask or the overlay above it names its id; its tags are those of
the newest tag layer above it that has its id. New texts of layers lie over that, and over
all layers the patches of pending edits. Layers under the same masks and tag layers are
scanned together, so a freshly imported dataset is exactly one ``read_parquet``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from rolethread_store.changelog import Layer
from rolethread_store.dataset.patching import TEXT_FEATURES, patched_columns
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
        patches: What gives the patches, as it stands behind ``JOIN``, or ``None``.
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
    below = _rows(layers, batch_of, layout) or empty_relation("entries")
    return _overlaid(below, pending, only_pending=only_pending)


def _rows(layers: Sequence[Layer], batch_of: Callable[[UUID], Batch], layout: Layout) -> str | None:
    """Return a SELECT of the rows of layers, ``None`` where none of them has rows."""
    parts = []
    numbered = list(enumerate(layers))
    highest = max((i for i, layer in numbered if layer.kind is BatchKind.TEXTS), default=-1)
    below = None if highest < 0 else _rows(layers[:highest], batch_of, layout)
    rest = numbered[highest + 1 :]
    entries = [(i, layer) for i, layer in rest if layer.kind is BatchKind.ENTRIES]
    others = [(i, layer) for i, layer in rest if layer.kind is not BatchKind.ENTRIES]

    def above(item: tuple[int, Layer]) -> tuple[int, ...]:
        return tuple(i for i, _ in others if i > item[0])

    def under(rows: str, over: Sequence[int]) -> str:
        masks = [layers[i] for i in over if layers[i].kind is BatchKind.MASK]
        tags = [layers[i] for i in over if layers[i].kind is BatchKind.TAGS]
        hidden = [scan([batch_of(mask.batch_id)], layout, "mask") for mask in masks]
        batches = [scan([batch_of(tag.batch_id)], layout, "tags") for tag in reversed(tags)]
        return _visible(rows, hidden, batches)

    if below is not None:
        texts = scan([batch_of(layers[highest].batch_id)], layout, "texts")
        parts.append(under(_patched(below, f"({texts})", TEXT_FEATURES), [i for i, _ in others]))
    for over, group in groupby(entries, above):
        rows = scan([batch_of(layer.batch_id).only(layer.segments) for _, layer in group], layout)
        parts.append(under(rows, over))
    return " UNION ALL ".join(parts) or None


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
        below = _patched(below, pending.patches, pending.features, only_patched=only_pending)
    if pending.hidden is not None:
        below = _without(below, pending.hidden)
    return below if pending.whole is None else f"{below} UNION ALL {pending.whole}"


def _patched(rows: str, patches: str, features: Set[str], *, only_patched: bool = False) -> str:
    """Return rows with patches laid over them, or just those that have one."""
    # An inner join, unlike a semi join, gives the scan a filter.
    kind = "JOIN" if only_patched else "LEFT JOIN"
    return (
        f"SELECT {_columns(patched_columns(features))} FROM ({rows}) e "
        f"{kind} {patches} p ON p.entry_id = e.entry_id"
    )


def _without(rows: str, hidden: str) -> str:
    return f"SELECT r.* FROM ({rows}) r ANTI JOIN ({hidden}) h ON h.entry_id = r.entry_id"


def _columns(changed: Mapping[str, str]) -> str:
    return ", ".join(
        f"{changed[name]} AS {identifier(name)}" if name in changed else f"e.{identifier(name)}"
        for name in ENTRY_COLUMNS
    )
