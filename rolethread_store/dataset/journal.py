"""The committed state of an open store: log, manifest, and what they add up to.

Everything that changes a store passes through :meth:`Journal.commit`,
:meth:`Journal.undo` or :meth:`Journal.redo`: one sealed frame, one sync, and only then
the state in memory. What a frame names must be durable before it, so a batch is
published first (:meth:`Journal.publish`); a crash in between leaves an orphan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from threading import RLock
from uuid import UUID

from rolethread_store.changelog import (
    LogCipher,
    LogHistory,
    LogPosition,
    LogWriter,
)
from rolethread_store.clock import Clock
from rolethread_store.crypto import Keyring
from rolethread_store.dataset.blocks import Block, TransactionOver, refusal
from rolethread_store.dataset.header import StoreHeader
from rolethread_store.dataset.loading import Loaded, Shelf, is_still, load, read_log
from rolethread_store.dataset.manifest import (
    Base,
    Manifest,
    newest_generation,
    publish_manifest,
)
from rolethread_store.dataset.naming import require_free_names
from rolethread_store.dataset.records import (
    Stamp,
    change_record,
    encoded,
    makes_room,
    marked,
    move_record,
)
from rolethread_store.dataset.trees import exchange_header, require_tree, tidy
from rolethread_store.dataset.viewing import JournalView
from rolethread_store.model import Batch, Change, ChangeSet
from rolethread_store.storage import Disk, Layout, Lease, Reserve, WriterLock, collect_leftovers

__all__ = ["Journal"]


class Journal(JournalView):
    """Log, manifest, history and folds of one open store.

    Attributes:
        layout: Where the store lies.
        disk: How it is reached.
        keyring: Its keys.
        clock: Time and identifiers.
        manifest: The newest manifest.
        history: Every change set and what is in effect.
        states: State of each working copy and version.
        guard: Held while the state changes or is looked at as a whole: checkpoints run
            on a thread of their own.
        changed: Called after each change that is durable and in effect.
        lease: Keeps files from being deleted under this open store.
        version: Grows with every change of the state in memory.
    """

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        keyring: Keyring,
        clock: Clock,
        *,
        working_copy: str | None = None,
        lease: Lease | None = None,
    ) -> None:
        """Read the state.

        Args:
            layout: Where the store lies.
            disk: How it is reached.
            keyring: Its keys.
            clock: Time and identifiers.
            working_copy: Name of the working copy meant where none is named.
            lease: Taken before the header was read.

        Raises:
            Corrupt: manifest or log are not what was written.
        """
        self.layout = layout
        self.disk = disk
        self.keyring = keyring
        self.clock = clock
        self.changed: Callable[[int], None] = lambda changes: None
        self.wait = 0.0
        self.version = 0
        self.guard = RLock()
        self._working_copy = working_copy
        # Before the manifest is read: what that names may not be deleted from then on.
        self.lease = Lease(layout) if lease is None else lease
        self._lock = WriterLock(layout, clock)
        self._reserve = Reserve(layout.reserve, disk)
        cipher = LogCipher(keyring.log_key, keyring.store_id)
        self._shelf = Shelf(layout, disk, keyring, cipher)
        self._writer: LogWriter | None = None
        self._doubtful = False
        self._block: Block | None = None
        self.manifest: Manifest
        self._manifest_digest: str
        self._log: LogHistory
        self._position: LogPosition | None
        self._load()

    @property
    def writing(self) -> bool:
        """Whether this process is the store's writer."""
        return self._writer is not None

    def begin_write(self) -> None:
        """Become the writer, on the newest state; does nothing when we are it already.

        Raises:
            Locked: another process writes.
            Denied: the store lies where nothing can be written.
        """
        if self._writer is not None:
            return
        with self.guard:
            if self._lock.held:
                self._take_over()
                return
            self._lock.acquire(self.wait)
            try:
                self.require_tree()
                for folder in self.layout.folders:
                    self.disk.make_folder(folder)  # A copying tool may drop empty folders.
                self._take_over()
                collect_leftovers(self.layout, self.disk)
                self._reserve.keep()
                tidy(self.layout, self.disk, self.lease)
            except BaseException:
                self._writer = None
                self._lock.release()
                raise

    def require_tree(self) -> None:
        """Refuse to go on when the store was rebuilt since; see :func:`require_tree`."""
        require_tree(self.layout, self.disk)

    def _take_over(self) -> None:
        self.require_tree()
        if self._doubtful or not is_still(self._shelf, self._log):
            self._log = read_log(self._shelf, self.manifest).outline()
        generation = newest_generation(self.layout, self.disk)
        if (
            self._doubtful
            or self._log.position != self._position
            or generation != self.manifest.generation
        ):
            self._load()
            self._doubtful = False
        self._writer = LogWriter(self.layout, self.disk, self._shelf.cipher, self._log, self.clock)

    @contextmanager
    def _certain(self) -> Iterator[LogWriter]:
        """Lend the log writer; after a failure the disk is read again before the next write.

        An interrupt, or a failed sync of a folder, leaves open whether the record or the
        manifest is there; writing on as if it were not would give a number twice.
        """
        self.begin_write()
        assert self._writer is not None  # noqa: S101 - begin_write made it
        try:
            yield self._writer
        except BaseException:
            self._doubt()
            raise

    def _doubt(self) -> None:
        self._doubtful = True
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def commit(self, changes: Sequence[Change], summary: str) -> ChangeSet:
        """Make changes durable together, then true in memory.

        Raises:
            Locked: another process writes.
            Unavailable: the frame could not be made durable; nothing changed.
        """
        with self.guard:
            if self._block is not None:
                self.version += 1
                return self._block.take(changes, summary)
            record = self._append(change_record(self._stamp(), changes, summary))
            self.states.applied(record)
        self.changed(len(record.changes))
        return record

    def begin_block(self) -> None:
        """Collect what is committed from here on until :meth:`end_block`.

        Raises:
            TransactionOpen: a block is open already.
        """
        self.require_no_block()
        self._block = Block(self._stamp(), self.states)

    def end_block(self, summary: str | None = None) -> ChangeSet | None:
        """Make what was collected durable as one set; ``None`` when there was nothing.

        Raises:
            TransactionOver: no block is open.
            Unavailable: it could not be made durable; all of it is dropped.
        """
        with self.guard:
            if self._block is None:
                raise TransactionOver("the transaction is over already; its changes were dropped")
            if not self._block.changes:
                self._block = None
                return None
            try:
                record = self._append(self._block.record(summary))
            except BaseException:
                self.drop_block()
                raise
            self._block = None
        self.changed(len(record.changes))
        return record

    def drop_block(self) -> None:
        """Forget what was collected; does nothing without a block."""
        with self.guard:
            block, self._block = self._block, None
            if block is not None:
                block.take_out()
                self.version += 1

    @property
    def in_block(self) -> bool:
        """Whether what is committed waits for the end of a block."""
        return self._block is not None

    def require_no_block(self) -> None:
        """Refuse, with ``TransactionOpen``, what cannot be part of a block."""
        if self._block is not None:
            raise refusal()

    def undo(self, copy_id: UUID | None = None, last_kept: UUID | None = None) -> ChangeSet:
        """Take the newest change set out of effect, or all above one; returns the undo's record.

        Args:
            copy_id: Only in this working copy; needed with ``last_kept``.
            last_kept: Set that is to be the newest in effect afterwards.

        Raises:
            NothingToUndo: nothing is left, or nothing lies above the set.
            UndoBlocked: another dataset it touched has changed since.
        """
        with self.guard:
            self.require_no_block()
            self.begin_write()
            several = None
            if copy_id is None or last_kept is None:
                moved = self.history.undo_target(copy_id)
            else:
                moved = self.history.undo_path(copy_id, last_kept)
                several = copy_id if moved.steps > 1 else None
            require_free_names(self.states, moved, undo=True)
            record = self._append(move_record(self._stamp(), "undo", moved, several))
            self.states.undone(moved, several)
            return record

    def redo(self, copy_id: UUID | None = None) -> ChangeSet:
        """Put back into effect what one undo took out last; returns the redo's record.

        Raises:
            NothingToRedo: nothing was undone since the last change.
        """
        with self.guard:
            self.require_no_block()
            self.begin_write()
            moved, several = self.history.redo_target(copy_id)
            require_free_names(self.states, moved, undo=False)
            record = self._append(move_record(self._stamp(), "redo", moved, several))
            self.states.redone(moved, several)
            return record

    def publish(self, batches: Sequence[Batch] = (), bases: Sequence[Base] = ()) -> None:
        """Make new batches and checkpoints known by a new manifest.

        A checkpoint of the same sets as an earlier one takes its place.

        Raises:
            Unavailable: it could not be made durable; the old manifest stands.
        """
        with self.guard:
            if not bases:
                self.require_no_block()
            replaced = {base.chain for base in bases}
            kept = (base for base in self.manifest.bases if base.chain not in replaced)
            self._publish((*self.manifest.batches, *batches), (*kept, *bases))

    def drop(self, batch_ids: Set[UUID], chains: Set[str]) -> None:
        """Make a manifest without some batches and checkpoints that nothing needs.

        Raises:
            Unavailable: it could not be made durable; the old manifest stands.
        """
        with self.guard:
            self._publish(
                tuple(b for b in self.manifest.batches if b.batch_id not in batch_ids),
                tuple(base for base in self.manifest.bases if base.chain not in chains),
            )
            self.states.forget(batch_ids)

    def _publish(self, batches: tuple[Batch, ...], bases: tuple[Base, ...]) -> None:
        with self._certain() as writer:
            settled = writer.settled()
            manifest = self.manifest.model_copy(
                update={
                    "generation": self.manifest.generation + 1,
                    "parent": self._manifest_digest,
                    "batches": batches,
                    "bases": bases,
                    "facts": tuple(self.facts.facts.values()),
                    "facts_seq": self.history.last_seq,
                    "log": None if settled is None else marked(settled),
                }
            )
            self._manifest_digest = publish_manifest(manifest, self.layout, self.disk, self.keyring)
        self.manifest = manifest
        self._batches = {batch.batch_id: batch for batch in batches}
        self.states.bases = bases

    def switch(self, layout: Layout, keyring: Keyring, header: StoreHeader) -> None:
        """Replace the public header by one that names another, finished tree; go on in that.

        Raises:
            Corrupt: the tree does not read back; the old header stands.
            Unavailable: the header could not be made durable; the old one was put back, unless
                the disk refuses that too, and then opening again tells which holds.
        """
        with self.guard:
            cipher = LogCipher(keyring.log_key, keyring.store_id)
            shelf = Shelf(layout, self.disk, keyring, cipher)
            # Read before it counts: once the header names it, nothing may be refused.
            loaded = load(shelf, self._working_copy)
            with self._certain() as writer:
                writer.close()
                # What a rekey may go on with is never taken away; this tree is past that.
                self.disk.remove(self.layout.rekey_mark)
                exchange_header(layout, self.disk, header)
            self._writer = None
            self.layout = layout
            self.disk.stage_in(layout.staging)
            if keyring is not self.keyring:
                self.keyring.wipe()
                self.keyring = keyring
            self._shelf = shelf
            self._take(loaded)

    def close(self) -> None:
        """End our log file and give the lock back; an open block is dropped."""
        self.drop_block()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._lock.release()
        self.lease.release()

    def _append(self, record: ChangeSet) -> ChangeSet:
        # As in _certain; a generator's context costs 30 µs just after a sync.
        self.begin_write()
        assert self._writer is not None  # noqa: S101 - begin_write made it
        try:
            self._writer.append(encoded(record), self._reserve if makes_room(record) else None)
            self.history.append(record)
        except BaseException:
            self._doubt()
            raise
        self.version += 1
        return record

    def _stamp(self) -> Stamp:
        self.begin_write()
        return self.clock.new_id(), self.history.last_seq + 1, self.clock.now()

    def _load(self) -> None:
        self._take(load(self._shelf, self._working_copy))

    def _take(self, loaded: Loaded) -> None:
        self.manifest, self._manifest_digest = loaded.manifest, loaded.manifest_digest
        self._batches = loaded.batches
        self._log, self._position = loaded.log, loaded.log.position
        self.history, self.states = loaded.history, loaded.states
        self.version += 1
