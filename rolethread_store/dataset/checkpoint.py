"""Checkpoint: pending changes become layers, layers stay few, and no answer changes.

One step at a time (:mod:`rolethread_store.dataset.planning` says which), each published by
itself, so a checkpoint that is cut short goes on where it was. The writer is asked only at
both ends of a step: while rows are read and written, edits go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Layer, effective_sets
from rolethread_store.dataset.basing import chain_digest
from rolethread_store.dataset.folding import fold_step
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.manifest import Base, BaseLayer
from rolethread_store.dataset.planning import StepKind, next_step
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.stepping import merge_step, rewrite_step
from rolethread_store.dataset.workbench import Made, Workbench
from rolethread_store.dataset.writing import WritingRoom
from rolethread_store.model import ChangeSet
from rolethread_store.uncollected import uncollected

__all__ = ["CheckpointReport", "Checkpointer"]


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """What one step did to one working copy.

    Attributes:
        dataset: The dataset's name.
        working_copy: The working copy's name.
        step: ``fold``, ``merge`` or ``rewrite``.
        folded: Entries whose pending changes are in layers now.
        bytes_written: Size of the new segments.
    """

    dataset: str
    working_copy: str
    step: str
    folded: int
    bytes_written: int


class Checkpointer:
    """Runs steps on an engine session of its own; not on two threads at once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._room = WritingRoom(journal)
        self._reader = Reader(journal, session_of=lambda: self._room.session)

    def due(self, copy_id: UUID, *, force: bool = False) -> StepKind | None:
        """Return the step that a working copy needs now, ``None`` when none."""
        with self._journal.guard:
            fold = self._journal.states.fold(copy_id)
            return next_step(fold, self._journal.batch, force=force)

    @uncollected()
    def step(self, copy_id: UUID, *, force: bool = False) -> CheckpointReport | None:
        """Do the next step of a working copy; ``None`` when there is nothing to do.

        Args:
            copy_id: The working copy.
            force: Fold pending changes however few they are.

        Raises:
            CheckpointMismatch: the new layers differ; the old state stands.
            Unavailable: the disk is full; the old state stands.
        """
        journal = self._journal
        with journal.guard:
            if journal.in_block:
                return None  # The state holds changes that may yet be dropped.
            journal.begin_write()
            fold, place = journal.states.pinned(copy_id)
        kind = next_step(fold, journal.batch, force=force)
        if kind is None or place is None:
            return None
        made = self._made(kind, fold)
        if made is None:
            return None
        records = effective_sets(place)
        if kind is not StepKind.FOLD:
            records = _covered(fold, records)
        if not records:
            return None
        base = _base(fold, records, made)
        with journal.guard:
            journal.publish(made.batches, [base])
            journal.states.rest(copy_id, place, base)
            journal.version += 1
        return CheckpointReport(
            fold.name,
            fold.working_copy,
            kind.value,
            len(fold.pending) if kind is StepKind.FOLD else 0,
            sum(batch.size for batch in made.batches),
        )

    def close(self) -> None:
        """Release the session."""
        self._reader.close()
        self._room.close()

    def _made(self, kind: StepKind, fold: DatasetFold) -> Made | None:
        bench = Workbench(self._reader, self._room, fold)
        self._reader.relation(fold)  # Checks the segments and unlocks them.
        try:
            if kind is StepKind.FOLD:
                return fold_step(bench)
            return merge_step(bench) if kind is StepKind.MERGE else rewrite_step(bench)
        finally:
            self._reader.forget(fold)


def _covered(fold: DatasetFold, records: list[ChangeSet]) -> list[ChangeSet]:
    """Return the sets that the base layers of a state hold.

    Not the deepest checkpoint that would fit: after an undo and a redo a state may still
    rest on an earlier one.
    """
    for depth, record in enumerate(records, 1):
        if record.set_id == fold.base_top:
            return records[:depth]
    return []


def _base(fold: DatasetFold, records: list[ChangeSet], made: Made) -> Base:
    def kept(layer: Layer) -> BaseLayer:
        return BaseLayer(kind=layer.kind, batch_id=layer.batch_id, segments=layer.segments)

    return Base(
        dataset_id=fold.dataset_id,
        depth=len(records),
        top=records[-1].set_id,
        chain=chain_digest(records),
        layers=tuple(map(kept, made.layers)),
        entries=made.entries,
    )
