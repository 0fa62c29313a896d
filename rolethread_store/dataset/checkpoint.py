"""Checkpoint: pending changes become layers, and no answer changes.

A small checkpoint writes a mask with the changed ids and a batch with their present rows,
and leaves every other segment alone, so its cost follows the changes and not the
dataset. When masks and patches have piled up, all layers are rewritten as one. Either way
the rows that changed hands are read back through the new layers and must have the digest
they had through the old ones; otherwise nothing is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.dataset.basing import BASE_SEQ, chain_digest
from rolethread_store.dataset.digests import content_digest
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.layering import layered_rows
from rolethread_store.dataset.manifest import Base, BaseLayer
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.writing import WritingRoom
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import ENTRY_COLUMNS, column_list

__all__ = ["CheckpointMismatch", "CheckpointReport", "checkpoint_dataset", "checkpoint_due"]

PENDING_LIMIT = 10_000
"""Pending entries at which a checkpoint is due: up to there queries cost a quarter more at most."""

LAYER_LIMIT = 8
"""Masks and patches after which a checkpoint rewrites all layers as one."""

_SLICE_ROWS = 60_000


class CheckpointMismatch(Corrupt):
    """The new layers do not hold what the old ones hold; nothing was published."""

    code: ClassVar[str] = "dataset.checkpoint-mismatch"


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """What a checkpoint did to one dataset.

    Attributes:
        dataset: Its name.
        folded: Entries whose pending changes are in layers now.
        rewritten: Whether all layers became one.
        bytes_written: Size of the new segments.
    """

    dataset: str
    folded: int
    rewritten: bool
    bytes_written: int


def checkpoint_due(fold: DatasetFold) -> bool:
    """Return whether a dataset has enough pending changes or patches."""
    return len(fold.pending) >= PENDING_LIMIT or _piled_up(fold.layers)


def checkpoint_dataset(
    journal: Journal, reader: Reader, room: WritingRoom, fold: DatasetFold
) -> CheckpointReport | None:
    """Fold a dataset's pending changes into layers; ``None`` when there is nothing to fold.

    Raises:
        CheckpointMismatch: the new layers differ; the old state stands.
        Unavailable: the disk is full; the old state stands.
    """
    journal.begin_write()
    # Becoming the writer may have read a newer state than the caller's fold is of.
    fold = journal.states.fold(fold.dataset_id)
    records = journal.history.effective(fold.dataset_id)
    live = [layer for layer in fold.layers if layer.seq != BASE_SEQ]
    if not records or not (fold.pending or live):
        return None
    rewrite = _piled_up(fold.layers)
    overlay = reader.overlay_table(fold)
    relation = reader.relation(fold)
    before, entries = content_digest(reader.rows, relation)
    if rewrite:
        batches = _rewritten(reader, room, relation)
        layers = [BaseLayer(kind=batch.kind, batch_id=batch.batch_id) for batch in batches]
    else:
        batches = [] if overlay is None else _overlaid(reader, room, fold, overlay)
        kept = [BaseLayer(kind=layer.kind, batch_id=layer.batch_id) for layer in fold.layers]
        layers = kept + [BaseLayer(kind=b.kind, batch_id=b.batch_id) for b in batches]
    _require_equal(reader, room, (layers, batches), journal, before)
    top = records[-1]
    base = Base(
        dataset_id=fold.dataset_id,
        depth=len(records),
        top=top.set_id,
        chain=chain_digest(records),
        layers=tuple(layers),
        entries=entries,
        content_digest=before,
    )
    report = CheckpointReport(
        fold.name, len(fold.pending), rewrite, sum(batch.size for batch in batches)
    )
    journal.publish(batches, [base])
    return report


def _piled_up(layers: Sequence[Layer]) -> bool:
    return sum(layer.kind is not BatchKind.ENTRIES for layer in layers) >= LAYER_LIMIT


def _overlaid(reader: Reader, room: WritingRoom, fold: DatasetFold, overlay: str) -> list[Batch]:
    """Write the changed ids as a mask and their rows as a batch above it."""
    below = layered_rows(fold.layers, reader.journal.batch, reader.journal.layout)
    masked = f'SELECT entry_id FROM ({below}) SEMI JOIN "{overlay}" USING (entry_id)'
    rows = f'SELECT {column_list(ENTRY_COLUMNS)} FROM "{overlay}" WHERE NOT deleted'
    made = [
        room.write_table(BatchKind.MASK, reader.session.arrow(masked)),
        room.write_table(BatchKind.ENTRIES, reader.session.arrow(rows)),
    ]
    return [batch for batch in made if batch is not None]


def _rewritten(reader: Reader, room: WritingRoom, relation: str) -> list[Batch]:
    """Write the visible rows in order as one batch, slice by slice."""
    positions = reader.rows(
        f"SELECT min(position) FROM (SELECT position, (row_number() OVER (ORDER BY position) - 1) "
        f"// {_SLICE_ROWS} AS slice FROM ({relation})) GROUP BY slice ORDER BY slice"
    )
    starts = [int(row[0]) for row in positions]
    ends: list[int | None] = [*starts[1:], None] if starts else []
    batch = room.write_slices(
        BatchKind.ENTRIES,
        (
            reader.session.arrow(
                f"SELECT * FROM ({relation}) WHERE position >= {start}"
                + ("" if end is None else f" AND position < {end}")
            )
            for start, end in zip(starts, ends, strict=True)
        ),
    )
    return [] if batch is None else [batch]


def _require_equal(
    reader: Reader,
    room: WritingRoom,
    made: tuple[list[BaseLayer], list[Batch]],
    journal: Journal,
    before: str,
) -> None:
    layers, batches = made
    fresh = {batch.batch_id: batch for batch in batches}

    def batch_of(batch_id: UUID) -> Batch:
        return fresh.get(batch_id) or journal.batch(batch_id)

    reader.admit(batches)
    new = [Layer(BASE_SEQ, layer.kind, layer.batch_id) for layer in layers]
    after, _ = content_digest(reader.rows, layered_rows(new, batch_of, journal.layout))
    if after != before:
        room.discard(batches)
        raise CheckpointMismatch(
            "the checkpoint would have changed the dataset; nothing was published",
            hint="please report this, with the output of: rolethread doctor",
        )
