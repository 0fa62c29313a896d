"""A tree with another history under the same keys: what a thinned log still names, and no more.

Segments are immutable and only get another name. What the new log leads to is folded in
memory before the tree becomes the store: every version and working copy must be there,
and no batch that one of them needs may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import History, LogCipher, write_log
from rolethread_store.dataset.header import StoreHeader
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.loading import BatchUnknown
from rolethread_store.dataset.manifest import Base, publish_manifest
from rolethread_store.dataset.records import change_record, encoded, marked
from rolethread_store.dataset.states import States
from rolethread_store.dataset.thinning import named_batches
from rolethread_store.dataset.trees import (
    RekeyUnfinished,
    carry_segments,
    new_tree,
    settle_tree,
    unfinished_rekeys,
)
from rolethread_store.errors import StoreError
from rolethread_store.model import Change, ChangeSet
from rolethread_store.storage import Layout

__all__ = ["Rebuild", "next_record", "require_no_rekey"]


@dataclass(frozen=True)
class Rebuild:
    """What the store is to be.

    Attributes:
        journal: The store as it is; its process is the writer.
        records: All records of the new log, oldest first; those that stay as they are must
            be the same objects as the journal's.
        bases: All checkpoints of the new manifest.
    """

    journal: Journal
    records: Sequence[ChangeSet]
    bases: Sequence[Base]

    @property
    def batch_ids(self) -> set[UUID]:
        """Batches that the new store needs."""
        layers = (layer.batch_id for base in self.bases for layer in base.layers)
        return named_batches(self.records) | set(layers)

    def run(self) -> None:
        """Write the tree and make it the store; the caller releases what reads the old one.

        Raises:
            Corrupt: the new log would not lead to every state; nothing was changed.
            Unavailable: the disk is full; nothing was changed.
        """
        journal = self.journal
        self._require_states()
        layout = new_tree(journal.layout, journal.disk)
        try:
            header = self._write(layout)
        except BaseException:
            with suppress(StoreError):
                journal.disk.remove_tree(layout.top)
            raise
        journal.switch(layout, journal.keyring, header)

    def _write(self, layout: Layout) -> StoreHeader:
        journal, disk, keyring = self.journal, self.journal.disk, self.journal.keyring
        for name in disk.list(journal.layout.keys):
            if layout.slot_of(name) is not None:
                disk.put_new(layout.keys / name, disk.read(journal.layout.keys / name))
        wanted = self.batch_ids
        batches = [batch for batch in journal.manifest.batches if batch.batch_id in wanted]
        carry_segments(journal.layout, layout, disk, batches)
        cipher = LogCipher(keyring.log_key, keyring.store_id)
        end = write_log(layout, disk, cipher, self._bodies(), journal.clock)
        header = StoreHeader(keyring.store_id, tree=layout.tree)
        manifest = journal.manifest.model_copy(
            update={
                "generation": journal.manifest.generation + 1,
                "parent": None,
                "header_tag": keyring.header_tag(header.encode()).hex(),
                "batches": tuple(batches),
                "bases": tuple(self.bases),
                "facts": tuple(journal.facts.facts.values()),
                "facts_seq": journal.history.last_seq,
                "log": None if end is None else marked(end),
            }
        )
        publish_manifest(manifest, layout, disk, keyring)
        settle_tree(layout, disk)
        return header

    def _bodies(self) -> Iterator[bytes]:
        """Yield the new records as bytes; what stays as it is keeps its very bytes."""
        kept = {record.set_id: record for record in self.journal.history.records()}
        old = self.journal.bodies()
        for record in self.records:
            body = next(old, None)
            if body is None or kept.get(record.set_id) is not record:
                body = encoded(record)
            yield body

    def _require_states(self) -> None:
        """Fold every version and working copy of the new log before anything is written."""
        history = History()
        for record in self.records:
            history.append(record)
        states = States(history, self.bases)
        wanted = self.batch_ids
        families = history.families
        for main in list(families.mains()):
            folds = [states.fold(copy.copy_id) for copy in families.copies(main.dataset_id)]
            folds += [
                states.at(main.dataset_id, version.number)
                for version in families.versions(main.dataset_id)
            ]
            for fold in folds:
                missing = [one for one in fold.batch_ids if one not in wanted]
                if missing:
                    raise BatchUnknown(f"the new history would need batch {missing[0]}")


def next_record(journal: Journal, changes: Sequence[Change], summary: str) -> ChangeSet:
    """Return the record that a rebuilt log has behind all others."""
    clock = journal.clock
    stamp = (clock.new_id(), journal.history.last_seq + 1, clock.now())
    return change_record(stamp, changes, summary)


def require_no_rekey(journal: Journal) -> None:
    """Refuse while a rekey is unfinished: its tree holds what a rebuild takes away.

    Raises:
        RekeyUnfinished: one was begun.
    """
    if unfinished_rekeys(journal.layout, journal.disk):
        raise RekeyUnfinished(
            "a rekey was begun and not finished",
            hint="finish it with: rolethread rekey, or give it up with: rolethread rekey --abandon",
        )
