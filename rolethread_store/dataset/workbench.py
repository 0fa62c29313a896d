"""What the steps of a checkpoint work with: a state, a session, and proofs of equality.

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
from rolethread_store.dataset.layering import Pending, layered_rows
from rolethread_store.dataset.planning import part_of
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.writing import WritingRoom
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch, BatchKind

__all__ = ["CheckpointMismatch", "Made", "Workbench", "layer_of", "only_rows", "upper_order"]


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

    def changed(self, layers: Sequence[Layer], pending: Pending) -> str:
        """Return a SELECT of the rows that pending changes over layers come to."""
        journal = self.reader.journal
        return layered_rows(layers, journal.batch, journal.layout, pending, only_pending=True)

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

    def written(self, *wanted: tuple[BatchKind, str], most: int | None = None) -> tuple[Batch, ...]:
        """Write batches, of at most so many rows, leaving out empty ones; all or none."""
        made: list[Batch] = []
        try:
            for kind, select in wanted:
                batch = self.room.write_selects(kind, [select], most)
                if batch is not None:
                    made.append(batch)
        except BaseException:
            self.room.discard(made)
            raise
        return tuple(made)

    def require(self, batches: Sequence[Batch], *, equal: bool) -> None:
        """Give new batches up unless they hold what they should.

        Raises:
            CheckpointMismatch: they do not.
        """
        if not equal:
            self.room.discard(batches)
            raise CheckpointMismatch(
                "the checkpoint would have changed the dataset; nothing was published",
                hint="please report this, with the output of: rolethread doctor",
            )


def layer_of(batch: Batch) -> Layer:
    """Return the layer of a base that a whole batch is."""
    return Layer(BASE_SEQ, batch.kind, batch.batch_id)


def only_rows(batches: Sequence[Batch]) -> tuple[list[Layer], list[Batch]]:
    """Return the batches of entries among new ones, with their layers before them."""
    rows = [batch for batch in batches if batch.kind is BatchKind.ENTRIES]
    return [layer_of(batch) for batch in rows], rows


def upper_order(batches: Sequence[Batch]) -> list[Layer]:
    """Return layers with the rows on top of what would hide them or change their tags.

    New texts are of rows in all layers.
    """
    order = (BatchKind.MASK, BatchKind.TAGS, BatchKind.ENTRIES, BatchKind.TEXTS)
    return [layer_of(batch) for kind in order for batch in batches if batch.kind is kind]
