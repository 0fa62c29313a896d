"""One dataset of an open store, as users hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import stored_name
from rolethread_store.editing import among, bulk_tags
from rolethread_store.model import ChangeSet, Entry, ProgressListener, unheard
from rolethread_store.query import (
    Result,
    SearchHit,
    SearchMode,
    SearchQuestion,
    count,
    page,
    search,
)
from rolethread_store.store import bringing, editions, leaving, overview
from rolethread_store.store.editions import EntryMissing
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ExportReport, ImportReport, LogItem

__all__ = ["Dataset"]


class Dataset:
    """A handle on a dataset by name; it exists from its first import on."""

    def __init__(self, parts: Parts, name: str) -> None:
        self._parts = parts
        self.name = stored_name(name)

    @property
    def _fold(self) -> DatasetFold:
        return self._parts.journal.fold_named(self.name)

    @property
    def exists(self) -> bool:
        """Whether the store has it."""
        return self._parts.journal.find_named(self.name) is not None

    def import_file(
        self, path: str | Path, *, dry_run: bool = False, progress: ProgressListener = unheard
    ) -> ImportReport:
        """Add the records of a file; see :meth:`import_files`."""
        return self.import_files([path], dry_run=dry_run, progress=progress)

    def import_files(
        self,
        paths: Sequence[str | Path],
        *,
        dry_run: bool = False,
        progress: ProgressListener = unheard,
    ) -> ImportReport:
        """Add the records of files, in order, as one change.

        Every record becomes an entry or is set aside with its place, bytes and reason.
        The files are only read.

        Raises:
            NotFound: a file is not there.
            InvalidInput: a file is not text in UTF-8, or the dataset's name cannot be used.
            Unavailable: the disk is full; nothing was added.
        """
        return bringing.import_into(
            self._parts, self.name, [Path(path) for path in paths], dry_run=dry_run,
            listener=progress,
        )  # fmt: skip

    def sql(self, query: str) -> Result:
        """Answer SQL with ``entries`` and ``messages`` restricted to this dataset."""
        return self._parts.console.run(query, self.name)

    def count(self) -> int:
        """Return how many entries it has."""
        return count(self._parts.reader, self._parts.reader.relation(self._fold))

    def page(self, limit: int = 25, offset: int = 0) -> list[Entry]:
        """Return up to ``limit`` entries in order, after ``offset`` others."""
        return page(self._parts.reader, self._fold, limit, offset)

    def get(self, entry_id: str | UUID) -> Entry:
        """Return one entry of this dataset.

        Raises:
            EntryMissing: it is not in this dataset.
        """
        found = editions.entry(self._parts, entry_id)
        if found.dataset != self.name:
            raise EntryMissing(f"entry {entry_id} is in “{found.dataset}”, not in “{self.name}”")
        return found.entry

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
        return self._item(editions.edit(self._parts, entry_id, order, self.name))

    def delete(self, entry_ids: Sequence[str | UUID]) -> LogItem:
        """Take entries out of this dataset, all or none."""
        return self._item(editions.delete(self._parts, entry_ids, self.name))

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
        return self._tags(tags, (), entries, where)

    def remove_tags(
        self,
        tags: Sequence[str],
        *,
        entries: Sequence[str | UUID] | None = None,
        where: str | None = None,
    ) -> LogItem | None:
        """Remove tags; see :meth:`add_tags`."""
        return self._tags((), tags, entries, where)

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

    def undo(self) -> LogItem:
        """Take the dataset's newest change out of effect."""
        return self._item(self._parts.journal.undo(self._fold.dataset_id))

    def redo(self) -> LogItem:
        """Put the dataset's change that was undone last back into effect."""
        dataset_id = self._parts.dataset_id(self.name, gone=True)
        return self._item(self._parts.journal.redo(dataset_id))

    def log(self, limit: int | None = None) -> list[LogItem]:
        """Return the dataset's history, newest first."""
        return overview.log(self._parts, self.name, limit)

    def export(
        self,
        path: str | Path,
        format: str = "chatml",
        *,
        clean: bool = False,
        where: str | None = None,
        force: bool = False,
        progress: ProgressListener = unheard,
    ) -> ExportReport:
        """Write the entries, decrypted, to a JSONL file.

        Args:
            path: The file.
            format: ``chatml`` or ``sharegpt``.
            clean: Only what a trainer reads; without tags and unknown fields.
            where: SQL condition over the entries' columns.
            force: Replace an existing file.
            progress: Told how many entries are written.

        Raises:
            OutputExists: the file is there and ``force`` is not.
            QueryInvalid: the condition is wrong.
        """
        order = leaving.ExportOrder(Path(path), format, clean=clean, where=where, force=force)
        return leaving.export_to(self._parts, self._fold, order, progress)

    def _tags(
        self,
        add: Sequence[str],
        remove: Sequence[str],
        entries: Sequence[str | UUID] | None,
        where: str | None,
    ) -> LogItem | None:
        journal = self._parts.journal
        journal.begin_write()
        fold = self._fold
        words = f"{'add' if add else 'remove'} tags {', '.join([*add, *remove])}"
        if entries is not None:
            keys = [editions.parsed_id(entry_id) for entry_id in entries]
            for key in keys:
                editions.locate(self._parts, key, fold)
            where = among(keys)
        bulk = bulk_tags(self._parts.reader, self._parts.room, fold, where, add=add, remove=remove)
        if bulk.change is None:
            return None
        if bulk.batch is not None:
            journal.publish([bulk.batch])
        return self._item(journal.commit((bulk.change,), f"{words}: {bulk.affected:,} entries"))

    def _item(self, record: ChangeSet) -> LogItem:
        return overview.item(self._parts, record)
