"""Dropping, shredding and renaming datasets."""

from __future__ import annotations

from dataclasses import dataclass

from rolethread_store.changelog import DatasetFold, History, effective_sets
from rolethread_store.dataset import (
    Base,
    Rebuild,
    chain_digest,
    collect_trees,
    require_no_rekey,
    shredded,
)
from rolethread_store.model import ChangeSet, DatasetDropped, DatasetRenamed, Expired
from rolethread_store.storage import rebuilding
from rolethread_store.store import remotes
from rolethread_store.store.bringing import DatasetNameTaken, usable_name
from rolethread_store.store.parts import Parts

__all__ = ["ShredReport", "drop", "rename", "shred"]


@dataclass(frozen=True, slots=True)
class ShredReport:
    """What was shredded, and where copies of it remain.

    Attributes:
        dataset: Its name, which the store no longer knows.
        segments: Files whose keys are gone.
        bytes: Their size.
        remotes: Remotes that may hold backups with it; this program cannot shred those.
        old_removed: Whether the files are gone from the disk; else the next writer removes
            them when nobody reads them any more.
    """

    dataset: str
    segments: int
    bytes: int
    remotes: tuple[str, ...]
    old_removed: bool


def drop(parts: Parts, fold: DatasetFold) -> ChangeSet:
    """Stop listing a dataset; an undo brings it back."""
    dataset_id = parts.journal.history.families.copy(fold.dataset_id).dataset_id
    return parts.journal.commit((DatasetDropped(dataset_id=dataset_id),), f"drop {fold.name}")


def rename(parts: Parts, fold: DatasetFold, name: str) -> ChangeSet:
    """Give a dataset another name, in all of its working copies.

    Raises:
        DatasetNameInvalid: the name cannot be used.
        DatasetNameTaken: another dataset has it.
    """
    clean = usable_name(parts, name, of=fold.name)
    if parts.journal.find_named(clean) is not None:
        raise DatasetNameTaken(f"there is a dataset “{clean}” already")
    copies = parts.journal.states.copies(fold)
    changes = tuple(DatasetRenamed(dataset_id=copy.copy_id, name=clean) for copy in copies)
    return parts.journal.commit(changes, f"rename {fold.name} to {clean}")


def shred(parts: Parts, name: str) -> ShredReport:
    """Destroy a dataset with its versions, working copies and history.

    Its data keys leave the manifest, its files the disk, its content the log; what is left
    says that there was a dataset. One rename makes all of it true.

    Raises:
        DatasetMissing: there is none of that name.
        RekeyUnfinished: a rekey has to be finished or abandoned first.
        RebuildRunning: another process rebuilds the store.
        Locked: another process writes.
        Unavailable: the disk is full; nothing was changed.
    """
    journal = parts.journal
    with rebuilding(journal.layout):
        require_no_rekey(journal)
        journal.require_no_block()
        journal.begin_write()
        parts.upkeep.wait()
        fold = journal.fold_named(name)
        rebuild = _without(parts, fold)
        kept = rebuild.batch_ids
        gone = [one for one in journal.manifest.batches if one.batch_id not in kept]
        parts.release()
        rebuild.run()
        removed = collect_trees(journal.layout, journal.disk, journal.lease)
    return ShredReport(
        dataset=fold.name,
        segments=sum(len(batch.segments) for batch in gone),
        bytes=sum(batch.size for batch in gone),
        remotes=tuple(remote.name for remote in remotes.known(parts)),
        old_removed=removed,
    )


def _without(parts: Parts, fold: DatasetFold) -> Rebuild:
    """Return the store without the content of a dataset, which is dropped for good."""
    journal = parts.journal
    families = journal.history.families
    dataset_id = families.copy(fold.dataset_id).dataset_id
    family = frozenset(families.of(dataset_id))
    records = shredded(list(journal.history.records())[::-1], family)
    last = ChangeSet(
        set_id=journal.clock.new_id(),
        seq=journal.history.last_seq + 1,
        at=journal.clock.now(),
        summary="shred a dataset",
        changes=(DatasetDropped(dataset_id=dataset_id), Expired(dataset_id=dataset_id)),
    )
    records.append(last)
    history = History()
    for record in records:
        history.append(record)
    bases = [base for base in journal.manifest.bases if base.dataset_id not in family]
    places = [copy.top for copy in history.families.copies(dataset_id)]
    places += [version.place for version in history.families.versions(dataset_id)]
    chains: dict[str, Base] = {}
    for sets in map(effective_sets, places):
        if sets:
            chain = chain_digest(sets)
            chains[chain] = Base(
                dataset_id=dataset_id, depth=len(sets), top=sets[-1].set_id, chain=chain,
                layers=(), entries=0,
            )  # fmt: skip
    return Rebuild(journal, records, [*bases, *chains.values()])
