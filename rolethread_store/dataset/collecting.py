"""Garbage: files that no state of the history needs, and when they may go.

Needed is what a set in the log names (an undo, a version or a fork may ask for it) and what
the checkpoints in use are made of. What is not leaves the manifest first. The files go when
neither the newest manifest nor its parent knows them and no other open store may still
read them; so a crash at any point leaves files too many, never one too few.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import History, effective_sets
from rolethread_store.dataset.basing import fitting_base
from rolethread_store.dataset.expiry import beginnings
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.manifest import Base
from rolethread_store.errors import StoreError
from rolethread_store.model import BatchAttached, TagsPatched
from rolethread_store.storage import others_read

__all__ = ["Garbage", "collect", "find_garbage"]


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nothing needs.

    Attributes:
        batches: Batches of the manifest, with their size in bytes.
        chains: Checkpoints, by the digest of their sets.
        files: Names of segment files that no batch of the manifest has.
        bytes: Size of all of it.
    """

    batches: frozenset[UUID]
    chains: frozenset[str]
    files: tuple[str, ...]
    bytes: int


def find_garbage(journal: Journal) -> Garbage:
    """Return what could go now."""
    with journal.guard:
        used = _used_bases(journal)
        chains = {base.chain for base in journal.manifest.bases} - {base.chain for base in used}
        needed = _named_by_log(journal.history)
        needed |= {layer.batch_id for base in used for layer in base.layers}
        batches = journal.manifest.batches
        dead = [batch for batch in batches if batch.batch_id not in needed]
        known = {batch.batch_id for batch in batches}
    sizes = {}
    for name in journal.disk.list(journal.layout.segments):
        found = journal.layout.segment_of(name)
        if found is not None and found[0] not in known:
            with suppress(OSError):
                sizes[name] = (journal.layout.segments / name).stat().st_size
    return Garbage(
        batches=frozenset(batch.batch_id for batch in dead),
        chains=frozenset(chains),
        files=tuple(sorted(sizes)),
        bytes=sum(batch.size for batch in dead) + sum(sizes.values()),
    )


def collect(journal: Journal) -> int:
    """Drop what nothing needs and return the bytes of the files removed.

    Only while nothing else of this process writes batches: a batch counts as needed from
    the change that names it on.

    Raises:
        Locked: another process writes.
        Unavailable: a manifest could not be published; nothing is lost.
    """
    journal.begin_write()
    garbage = find_garbage(journal)
    if garbage.batches or garbage.chains:
        journal.drop(garbage.batches, garbage.chains)
        # The parent of the newest manifest is kept, and must not name what is gone.
        journal.drop(frozenset(), frozenset())
    if not (garbage.batches or garbage.files) or others_read(journal.layout, journal.lease):
        return 0
    freed = 0
    for name in find_garbage(journal).files:
        path = journal.layout.segments / name
        with suppress(StoreError, OSError):
            size = path.stat().st_size
            journal.disk.remove(path)
            freed += size
    return freed


def _used_bases(journal: Journal) -> list[Base]:
    """Return the checkpoints that a working copy or a version starts from."""
    families = journal.history.families
    used: dict[str, Base] = {}
    for copy in families.listed():
        own = [one for one in journal.manifest.bases if one.dataset_id in families.of(copy.copy_id)]
        if not own:
            continue
        places = [copy.top]
        if copy.copy_id == copy.dataset_id:
            places += [version.place for version in families.versions(copy.dataset_id)]
        for place in places:
            base = fitting_base(effective_sets(place), own)
            if base is not None:
                used[base.chain] = base
    # What has expired is nowhere but in these, also when a later checkpoint holds it too.
    needed = {beginning.chain for beginning in beginnings(journal.history, 0)}
    used.update((base.chain, base) for base in journal.manifest.bases if base.chain in needed)
    return list(used.values())


def _named_by_log(history: History) -> set[UUID]:
    """Return the batches that any set of the log names, undone ones included."""
    found: set[UUID | None] = set()
    for record in history.records():
        for change in record.changes:
            if isinstance(change, BatchAttached):
                found |= {change.batch_id, change.quarantine_id, change.originals_id}
            elif isinstance(change, TagsPatched):
                found.add(change.batch_id)
    return {batch_id for batch_id in found if batch_id is not None}
