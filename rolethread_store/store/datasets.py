"""One dataset of an open store, as users hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Unpack
from uuid import UUID

from rolethread_store.changelog import MAIN, DatasetFold
from rolethread_store.dataset import stored_name
from rolethread_store.model import ChangeSet, Entry, ProgressListener, unheard
from rolethread_store.query import (
    Difference,
    Result,
    SearchHit,
    SearchMode,
    SearchQuestion,
    count,
    page,
    search,
)
from rolethread_store.store import (
    comparing,
    dropping,
    editions,
    exacting,
    leaving,
    overview,
    reverting,
    tagging,
    versions,
)
from rolethread_store.store.dropping import ShredReport
from rolethread_store.store.editions import EntryMissing
from rolethread_store.store.format_verbs import FormatVerbs
from rolethread_store.store.import_verbs import ImportVerbs
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import (
    ExportReport,
    LogItem,
    VersionInfo,
    WorkingCopyInfo,
)
from rolethread_store.store.transactions import Transaction

__all__ = ["Dataset"]


class Dataset(ImportVerbs, FormatVerbs):
    """A handle on a dataset by name; it exists from its first import on.

    Attributes:
        name: The dataset's name.
        working_copy: The working copy it works in; ``None`` for the one the store was
            opened with, which is the main one unless another was named.
    """

    def __init__(self, parts: Parts, name: str, working_copy: str | None = None) -> None:
        self._parts = parts
        self.name = stored_name(name)
        self.working_copy = None if working_copy is None else stored_name(working_copy)

    @property
    def _fold(self) -> DatasetFold:
        return self._parts.journal.fold_named(self.name, self.working_copy)

    def _read(self, at: int | None) -> DatasetFold:
        """Return the state to read: the working copy's, or a version's."""
        fold = self._fold
        return fold if at is None else self._parts.journal.states.at(fold.dataset_id, at)

    @property
    def exists(self) -> bool:
        """Whether the store has it."""
        return self._parts.journal.find_named(self.name, MAIN) is not None

    def sql(self, query: str, *, at: int | None = None) -> Result:
        """Answer SQL with ``entries`` and ``messages`` restricted to this dataset.

        Args:
            query: One read-only statement.
            at: Ask this version instead of the working copy.
        """
        return self._parts.console.run(query, [self._read(at)])

    def count(self, *, at: int | None = None) -> int:
        """Return how many entries it has, or had ``at`` a version."""
        return count(self._parts.reader, self._parts.reader.relation(self._read(at)))

    def page(self, limit: int = 25, offset: int = 0, *, at: int | None = None) -> list[Entry]:
        """Return up to ``limit`` entries in order, after ``offset`` others."""
        return page(self._parts.reader, self._read(at), limit, offset)

    def get(self, entry_id: str | UUID) -> Entry:
        """Return one entry of this dataset.

        Raises:
            EntryMissing: it is not in this dataset.
        """
        fold = self._fold
        try:
            return editions.entry(self._parts, entry_id, fold).entry
        except EntryMissing:
            other = editions.entry(self._parts, entry_id).dataset
        raise EntryMissing(f"entry {entry_id} is in “{other}”, not in “{self.name}”")

    def edit(
        self,
        entry_id: str | UUID,
        *,
        message: int | None = None,
        content: str | None = None,
        entry: Mapping[str, object] | str | None = None,
    ) -> LogItem:
        """Change one entry, durably; see :meth:`Store.edit`."""
        order = editions.EditOrder(message, content, entry)
        return self._item(editions.edit(self._parts, entry_id, order, self._fold_to_write()))

    def transaction(self, summary: str | None = None) -> Transaction:
        """Return a block whose changes of entries commit together; see :meth:`Store.transaction`.

        Changes of other datasets inside the block are part of it too.
        """
        return Transaction(self._parts, summary)

    def delete(self, entry_ids: Sequence[str | UUID]) -> LogItem:
        """Take entries out of this dataset, all or none."""
        return self._item(editions.delete(self._parts, entry_ids, self._fold_to_write()))

    def add_tags(
        self,
        tags: Sequence[str],
        *,
        entries: Sequence[str | UUID] | None = None,
        where: str | None = None,
    ) -> LogItem | None:
        """Add tags to some entries, to those a condition selects, or to all.

        Returns:
            The change; ``None`` when every entry had the tags already.

        Raises:
            EntryMissing: an entry is not in this dataset.
            TagInvalid: a text cannot be a tag.
            QueryInvalid: the condition is wrong.
        """
        return self._tags(tagging.TagOrder(tags, (), entries, where))

    def remove_tags(
        self,
        tags: Sequence[str],
        *,
        entries: Sequence[str | UUID] | None = None,
        where: str | None = None,
    ) -> LogItem | None:
        """Remove tags; see :meth:`add_tags`."""
        return self._tags(tagging.TagOrder((), tags, entries, where))

    def search(
        self,
        text: str,
        *,
        roles: Sequence[str] = (),
        tags: Sequence[str] = (),
        mode: str = "contains",
        limit: int | None = None,
    ) -> list[SearchHit]:
        """Return the entries in which a text occurs; see :class:`SearchQuestion`."""
        question = SearchQuestion(text, SearchMode.of(mode), tuple(roles), tuple(tags), limit)
        return search(self._parts.reader, [self._fold], question)

    def undo(self, *, to: int | None = None) -> LogItem:
        """Take the working copy's newest change out of effect.

        Args:
            to: Number of the change that is to be the newest in effect afterwards; all
                changes above it are taken out by one record.

        Raises:
            NothingToUndo: nothing is left, or change ``to`` is not in effect here.
            UndoBlocked: another dataset that the change touched has changed since.
        """
        copy_id = self._copy_to_write()
        if to is None:
            return self._item(self._parts.journal.undo(copy_id))
        kept = overview.numbered(self._parts, to)
        return self._item(self._parts.journal.undo(copy_id, kept.set_id))

    def redo(self) -> LogItem:
        """Put back into effect what the last undo took out of the working copy."""
        self._parts.journal.begin_write()
        copy_id = self._parts.dataset_id(self.name, self.working_copy, gone=True)
        return self._item(self._parts.journal.redo(copy_id))

    def revert(self, change: int) -> LogItem:
        """Take one earlier change out of effect, of any age; those after it stay.

        It is a change like any other: undo takes it back, and reverting it puts the earlier
        change back. A change that this working copy inherited stays in effect elsewhere.

        Args:
            change: Its number, as the log shows it.

        Raises:
            ChangeMissing: there is no such change.
            NothingToRevert: it is not in effect here.
            RevertConflict: later changes depend on it; the error names them.
        """
        return self._item(reverting.revert(self._parts, change, self._copy_to_write()))

    def drop(self) -> LogItem:
        """Stop listing the dataset with all its working copies; an undo brings it back."""
        return self._item(dropping.drop(self._parts, self._fold_to_write()))

    def shred(self) -> ShredReport:
        """Destroy the dataset with its versions, working copies and history, for good.

        Backups on remotes, exported files and copies of the store still hold it.

        Raises:
            RekeyUnfinished: a rekey has to be finished or abandoned first.
        """
        return dropping.shred(self._parts, self.name)

    def rename(self, name: str) -> LogItem:
        """Give the dataset another name; this handle follows.

        Raises:
            DatasetNameInvalid: the name cannot be used.
            DatasetNameTaken: another dataset has it.
        """
        done = dropping.rename(self._parts, self._fold_to_write(), name)
        self.name = stored_name(name)
        return self._item(done)

    def publish(self, message: str | None = None) -> VersionInfo:
        """Give the present state the next number; what it names never changes.

        Raises:
            NothingToPublish: it is a version already, unchanged.
        """
        return versions.publish(self._parts, self._fold_to_write(), message)

    def versions(self) -> list[VersionInfo]:
        """Return the dataset's versions, newest first."""
        return versions.versions(self._parts, self._fold)

    def checkout(self, version: int) -> LogItem:
        """Give the working copy the state of a version; one undo takes it back.

        Raises:
            VersionMissing: there is no such version.
        """
        return self._item(versions.checkout(self._parts, self._fold_to_write(), version))

    def discard(self) -> LogItem:
        """Take the working copy back to the version it came from; one undo brings all back.

        Raises:
            NothingPublished: it comes from no version.
            NothingToDiscard: it has not changed since.
        """
        return self._item(versions.discard(self._parts, self._fold_to_write()))

    def fork(self, name: str, *, at: int | None = None) -> Dataset:
        """Make another working copy that starts from this one, or from a version.

        Raises:
            VersionMissing: there is no such version.
            WorkingCopyNameInvalid: the name cannot be used.
            WorkingCopyNameTaken: the dataset has one of that name.
        """
        made = versions.fork(self._parts, self._fold_to_write(), name, at)
        return Dataset(self._parts, self.name, made.name)

    def working_copies(self) -> list[WorkingCopyInfo]:
        """Return the dataset's working copies, the main one first."""
        return versions.working_copies(self._parts, self._fold)

    def delete_working_copy(self, *, force: bool = False) -> LogItem:
        """Stop listing the working copy of this handle; the log keeps its changes.

        Raises:
            WorkingCopyNameInvalid: it is the main one.
            UnpublishedChanges: no version holds its changes, and ``force`` is not given.
        """
        fold = self._fold_to_write()
        return self._item(versions.delete_copy(self._parts, fold, force=force))

    def diff(self, before: int | None = None, after: int | None = None) -> Difference:
        """Return what differs between two states: entries, messages, fields and words.

        The counts are known at once; the entries are read page by page when asked for.

        Args:
            before: Version to start from; by default the one the working copy came from.
            after: Version to end with; by default the working copy as it is now.

        Raises:
            NothingPublished: ``before`` is not given, and the working copy has no version.
            VersionMissing: there is no such version.
        """
        return comparing.difference(self._parts, self._fold, before, after)

    def log(self, limit: int | None = None) -> list[LogItem]:
        """Return the dataset's history, newest first."""
        return overview.log(self._parts, self.name, limit)

    def export(
        self,
        path: str | Path | BinaryIO,
        format: str = "chatml",
        *,
        at: int | None = None,
        progress: ProgressListener = unheard,
        **options: Unpack[leaving.ExportOptions],
    ) -> ExportReport:
        """Write the entries, decrypted, as a trainer takes them, with a manifest beside them.

        Args:
            path: The file, or the folder for targets that are one, or an open binary stream.
            format: The target: ``chatml``, ``sharegpt``, ``alpaca``, ``trl``, …
            at: Write this version instead of the working copy.
            progress: Told how many records are written.
            options: ``clean``, ``where``, ``force`` and more: see :class:`ExportOptions`.

        Raises:
            FormatUnknown: there is no such target or shape.
            OutputExists: the file is there and ``force`` is not.
            ExportRefused: the trainer would refuse or drop entries; nothing was written.
            NothingToWrite: the target can carry none of the entries.
            QueryInvalid: the condition is wrong.
        """
        order = leaving.ExportOrder(path, format, options)
        return leaving.export_to(self._parts, self.name, self._read(at), order, progress)

    def export_exact(
        self,
        path: str | Path | BinaryIO,
        *,
        at: int | None = None,
        progress: ProgressListener = unheard,
        **options: Unpack[exacting.ExactOptions],
    ) -> ExportReport:
        """Write the entries, decrypted, as their sources had them, byte for byte.

        A record that was changed is written in the format it came in. A file of which every
        record is here and untouched comes out as the same file.

        Args:
            path: The file, or an open binary stream.
            at: Write this version instead of the working copy.
            progress: Told how many records are written.
            options: ``where``, ``force``, ``allow``: see :class:`ExactOptions`.

        Raises:
            NotKept: an import has not kept the bytes of some entries, or the files they came
                from cannot be one.
            OutputExists: the file is there and ``force`` is not.
            QueryInvalid: the condition is wrong.
        """
        return exacting.export_exactly(
            self._parts, self.name, self._read(at), exacting.ExactOrder(path, options), progress
        )

    def _tags(self, order: tagging.TagOrder) -> LogItem | None:
        done = tagging.tag(self._parts, self._fold_to_write(), order)
        return None if done is None else self._item(done)

    def _fold_to_write(self) -> DatasetFold:
        """Return the working copy's newest state, as the store's writer."""
        self._parts.journal.begin_write()
        return self._fold

    def _copy_to_write(self) -> UUID:
        """Return which working copy is meant, as the store's writer; nothing is folded."""
        self._parts.journal.begin_write()
        return self._parts.journal.states.copy_named(self.name, self.working_copy)

    def _item(self, record: ChangeSet) -> LogItem:
        return overview.item(self._parts, record)
