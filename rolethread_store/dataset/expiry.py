"""How far history may expire, and which states then need a checkpoint of their own.

Content may go only where every state that can still be asked for begins with a base that
holds just what has gone: each working copy, everything an undo can take it back to, and
each version. So no answer changes, and no fold ever meets a set without its content.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import DatasetFold, History, Layer, effective_sets
from rolethread_store.changelog.places import Place
from rolethread_store.dataset.basing import BASE_SEQ, chain_digest, folded
from rolethread_store.dataset.digests import content_digest
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.layering import layered_rows
from rolethread_store.dataset.manifest import Base, BaseLayer
from rolethread_store.dataset.reader import Reader
from rolethread_store.dataset.rows import id_table
from rolethread_store.dataset.workbench import CheckpointMismatch
from rolethread_store.dataset.writing import WritingRoom
from rolethread_store.model import Batch, BatchKind, ChangeSet, Reverted
from rolethread_store.segments import ENTRY_COLUMNS, column_list

__all__ = ["Beginning", "base_of", "beginnings", "lowered", "useful_bases"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """Sets with which a state begins and whose content is to go.

    Attributes:
        dataset_id: The dataset.
        sets: The sets in effect, oldest first; all of them expire.
    """

    dataset_id: UUID
    sets: tuple[ChangeSet, ...]

    @property
    def chain(self) -> str:
        """What a base of just these sets is known by."""
        return chain_digest(self.sets)

    def fold(self, journal: Journal) -> DatasetFold:
        """Return the state that the sets lead to."""
        families = journal.history.families
        empty = DatasetFold(self.dataset_id, families.of(self.dataset_id), version=0)
        return folded(empty, self.sets, journal.manifest.bases)


def lowered(records: Sequence[ChangeSet], cut: int) -> int:
    """Return the cut, lowered so that no revert above it takes a set below it out of effect.

    An undo of the revert brings the set back, and with it a state that no base holds.

    Args:
        records: All records, oldest first.
        cut: Sequence number of the last set to expire.
    """
    numbers = {record.set_id: record.seq for record in records}
    reverts = [
        (record.seq, numbers[change.target])
        for record in records
        for change in record.changes
        if isinstance(change, Reverted) and change.target in numbers
    ]
    for seq, target in sorted(reverts, reverse=True):
        if target <= cut < seq:
            return lowered(records, target - 1)
    return cut


def beginnings(history: History, cut: int) -> list[Beginning]:
    """Return the expired beginnings of all states that can still be asked for.

    Args:
        history: The history.
        cut: Sequence number of the last set to expire; what has expired already counts too.
    """
    found: dict[str, Beginning] = {}
    for dataset_id, place in _places(history):
        for leg in _legs(place, cut):
            sets = effective_sets(leg)
            old = tuple(sets[: _expired_depth(sets, cut)])
            if old:
                beginning = Beginning(dataset_id, old)
                found.setdefault(f"{dataset_id}{beginning.chain}", beginning)
    return list(found.values())


def useful_bases(history: History, bases: Sequence[Base], cut: int) -> list[Base]:
    """Return the bases that some state still begins with and that hold all that expires."""
    chains: dict[str, UUID] = {}
    for dataset_id, place in _places(history):
        for leg in _legs(place, cut):
            sets = effective_sets(leg)
            expired = _expired_depth(sets, cut)
            depths = {base.depth for base in bases if expired <= base.depth <= len(sets)}
            for depth in depths:
                chains[chain_digest(sets[:depth])] = dataset_id
    return [base for base in bases if base.chain in chains]


def base_of(
    journal: Journal, reader: Reader, room: WritingRoom, beginning: Beginning
) -> tuple[Base, list[Batch]]:
    """Return a base that holds just these sets, and the batches that had to be written.

    A state without pending changes needs none: its layers are the base.
    """
    fold = beginning.fold(journal)
    relation = reader.relation(fold)
    digest, entries = content_digest(reader.rows, relation)
    made = _written(reader, room, fold, relation) if fold.pending else []
    layers = [
        BaseLayer(kind=layer.kind, batch_id=layer.batch_id, segments=layer.segments)
        for layer in fold.layers
    ]
    layers += [BaseLayer(kind=batch.kind, batch_id=batch.batch_id) for batch in made]
    _require_same(reader, room, (layers, made), digest)
    base = Base(
        dataset_id=beginning.dataset_id,
        depth=len(beginning.sets),
        top=beginning.sets[-1].set_id,
        chain=beginning.chain,
        layers=tuple(layers),
        entries=entries,
    )
    return base, made


def _written(reader: Reader, room: WritingRoom, fold: DatasetFold, relation: str) -> list[Batch]:
    """Write the changed entries: their ids as a mask, their rows above it."""
    below = layered_rows(fold.layers, reader.journal.batch, reader.journal.layout)
    columns = column_list(ENTRY_COLUMNS)
    with reader.session.table("expiring_ids", id_table(fold.pending)) as ids:
        wanted = f"SELECT CAST(entry_id AS UUID) AS entry_id FROM {ids}"
        masked = reader.session.arrow(
            f"SELECT entry_id FROM ({below}) SEMI JOIN ({wanted}) USING (entry_id)"
        )
        rows = reader.session.arrow(
            f"SELECT {columns} FROM ({relation}) SEMI JOIN ({wanted}) USING (entry_id)"
        )
    made = [room.write_table(BatchKind.MASK, masked), room.write_table(BatchKind.ENTRIES, rows)]
    return [batch for batch in made if batch is not None]


def _require_same(
    reader: Reader, room: WritingRoom, new: tuple[list[BaseLayer], list[Batch]], digest: str
) -> None:
    """Read the base back: it must hold what the sets led to."""
    layers, made = new
    if not made:
        return
    fresh = {batch.batch_id: batch for batch in made}
    reader.admit(made)
    relation = layered_rows(
        [Layer(BASE_SEQ, layer.kind, layer.batch_id, layer.segments) for layer in layers],
        lambda batch_id: fresh.get(batch_id) or reader.journal.batch(batch_id),
        reader.journal.layout,
    )
    if content_digest(reader.rows, relation)[0] != digest:
        room.discard(made)
        raise CheckpointMismatch(
            "a checkpoint would have changed an earlier state; nothing was published",
            hint="please report this, with the output of: rolethread doctor",
        )


def _places(history: History) -> Iterator[tuple[UUID, Place | None]]:
    """Yield the newest place of every state that has a name: versions and working copies."""
    families = history.families
    for main in list(families.mains()):
        for version in families.versions(main.dataset_id):
            yield main.dataset_id, version.place
        for copy in families.copies(main.dataset_id):
            yield main.dataset_id, copy.top


def _expired_depth(sets: Sequence[ChangeSet], cut: int) -> int:
    """Return how many sets from the beginning on a base has to hold."""
    gone = (at for at in range(len(sets), 0, -1) if _gone(sets[at - 1], cut))
    return next(gone, 0)


def _gone(record: ChangeSet, cut: int) -> bool:
    return record.seq <= cut or record.expired


def _legs(place: Place | None, cut: int) -> Iterator[Place | None]:
    """Yield a place, and those that an undo of a check-out above the cut leads to."""
    yield place
    while place is not None and not _gone(place.record, cut):
        if place.checked_out:
            yield place.below
        place = place.below
