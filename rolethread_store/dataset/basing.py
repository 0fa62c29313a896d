"""Where a fold starts: the newest checkpoint that the effective sets still agree with.

A base is a cache of "these sets, folded". It names them by the digest of their ids, so it
serves every state that begins with just these: a working copy, the versions and forks
made from it. After an undo or a revert below it, an earlier base serves, or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.dataset.manifest import Base
from rolethread_store.model import ChangeSet

__all__ = ["BASE_SEQ", "base_layers", "chain_digest", "fitting_base", "folded"]

BASE_SEQ = 0
"""Sequence number of base layers: below every set of the log."""


def chain_digest(records: Sequence[ChangeSet]) -> str:
    """Return the SHA-256 (hex) of the ids of sets, in order."""
    return hashlib.sha256(b"".join(record.set_id.bytes for record in records)).hexdigest()


def base_layers(base: Base) -> list[Layer]:
    """Return the layers of a base as a fold has them."""
    return [Layer(BASE_SEQ, layer.kind, layer.batch_id, layer.segments) for layer in base.layers]


def fitting_base(records: Sequence[ChangeSet], bases: Sequence[Base]) -> Base | None:
    """Return the base that holds most of the effective sets' beginning, if any does."""
    for base in sorted(bases, key=lambda one: -one.depth):
        fits = base.depth <= len(records) and records[base.depth - 1].set_id == base.top
        # The top alone could stand at the same depth on other sets after a revert.
        if fits and chain_digest(records[: base.depth]) == base.chain:
            return base
    return None


def folded(empty: DatasetFold, records: Sequence[ChangeSet], bases: Sequence[Base]) -> DatasetFold:
    """Return the state after sets in effect.

    Args:
        empty: Says whose state it is; not changed.
        records: The sets in effect, oldest first.
        bases: Checkpoints, of other datasets too.
    """
    fold = replace(
        empty, names=[], layers=[], attached=[], pending={}, dirty=set(), dropped=[], base_top=None
    )
    base = fitting_base(records, [one for one in bases if one.dataset_id in fold.family])
    depth = 0
    if base is not None:
        depth, fold.base_top = base.depth, base.top
        fold.layers = base_layers(base)
        for record in records[:depth]:
            fold.apply(record, rows=False)
    fold.apply_all(records[depth:])
    return fold
