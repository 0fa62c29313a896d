"""What a checkpoint should do next, told from sizes alone.

The layers of a state are a *ground* of entries and, above it, what checkpoints put over
it: masks, rows that changed, patches of tags, new texts. Three steps keep that small. *Fold* turns
pending changes into a layer of new texts and one of tags, and those that do more into a mask
and the rows they came to. *Merge* makes one mask, one batch of rows and one patch of tags of
all that lies above the ground. *Rewrite* takes the segments of the
ground with most dead rows and writes the living ones anew. Each step is bounded, is
published by itself, and leaves a state from which the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.model import Batch, BatchKind

__all__ = [
    "PENDING_LIMIT",
    "UPPER_LIMIT",
    "Arrangement",
    "StepKind",
    "arranged",
    "next_step",
    "part_of",
    "room_for_texts",
]

PENDING_LIMIT = 10_000
"""Pending entries at which a fold is due."""

UPPER_LIMIT = 8
"""Layers above the ground at which a merge is due: each costs every query a join."""

GROUND_LIMIT = 12
"""Batches in the ground at which the smallest are joined: each is a scan with a key."""

_DEAD_SHARE = 0.2

_MERGED = (BatchKind.MASK, BatchKind.TAGS, BatchKind.ENTRIES)

_TEXTS_SHARE, _TEXTS_ALWAYS, _TEXTS_BYTES = 0.05, 1_000, 32 << 20
"""Entries of the ground, or so many, that may have new texts in a layer, and their bytes: each
query of messages makes a table of them in memory, and finds all other entries not to be in it."""


class StepKind(StrEnum):
    """The steps of a checkpoint."""

    FOLD = "fold"
    MERGE = "merge"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The layers of a state in two groups, each lowest first.

    Attributes:
        ground: Entries that lie below everything else.
        upper: Masks, patches, and the rows that belong over them.
    """

    ground: tuple[Layer, ...]
    upper: tuple[Layer, ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, lowest first."""
        return self.ground + self.upper

    def of_kind(self, kind: BatchKind) -> list[Layer]:
        """Return the upper layers of a kind."""
        return [layer for layer in self.upper if layer.kind is kind]

    @property
    def merged(self) -> bool:
        """Whether the upper layers are what a merge leaves: nothing would come of another."""
        kinds = [layer.kind for layer in self.upper]
        return kinds == [kind for kind in _MERGED if kind in kinds]


def arranged(fold: DatasetFold, *, settled: bool = False) -> Arrangement:
    """Return the layers of a state, or only those of its base, with imports sunk to the ground.

    An import's entries are new, so no mask or patch made before it names one of them, and
    it may lie below these as well.
    """
    imports = {attached.batch_id for _, attached in fold.attached}
    ground: list[Layer] = []
    upper: list[Layer] = []
    for layer in fold.layers:
        if settled and layer.seq != BASE_SEQ:
            continue
        sinks = not upper or layer.batch_id in imports
        (ground if layer.kind is BatchKind.ENTRIES and sinks else upper).append(layer)
    return Arrangement(tuple(ground), tuple(upper))


def part_of(layer: Layer, batch_of: Callable[[UUID], Batch]) -> Batch:
    """Return the batch of a layer as far as the layer means it."""
    return batch_of(layer.batch_id).only(layer.segments)


def next_step(
    fold: DatasetFold, batch_of: Callable[[UUID], Batch], *, force: bool = False
) -> StepKind | None:
    """Return the step that is due, ``None`` when there is nothing worth doing.

    Args:
        fold: The state.
        batch_of: Finds a batch by its id.
        force: Fold what is not in a base however little it is.
    """
    live = [layer for layer in fold.layers if layer.seq != BASE_SEQ]
    patches = sum(layer.kind is not BatchKind.ENTRIES for layer in live)
    if len(fold.pending) >= PENDING_LIMIT or patches >= UPPER_LIMIT:
        return StepKind.FOLD
    if force and (fold.pending or live):
        return StepKind.FOLD
    arrangement = arranged(fold, settled=True)
    dead = _rows(arrangement.of_kind(BatchKind.MASK), batch_of)
    dying = dead > 0 and dead >= _DEAD_SHARE * _rows(arrangement.ground, batch_of)
    if not arrangement.merged and (dying or len(arrangement.upper) >= UPPER_LIMIT):
        return StepKind.MERGE
    if dying or len({layer.batch_id for layer in arrangement.ground}) > GROUND_LIMIT:
        return StepKind.REWRITE
    return None


def room_for_texts(
    arrangement: Arrangement, batch_of: Callable[[UUID], Batch], rows: int, size: int
) -> bool:
    """Tell whether more new texts may be in a layer, or are better off in whole rows.

    Args:
        arrangement: The layers so far.
        batch_of: Finds a batch by its id.
        rows: How many more entries get new texts.
        size: Bytes of those.
    """
    texts = [part_of(layer, batch_of) for layer in arrangement.of_kind(BatchKind.TEXTS)]
    rows += sum(batch.rows for batch in texts)
    size += sum(batch.size for batch in texts)
    most = max(_TEXTS_ALWAYS, _TEXTS_SHARE * _rows(arrangement.ground, batch_of))
    return rows <= most and size <= _TEXTS_BYTES


def _rows(layers: Sequence[Layer], batch_of: Callable[[UUID], Batch]) -> int:
    return sum(part_of(layer, batch_of).rows for layer in layers)
