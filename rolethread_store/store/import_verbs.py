"""The verbs of a dataset that bring records in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from rolethread_store.formats import SourceFile
from rolethread_store.model import ProgressListener, unheard
from rolethread_store.store import bringing
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ImportReport

__all__ = ["ImportVerbs"]


class ImportVerbs:
    """What :class:`~rolethread_store.store.Dataset` does with foreign files."""

    _parts: Parts
    name: str
    working_copy: str | None

    def import_file(
        self,
        path: str | Path,
        *,
        dry_run: bool = False,
        again: bool = False,
        progress: ProgressListener = unheard,
    ) -> ImportReport:
        """Add the records of a file; see :meth:`import_files`."""
        return self.import_files([path], dry_run=dry_run, again=again, progress=progress)

    def import_files(
        self,
        paths: Sequence[str | Path | SourceFile],
        *,
        dry_run: bool = False,
        again: bool = False,
        progress: ProgressListener = unheard,
        **options: Unpack[bringing.ImportOptions],
    ) -> ImportReport:
        """Add the records of files, patterns or URLs, in order, as one change.

        Every record becomes an entry or is set aside with its place, bytes and reason.
        The files are only read. A file that this dataset has imported before, whatever its
        name, adds nothing.

        Args:
            paths: The files.
            dry_run: Read and count, but store nothing.
            again: Import also files that were imported before.
            progress: Hears of bytes read.
            options: Who speaks, encodings, tables: see :class:`ImportOptions`.

        Raises:
            NotFound: a file is not there.
            InvalidInput: a file cannot be read, or the dataset's name cannot be used.
            Unavailable: the disk is full or failed; nothing was added.
        """
        order = bringing.import_order(options, dry_run=dry_run, again=again)
        place = bringing.Place(self.name, self.working_copy)
        return bringing.import_into(self._parts, place, paths, order, progress)
