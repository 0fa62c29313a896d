"""A tree under new keys: made segment by segment, also after an interruption.

The tree in the making has manifests of its own, sealed under the new root key; the newest
one is the record of what is done. So whoever opens the tree's key slot goes on where the
last process stopped, and nothing of the old keys is needed to know that.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rolethread_store.changelog import LogCipher, write_log
from rolethread_store.crypto import Keyring
from rolethread_store.dataset.header import StoreHeader
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.manifest import Manifest, load_manifest, publish_manifest
from rolethread_store.dataset.records import marked
from rolethread_store.dataset.trees import settle_tree
from rolethread_store.engine import Session, SessionFolders
from rolethread_store.errors import StoreError
from rolethread_store.model import Batch, Progress, ProgressListener, Segment
from rolethread_store.segments import SealedPlace, reseal_segment
from rolethread_store.storage import Disk, Layout, new_spill_folder

__all__ = ["RekeyedTree"]

_MEMORY = "700MB"


@dataclass
class _State:
    """The newest manifest of the tree and the SHA-256 (hex) of its file."""

    manifest: Manifest
    digest: str


class RekeyedTree:
    """A tree under new keys in the making.

    Attributes:
        layout: Where it lies.
        keyring: Its keys.
        header: The public header that will name it.
    """

    def __init__(self, layout: Layout, keyring: Keyring, disk: Disk, state: _State) -> None:
        self.layout = layout
        self.keyring = keyring
        self.header = StoreHeader(keyring.store_id, tree=layout.tree)
        self._disk = disk
        self._state = state

    @classmethod
    def begin(cls, layout: Layout, keyring: Keyring, disk: Disk) -> RekeyedTree:
        """Take a tree that has folders and a key slot, and nothing else."""
        header = StoreHeader(keyring.store_id, tree=layout.tree)
        tag = keyring.header_tag(header.encode()).hex()
        manifest = Manifest(store_id=keyring.store_id, generation=1, parent=None, header_tag=tag)
        digest = publish_manifest(manifest, layout, disk, keyring)
        settle_tree(layout, disk)
        return cls(layout, keyring, disk, _State(manifest, digest))

    @classmethod
    def resume(cls, layout: Layout, keyring: Keyring, disk: Disk) -> RekeyedTree:
        """Take a tree that an earlier process left.

        Raises:
            ManifestMissing: it has not come to its first manifest.
            Corrupt: it is not what was written.
        """
        return cls(layout, keyring, disk, _State(*load_manifest(layout, disk, keyring)))

    @property
    def segments(self) -> int:
        """Segments that are sealed under the new keys."""
        return sum(len(batch.segments) for batch in self._state.manifest.batches)

    def seal(self, journal: Journal, listener: ProgressListener) -> None:
        """Seal every segment of the store that the tree does not have yet.

        Needs no lock: segments never change, and the store's lease keeps them.

        Raises:
            ResealMismatch: a segment came out different.
            Unavailable: the disk is full; what is done is kept.
        """
        todo = self._missing(journal.manifest.batches)
        if not todo:
            return
        total = sum(segment.size for _, segment in todo)
        done = 0
        with suppress(StoreError):
            for name in self._disk.list(self.layout.staging):
                self._disk.remove(self.layout.staging / name)
        old = SealedPlace(journal.layout, journal.keyring)
        new = SealedPlace(self.layout, self.keyring)
        readable = (journal.layout.segments, self.layout.segments, self.layout.staging)
        folders = SessionFolders(readable, new_spill_folder(self.layout))
        session = Session(folders, memory_limit=_MEMORY, in_order=True)
        try:
            for batch, segment in todo:
                listener(Progress(done, total, "bytes sealed anew"))
                target = self._batch(batch)
                made = reseal_segment(session, self._disk, (old, batch), (new, target), segment)
                self._note(target, made)
                done += segment.size
            listener(Progress(done, total, "bytes sealed anew"))
        finally:
            session.close()

    def finish(self, journal: Journal) -> None:
        """Write the log and the manifest that make the tree whole.

        The caller holds the writer lock and has sealed every segment.
        """
        done = {batch.batch_id: batch for batch in self._state.manifest.batches}
        batches = tuple(
            done.get(batch.batch_id) or self._batch(batch) for batch in journal.manifest.batches
        )
        self._clear(batches)
        cipher = LogCipher(self.keyring.log_key, self.keyring.store_id)
        end = write_log(self.layout, self._disk, cipher, journal.bodies(), journal.clock)
        generation = max(self._state.manifest.generation, journal.manifest.generation) + 1
        manifest = journal.manifest.model_copy(
            update={
                "generation": generation,
                "parent": self._state.digest,
                "header_tag": self._state.manifest.header_tag,
                "batches": batches,
                "facts": tuple(journal.facts.facts.values()),
                "facts_seq": journal.history.last_seq,
                "log": None if end is None else marked(end),
            }
        )
        publish_manifest(manifest, self.layout, self._disk, self.keyring)
        settle_tree(self.layout, self._disk)

    def _missing(self, batches: Sequence[Batch]) -> list[tuple[Batch, Segment]]:
        done = {
            (batch.batch_id, segment.number)
            for batch in self._state.manifest.batches
            for segment in batch.segments
        }
        return [
            (batch, segment)
            for batch in batches
            for segment in batch.segments
            if (batch.batch_id, segment.number) not in done
        ]

    def _batch(self, source: Batch) -> Batch:
        """Return the batch as the tree has it, with a key of its own and what is done of it."""
        for batch in self._state.manifest.batches:
            if batch.batch_id == source.batch_id:
                return batch
        wrapped = self.keyring.wrap(self.keyring.new_data_key(), source.batch_id)
        return source.model_copy(update={"wrapped_key": wrapped.hex(), "segments": ()})

    def _note(self, batch: Batch, segment: Segment) -> None:
        """Publish that a segment is done; its file's name is durable first."""
        self._disk.sync_folder(self.layout.segments)
        grown = batch.model_copy(update={"segments": (*batch.segments, segment)})
        manifest = self._state.manifest
        others = (one for one in manifest.batches if one.batch_id != batch.batch_id)
        manifest = manifest.model_copy(
            update={
                "generation": manifest.generation + 1,
                "parent": self._state.digest,
                "batches": (*others, grown),
            }
        )
        digest = publish_manifest(manifest, self.layout, self._disk, self.keyring)
        self._state = _State(manifest, digest)

    def _clear(self, batches: Sequence[Batch]) -> None:
        """Remove what an interrupted end left, and segments the store has dropped since."""
        wanted = {
            self.layout.segment(batch.batch_id, segment.number).name
            for batch in batches
            for segment in batch.segments
        }
        for folder, keep in ((self.layout.logs, frozenset[str]()), (self.layout.segments, wanted)):
            for name in self._disk.list(folder):
                if name not in keep:
                    self._disk.remove(folder / name)
