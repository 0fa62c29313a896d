"""The front door: one open store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from rolethread_store.clock import Clock, SystemClock
from rolethread_store.crypto import KdfParams
from rolethread_store.dataset import (
    Journal,
    Locator,
    Reader,
    WritingRoom,
    stored_name,
)
from rolethread_store.model import ChangeSet, ProgressListener, unheard
from rolethread_store.query import (
    Console,
    Result,
    SearchHit,
    SearchMode,
    SearchQuestion,
    search,
)
from rolethread_store.store import editions, keeping, overview, remotes
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.history_verbs import HistoryVerbs
from rolethread_store.store.opening import Unlocked, make_store, unlock
from rolethread_store.store.parts import Parts
from rolethread_store.store.quarantine_verbs import QuarantineVerbs
from rolethread_store.store.rebuild_verbs import RebuildVerbs
from rolethread_store.store.reports import (
    DatasetInfo,
    LogItem,
    RemoteInfo,
    StoredEntry,
    StoreStatus,
)
from rolethread_store.store.secrets import Secrets, key_path
from rolethread_store.store.slot_verbs import SlotVerbs
from rolethread_store.store.slots import SlotBook
from rolethread_store.store.transactions import Transaction
from rolethread_store.store.upkeep import Upkeep
from rolethread_store.sync import PushReport, VerifyReport

__all__ = ["Store", "create_store", "open_store"]


class Store(HistoryVerbs, QuarantineVerbs, SlotVerbs, RebuildVerbs):
    """An open store; close it, or use it in a ``with`` block.

    Reading takes no lock. The first change makes this process the store's one writer,
    until the store is closed.

    Attributes:
        recovery_code: The code that opens the store without its passphrase; only right
            after :func:`create_store`, for it is kept nowhere.
    """

    def __init__(
        self,
        unlocked: Unlocked,
        clock: Clock,
        *,
        wait: float = 0.0,
        memory_limit: str | None = None,
        recovery_code: str | None = None,
        working_copy: str | None = None,
    ) -> None:
        journal = _journal(unlocked, clock, working_copy)
        journal.wait = wait
        reader = Reader(journal, memory_limit=memory_limit)
        self._parts = Parts(
            journal, reader, WritingRoom(journal), Locator(journal, reader), Console(reader),
            Upkeep(journal),
        )  # fmt: skip
        journal.changed = self._parts.upkeep.notice
        self._slots = SlotBook(journal, unlocked.opened_with)
        self.recovery_code = recovery_code

    @property
    def path(self) -> Path:
        """The store's folder."""
        return self._parts.journal.layout.root

    @property
    def store_id(self) -> UUID:
        """The store's identity."""
        return self._parts.journal.keyring.store_id

    def dataset(self, name: str, working_copy: str | None = None) -> Dataset:
        """Return a handle on a dataset, which comes to be with its first import.

        Args:
            name: Its name.
            working_copy: The working copy to work in, when not the store's own choice.
        """
        return Dataset(self._parts, name, working_copy)

    def dataset_names(self) -> list[str]:
        """Return the names of the datasets, in the order they were made."""
        return [fold.name for fold in self._parts.journal.existing()]

    def datasets(self) -> list[DatasetInfo]:
        """Return what is in the store."""
        return overview.datasets(self._parts)

    def status(self) -> StoreStatus:
        """Return the store in numbers."""
        return overview.status(self._parts)

    def sql(self, query: str, dataset: str | None = None) -> Result:
        """Answer one read-only SQL statement over ``entries``, ``messages`` and the datasets.

        Raises:
            QueryInvalid: the statement is wrong.
            QueryRefused: it is not a read.
            DatasetMissing: there is no such dataset.
        """
        return self._parts.console.run(query, self._parts.folds(dataset))

    def entry(self, entry_id: str | UUID) -> StoredEntry:
        """Return one entry.

        Raises:
            EntryMissing: no dataset has it.
        """
        return editions.entry(self._parts, entry_id)

    def entry_json(self, entry_id: str | UUID, format: str | None = None) -> str:
        """Return one entry as a JSON record, as ``edit`` takes it back.

        Args:
            entry_id: The entry.
            format: ``chatml`` or ``sharegpt``; by default the shape it came in, so that
                nothing is converted.
        """
        return editions.entry_json(self._parts, entry_id, format)

    def edit(
        self,
        entry_id: str | UUID,
        *,
        message: int | None = None,
        content: str | None = None,
        entry: Mapping[str, object] | str | None = None,
    ) -> LogItem:
        """Change one entry, durably: one message's text, or all of it.

        Args:
            entry_id: The entry.
            message: Number of the message, from 0, together with ``content``.
            content: Its new text.
            entry: The whole entry anew, as a ChatML or ShareGPT record.

        Raises:
            EntryMissing: no dataset has it.
            MessageOutOfRange: it has no such message.
            InvalidInput: the record cannot be read.
        """
        key = editions.parsed_id(entry_id)
        self._parts.require_copy_of([key])
        order = editions.EditOrder(message, content, entry)
        return self._item(editions.edit(self._parts, key, order))

    def transaction(self, summary: str | None = None) -> Transaction:
        """Return a block whose changes of entries commit together; see :class:`Transaction`.

        All changes through this store and its dataset handles inside the block are part of
        it, and undo takes the whole block back::

            with store.transaction("fix a name"):
                for hit in store.search("Tarvern"):
                    store.edit(hit.entry_id, message=0, content="Tavern")

        Args:
            summary: What the block does, for the log; by default its first change.
        """
        return Transaction(self._parts, summary)

    def delete(self, entry_ids: Sequence[str | UUID]) -> LogItem:
        """Take entries out of their datasets, all or none.

        Raises:
            EntryMissing: one of them is not there.
        """
        self._parts.require_copy_of([editions.parsed_id(entry_id) for entry_id in entry_ids])
        return self._item(editions.delete(self._parts, entry_ids))

    def search(
        self,
        text: str,
        *,
        dataset: str | None = None,
        roles: Sequence[str] = (),
        tags: Sequence[str] = (),
        mode: str = "contains",
        limit: int | None = None,
    ) -> list[SearchHit]:
        """Return the entries in which a text occurs; see :class:`SearchQuestion`.

        Raises:
            SearchInvalid: the text is empty or the mode unknown.
        """
        question = SearchQuestion(text, SearchMode.of(mode), tuple(roles), tuple(tags), limit)
        return search(self._parts.reader, self._parts.folds(dataset), question)

    def add_remote(self, name: str, url: str) -> RemoteInfo:
        """Remember a remote by name.

        Raises:
            RemoteExists: the name is taken by another URL.
            RemoteUrlInvalid: the URL cannot be used.
        """
        return remotes.add(self._parts, name, url)

    def remove_remote(self, name: str) -> RemoteInfo:
        """Forget a remote by its name; nothing on it is deleted, and it can be added again.

        Raises:
            RemoteUnknown: there is no such remote.
        """
        return remotes.remove(self._parts, name)

    def remotes(self) -> list[RemoteInfo]:
        """Return the remotes."""
        return remotes.known(self._parts)

    def push(self, name: str | None = None, *, progress: ProgressListener = unheard) -> PushReport:
        """Send what a remote lacks, and read it back; the only remote needs no name.

        Raises:
            RemoteUnknown: there is no such remote.
            Unavailable: it cannot be reached; what arrived need not be sent again.
        """
        return remotes.push_to(self._parts, name, progress)

    def verify(
        self, name: str | None = None, *, progress: ProgressListener = unheard
    ) -> VerifyReport:
        """Read everything a remote holds and compare digests.

        Raises:
            RemoteDamaged: something is missing or differs; the message names it.
        """
        return remotes.verify_at(self._parts, name, progress)

    def close(self) -> None:
        """Release everything; checkpoints that are due run first. Twice is harmless."""
        self._parts.journal.drop_block()
        try:
            self._parts.upkeep.finish()
            if self._parts.journal.writing:
                keeping.keep_if_due(self._parts)
        finally:
            self._parts.close()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the store; after an error without any further work."""
        if error is None:
            self.close()
        else:
            self._parts.close()

    def _item(self, record: ChangeSet) -> LogItem:
        return overview.item(self._parts, record)


def create_store(
    path: str | Path,
    *,
    passphrase: str,
    kdf: KdfParams | None = None,
    clock: Clock | None = None,
) -> Store:
    """Make a store in a new or empty folder and return it open.

    Raises:
        FolderNotEmpty: something is there.
        PassphraseUnusable: the passphrase is empty.
    """
    time = clock or SystemClock()
    unlocked, code = make_store(Path(path).expanduser(), passphrase, time, kdf)
    return Store(unlocked, time, recovery_code=code)


def open_store(  # noqa: PLR0913 - keywords of the public door
    path: str | Path,
    passphrase: str | None = None,
    *,
    recovery_code: str | None = None,
    key_file: str | Path | None = None,
    keyring: bool = False,
    wait: float = 0.0,
    memory_limit: str | None = None,
    clock: Clock | None = None,
    working_copy: str | None = None,
) -> Store:
    """Open a store.

    Args:
        path: Its folder.
        passphrase: Its passphrase.
        recovery_code: Its recovery code, when no passphrase is given.
        key_file: Its key file, when neither is given.
        keyring: Ask the operating system's keyring, when none of these is given.
        wait: Seconds a first change waits for another writer.
        memory_limit: What a query may take before it spills, ``"1GB"``.
        clock: Time, for tests.
        working_copy: Working copy to work in. Whole-store questions meet datasets without
            one of that name in their main one; what names or changes such a dataset is refused.

    Raises:
        StoreMissing: there is none.
        WrongPassphrase: the passphrase opens nothing; likewise the other secrets.
        Corrupt: something is not what was written.
    """
    secrets = Secrets(passphrase, recovery_code, key_path(key_file), keyring)
    unlocked = unlock(Path(path).expanduser(), secrets)
    return Store(
        unlocked, clock or SystemClock(), wait=wait, memory_limit=memory_limit,
        working_copy=working_copy,
    )  # fmt: skip


def _journal(unlocked: Unlocked, clock: Clock, working_copy: str | None) -> Journal:
    """Read a store's state; whoever is refused leaves neither keys nor a lease behind.

    Raises:
        Corrupt: header, manifest or log are not what was written.
        NotFound: no dataset has a working copy of that name.
    """
    try:
        journal = Journal(
            unlocked.layout, unlocked.disk, unlocked.keyring, clock,
            working_copy=None if working_copy is None else stored_name(working_copy),
            lease=unlocked.lease,
        )  # fmt: skip
        unlocked.keyring.require_header(
            unlocked.header.encode(), bytes.fromhex(journal.manifest.header_tag)
        )
        journal.states.require_working_copy()
    except BaseException:
        unlocked.keyring.wipe()
        if unlocked.lease is not None:
            unlocked.lease.release()
        raise
    return journal
