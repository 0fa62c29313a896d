"""What an open store does with records that could not be read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rolethread_store.formats import ReadingOptions, Repair
from rolethread_store.query import QuarantinedRecord, quarantined, quarantined_count
from rolethread_store.store import mending
from rolethread_store.store.aside_files import write_quarantine
from rolethread_store.store.bringing import Place
from rolethread_store.store.parts import Parts

__all__ = ["QuarantineVerbs"]


class QuarantineVerbs:
    """The part of :class:`Store` that looks at quarantine and mends it."""

    _parts: Parts

    def quarantine(
        self, dataset: str | None = None, *, limit: int | None = None
    ) -> list[QuarantinedRecord]:
        """Return the source records that imports set aside and no later one could read.

        Args:
            dataset: Only this dataset's records.
            limit: The first ones, as many at most; ``None`` for all.
        """
        return quarantined(self._parts.reader, self._parts.folds(dataset), limit=limit)

    def quarantine_count(self, dataset: str | None = None) -> int:
        """Return how many records :meth:`quarantine` has without a limit."""
        return quarantined_count(self._parts.reader, self._parts.folds(dataset))

    def quarantined_record(
        self, name: str, dataset: str | None = None, *, repair: bool = True
    ) -> tuple[QuarantinedRecord, Repair | None]:
        """Return one such record, with a proposal for mending it if there is one to make.

        Args:
            name: Its id, or its file and number as ``SOURCE:RECORD``.
            dataset: Look in this dataset only.
            repair: Make the proposal; it needs the extra ``repair`` for a broken record.

        Raises:
            QuarantinedMissing: there is none.
            QuarantinedUnclear: there are several.
            RepairLibraryMissing: the extra is not installed.
        """
        return mending.looked_at(self._parts, name, dataset, repair=repair)

    def export_quarantine(
        self,
        path: str | Path,
        dataset: str | None = None,
        *,
        json: bool = False,
        force: bool = False,
    ) -> int:
        """Write what was set aside, decrypted, to a file and return how many records it has.

        Args:
            path: The file.
            dataset: Only this dataset's records.
            json: Write each with its place and reason as a line of JSON, not its bytes alone.
            force: Replace an existing file.

        Raises:
            OutputExists: the file is there and ``force`` is not.
            OutputUnwritable: the disk refuses.
        """
        return write_quarantine(self.quarantine(dataset), Path(path), as_json=json, force=force)

    def retry_quarantined(  # noqa: PLR0913 - keywords of the public door
        self,
        dataset: str,
        *,
        sources: Collection[str] = (),
        records: Collection[int] = (),
        repair: bool = False,
        file: str | Path | None = None,
        assistants: Collection[str] = (),
        user_name: str | None = None,
    ) -> mending.RetryReport:
        """Read records from quarantine once more; what can be read now is imported.

        What was read leaves the list. It is one change, and undo brings all of it back.

        Args:
            dataset: The dataset.
            sources: Only records of these files.
            records: Only records of these numbers.
            repair: Read the proposed repair of a record where it changes no word of it.
            file: Read this file's records instead, one for each record meant, in order of
                file and number.
            assistants: Speakers whose turns are the assistant's.
            user_name: What ``{{user}}`` is called.

        Raises:
            DatasetMissing: there is no such dataset.
            FixedFileUnfit: ``file`` has not as many records as are meant.
            RepairLibraryMissing: ``repair`` needs the extra ``repair``.
        """
        order = mending.MendOrder(
            sources=sources,
            records=records,
            repair=repair,
            file=None if file is None else Path(file),
            options=ReadingOptions(frozenset(assistants), user_name),
        )
        return mending.retry(self._parts, Place(dataset), order)
