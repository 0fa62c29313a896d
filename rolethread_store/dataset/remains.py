"""A store's folder as it is: what can be read of it, and what is damaged.

Looks at every file and stops at none. What is left is a journal that can be read like any
other and is never written to: damaged segments are missing from it, checkpoints that need
one are passed over in favour of the log, and change sets that do not follow from what can
be read are left out and listed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from rolethread_store.changelog import (
    DatasetFold,
    Layer,
    LogDamaged,
    LogHistory,
    Version,
    log_remains,
)
from rolethread_store.clock import Clock
from rolethread_store.crypto import Keyring
from rolethread_store.dataset.basing import BASE_SEQ
from rolethread_store.dataset.expiry import beginnings
from rolethread_store.dataset.journal import Journal
from rolethread_store.dataset.loading import read_log
from rolethread_store.dataset.manifest import Base, BaseLayer, Manifest, opened_manifest
from rolethread_store.dataset.refitting import refitted
from rolethread_store.dataset.states import States
from rolethread_store.errors import Corrupt, StoreError, Unsupported
from rolethread_store.model import (
    Batch,
    BatchAttached,
    BatchKind,
    ChangeSet,
    CheckedOut,
    Reverted,
    Segment,
)
from rolethread_store.segments import Rescued, Rescuer, check_segments
from rolethread_store.storage import Disk, Layout

__all__ = ["FileDamage", "Remains"]


@dataclass(frozen=True, slots=True)
class FileDamage:
    """A file that is not what was written.

    Attributes:
        path: The file, or the folder of one that is missing.
        reason: What is wrong, for people.
        entries: Entries, or quarantined records, that were in it; 0 where that is unknown.
        code: Stable name of the error.
        kind: What its rows are, ``None`` of a file without rows.
        rescued: What was read of it nevertheless; ``None`` where nothing was, or nobody tried.
    """

    path: Path
    reason: str
    entries: int
    code: str
    kind: BatchKind | None = None
    rescued: Rescued | None = None


class Remains(Journal):
    """What is left of a store; for reading only.

    Attributes:
        damages: Every damaged file.
        left_out: Summaries of change sets that could be read and not applied.
        unreadable: How many change sets are missing between those that could be read.
        orphans: Batches of entries that no readable change set and no checkpoint names.
    """

    damages: list[FileDamage]
    left_out: list[str]
    unreadable: int
    orphans: list[Batch]

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        keyring: Keyring,
        clock: Clock,
        rescuer: Rescuer | None = None,
    ) -> None:
        """Look at every file.

        Args:
            layout: Where the store lies.
            disk: How it is reached.
            keyring: Its keys.
            clock: Time and identifiers.
            rescuer: Reads on in damaged segments; without one they are missing as a whole.

        Raises:
            Unavailable: what a damaged segment still holds cannot be copied.
        """
        self._rescuer = rescuer
        super().__init__(rescuer.layout if rescuer else layout, disk, keyring, clock)

    def _load(self) -> None:
        self.damages, self.orphans = [], []
        self._position = None
        self._log = LogHistory((), None, 1)
        self.manifest = self._best_manifest()
        self._batches = dict(self._readable_batches())
        records = self._readable_records()
        self.history, self.left_out, self._lost_versions = refitted(records, self.clock)
        bases = self.manifest.bases
        whole = [base for base in bases if all(map(self._is_whole, base.layers))]
        # Without a mask or new texts what was replaced would reappear; without other layers
        # of a base some rows are missing, and none are wrong.
        usable = [base for base in bases if all(map(self._is_safe, base.layers))]
        last = self._irreplaceable()
        self.states = States(self.history, [*whole, *last])
        self._whole, self._second = whole, States(self.history, [*usable, *last])
        for fold in self.existing():
            self._mend(fold, self._second.fold(fold.dataset_id))
        if self.damages or not self.existing():
            self._find_orphans(records)
        self.version += 1

    def blame(self, path: Path, error: StoreError, entries: int = 0) -> None:
        """Note a damaged file, once for each thing that is wrong with it."""
        damage = FileDamage(path, str(error), entries, error.code)
        if damage not in self.damages:
            self.damages.append(damage)

    def versions(self, dataset_id: UUID) -> Iterator[tuple[Version, DatasetFold | None]]:
        """Yield a dataset's versions, oldest first, with as much of each as can be read."""
        for version in self.history.families.versions(dataset_id):
            at = partial(States.at, dataset_id=dataset_id, number=version.number)
            name = self.history.name_of(dataset_id)
            lost = (dataset_id, version.number) in self._lost_versions
            words = f"version {version.number} of {name}"
            yield version, None if lost else self._readable(at, words)

    def other_copies(self, main: DatasetFold) -> Iterator[DatasetFold]:
        """Yield a dataset's working copies other than the main one, as far as they can be read."""
        for copy in self.states.copies(main)[1:]:
            of = partial(States.fold, copy_id=copy.copy_id)
            fold = self._readable(of, f"working copy {copy.name} of {main.name}")
            if fold is not None:
                yield fold

    def _readable(self, of: Callable[[States], DatasetFold], words: str) -> DatasetFold | None:
        try:
            fold = of(self.states)
            self._mend(fold, of(self._second))
        except Corrupt as error:
            self.left_out.append(f"{words}: {error}")
            return None
        return fold

    def _mend(self, fold: DatasetFold, other: DatasetFold) -> None:
        """Let a state hold what can be read of it.

        Args:
            fold: The state as sound checkpoints and the log give it.
            other: As damaged checkpoints give it, too.
        """
        if self.unreadable or self.left_out:
            self._on_a_base(fold, self._whole)
        if self._missing_rows(other) < self._missing_rows(fold):
            fold.layers, fold.pending, fold.dirty = other.layers, other.pending, other.dirty
        self._without_missing(fold)

    def _best_manifest(self) -> Manifest:
        """Return the newest manifest that opens, and check the one before it."""
        names = self.disk.list(self.layout.manifests)
        known = filter(None, map(self.layout.generation_of, names))
        found: Manifest | None = None
        for generation in sorted(known, reverse=True):
            path = self.layout.manifest(generation)
            try:
                sealed = self.disk.read(path)
                manifest = opened_manifest(sealed, generation, self.keyring)
            except StoreError as error:
                self.blame(path, error)
                continue
            digest = hashlib.sha256(sealed).hexdigest()
            if found is None:
                found, self._manifest_digest = manifest, digest
            elif found.generation == generation + 1 and found.parent != digest:
                self.blame(path, Corrupt(f"manifest {generation} is not the newest one's parent"))
        if found is None:
            self.blame(self.layout.manifests, Corrupt("no manifest of this store can be read"))
            found = Manifest(
                store_id=self.keyring.store_id, generation=1, parent=None, header_tag=""
            )
            self._manifest_digest = ""
        return found

    def _readable_batches(self) -> Iterator[tuple[UUID, Batch]]:
        """Yield the batches with the segments that are whole, or what is read of the others."""
        for batch in self.manifest.batches:
            kept = []
            for segment in batch.segments:
                one = batch.model_copy(update={"segments": (segment,)})
                path = self.layout.segment(batch.batch_id, segment.number)
                try:
                    damages = check_segments([one], self.layout, self.disk, whole=True)
                except StoreError as error:
                    self.blame(path, error, segment.rows)
                    continue
                for damage in damages:
                    rescued = self._rescuer.rescue(batch, segment) if self._rescuer else None
                    known = (path, damage.reason, segment.rows, "segments.damaged")
                    self.damages.append(FileDamage(*known, batch.kind, rescued))
                    kept += [rescued.segment] if rescued else []
                if not damages:
                    kept.append(segment)
            if kept:
                yield batch.batch_id, batch.model_copy(update={"segments": tuple(kept)})

    def _readable_records(self) -> list[ChangeSet]:
        """Return every change set that can be read, in order."""
        found: dict[int, ChangeSet] = {}
        for name in filter(None, map(self.layout.log_of, self.disk.list(self.layout.logs))):
            path = self.layout.log(*name)
            try:
                remains = log_remains(self._shelf.cipher, name, self.disk.read(path))
            except StoreError as error:
                self.blame(path, error)
                continue
            for body in remains.bodies:
                try:
                    record = ChangeSet.model_validate_json(body)
                except ValidationError:
                    self.blame(path, Unsupported("a change set has an unknown structure"))
                    continue
                # A frame that was never acknowledged may have a successor of its number.
                found[record.seq] = record
            if remains.damage is not None:
                self.blame(path, remains.damage)
        self._check_joints()
        records = [found[seq] for seq in sorted(found)]
        self.unreadable = (records[-1].seq - len(records)) if records else 0
        return records

    def _check_joints(self) -> None:
        """Check that the files are one history that reaches as far as the manifest knows."""
        if any(damage.path.parent == self.layout.logs for damage in self.damages):
            return  # The reader would only stumble over the same file.
        try:
            read_log(self._shelf, self.manifest)
        except LogDamaged as error:
            names = filter(None, map(self.layout.log_of, self.disk.list(self.layout.logs)))
            known = {name.number: self.layout.log(*name) for name in names}
            self.blame(known.get(error.number or 0, self.layout.logs), error)

    def _is_whole(self, layer: Layer | BaseLayer) -> bool:
        """Return whether all segments that a layer means can be read."""
        meant = self._meant(layer)
        return meant is not None and self._read(layer) == meant.segments

    def _is_safe(self, layer: BaseLayer) -> bool:
        return layer.kind not in (BatchKind.MASK, BatchKind.TEXTS) or self._is_whole(layer)

    def _irreplaceable(self) -> list[Base]:
        """Return damaged bases that hold what the log no longer has.

        Rows of them may be missing and texts be older ones; without them all would be gone.
        """
        chains = {beginning.chain for beginning in beginnings(self.history, 0)}
        return [
            base
            for base in self.manifest.bases
            if base.chain in chains
            and all(self._is_whole(one) for one in base.layers if one.kind is BatchKind.MASK)
        ]

    def _meant(self, layer: Layer | BaseLayer) -> Batch | None:
        for batch in self.manifest.batches:
            if batch.batch_id == layer.batch_id:
                return batch.only(layer.segments)
        return None

    def _read(self, layer: Layer | BaseLayer) -> tuple[Segment, ...]:
        """Return what can be read of a layer's segments; a rescued one is not the one meant."""
        batch = self._batches.get(layer.batch_id)
        return () if batch is None else batch.only(layer.segments).segments

    def _missing_rows(self, fold: DatasetFold) -> int:
        """Return how many rows of a state's layers cannot be read."""
        kept = {change.batch_id: change.kept for _, change in fold.attached}
        missing = 0
        for layer in fold.layers:
            meant, found = self._meant(layer), self._batches.get(layer.batch_id)
            if meant is None:
                missing += max(1, kept.get(layer.batch_id, 0))
            else:
                readable = 0 if found is None else found.only(layer.segments).rows
                missing += meant.rows - readable
        return missing

    def _on_a_base(self, fold: DatasetFold, bases: Sequence[Base]) -> None:
        """Begin at a checkpoint that may hold what the log has lost.

        Its top being in effect is enough, as long as no set took others out of the middle.
        """
        records = self.states.records(fold.dataset_id, fold.version)
        if any(isinstance(c, CheckedOut | Reverted) for r in records for c in r.changes):
            return
        places = {record.set_id: place for place, record in enumerate(records)}
        fitting = [b for b in bases if b.dataset_id in fold.family and b.top in places]
        if not fitting:
            return
        base = max(fitting, key=lambda one: places[one.top])
        fold.layers = [
            Layer(BASE_SEQ, layer.kind, layer.batch_id, layer.segments) for layer in base.layers
        ]
        fold.pending, fold.dirty = {}, set()
        fold.names, fold.attached, fold.dropped = [], [], []
        for record in records[: places[base.top] + 1]:
            fold.apply(record, rows=False)
        fold.apply_all(records[places[base.top] + 1 :])

    def _without_missing(self, fold: DatasetFold) -> None:
        """Take out of a state what no readable file holds."""
        kept = {change.batch_id: change.kept for _, change in fold.attached}
        for layer in fold.layers:
            self._require_known(layer.batch_id, kept.get(layer.batch_id, 0))
        fold.layers = [layer for layer in fold.layers if self._read(layer)]
        fold.attached = [(seq, self._attached(one)) for seq, one in fold.attached]

    def _attached(self, change: BatchAttached) -> BatchAttached:
        gone: dict[str, object] = {}
        if change.quarantine_id is not None:
            self._require_known(change.quarantine_id, change.quarantined)
            if change.quarantine_id not in self._batches:
                gone["quarantine_id"] = None
        if change.originals_id is not None:
            self._require_known(change.originals_id, 0)
            # A record whose bytes are lost would go out in other ones, and nobody would know.
            if not self._is_whole(Layer(0, BatchKind.ORIGINALS, change.originals_id)):
                bare = [one.model_copy(update={"framing": None}) for one in change.sources]
                gone |= {"originals_id": None, "sources": tuple(bare)}
        return change.model_copy(update=gone) if gone else change

    def _require_known(self, batch_id: UUID, entries: int) -> None:
        """Blame the manifests for a batch that none of them knows: its key is gone with it."""
        if not any(batch.batch_id == batch_id for batch in self.manifest.batches):
            reason = f"no manifest that can be read knows batch {batch_id}"
            self.blame(self.layout.manifests, Corrupt(reason), entries)

    def _find_orphans(self, records: list[ChangeSet]) -> None:
        named = {
            change.batch_id
            for record in records
            for change in record.changes
            if isinstance(change, BatchAttached)
        }
        for base in self.manifest.bases:
            named |= _needs(base)
        self.orphans = [
            batch
            for batch in self._batches.values()
            if batch.kind is BatchKind.ENTRIES and batch.batch_id not in named
        ]


def _needs(base: Base) -> set[UUID]:
    return {layer.batch_id for layer in base.layers}
