"""Where a fold starts: the newest checkpoint that the effective sets still agree with.

A base is a cache of "these sets, folded". It holds as long as the set on its top is still
at its place in the list of effective sets, because a set is only ever put back onto the
very list it was taken from. After an undo below it, an earlier base serves, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.dataset.manifest import Base
from rolethread_store.model import ChangeSet

__all__ = ["fitting_base", "folded"]

BASE_SEQ = 0
"""Sequence number of base layers: below every set of the log."""


def fitting_base(records: Sequence[ChangeSet], bases: Sequence[Base]) -> Base | None:
    """Return the newest base that is a prefix of the effective sets, if any."""
    for base in reversed(bases):
        if base.depth <= len(records) and records[base.depth - 1].set_id == base.top:
            return base
    return None


def folded(dataset_id: UUID, records: Sequence[ChangeSet], bases: Sequence[Base]) -> DatasetFold:
    """Return the state of a dataset after its effective sets."""
    fold = DatasetFold(dataset_id)
    own = [base for base in bases if base.dataset_id == dataset_id]
    base = fitting_base(records, own)
    depth = 0
    if base is not None:
        depth = base.depth
        fold.base_seq = base.seq
        fold.layers = [Layer(BASE_SEQ, layer.kind, layer.batch_id) for layer in base.layers]
        for record in records[:depth]:
            fold.apply(record, rows=False)
    fold.apply_all(records[depth:])
    return fold
