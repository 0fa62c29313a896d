"""Import: files in, one batch published, one change set committed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import BinaryIO, ClassVar, TypedDict
from uuid import UUID

from rolethread_store.changelog import MAIN, DatasetFold, WorkingCopyMissing
from rolethread_store.dataset import stored_name
from rolethread_store.errors import Conflict, InvalidInput
from rolethread_store.formats import (
    ContentDigest,
    ImportOutcome,
    ImportTarget,
    ReadingOptions,
    SourceFile,
    SourceOptions,
    TableOptions,
    import_files,
)
from rolethread_store.model import (
    BatchAttached,
    BatchKind,
    Change,
    DatasetCreated,
    FactPut,
    Mended,
    ProgressListener,
    unheard,
)
from rolethread_store.segments import BatchWriter, scan
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ImportReport, QuarantineNote, RenamedDefinition

__all__ = [
    "Brought",
    "DatasetNameInvalid",
    "DatasetNameTaken",
    "ImportOptions",
    "ImportOrder",
    "Place",
    "Writers",
    "commit_import",
    "first_position",
    "import_into",
    "import_order",
    "import_report",
    "open_writers",
    "usable_name",
]

_LONGEST_NAME = 120
_STEP = 1024
_RESERVED = frozenset({"entries", "messages"})


class DatasetNameInvalid(InvalidInput):
    """A text that cannot be a dataset's name."""

    code: ClassVar[str] = "store.dataset-name-invalid"


class DatasetNameTaken(Conflict):
    """Another dataset's name differs only in case, which SQL does not tell apart."""

    code: ClassVar[str] = "store.dataset-name-taken"


@dataclass(frozen=True, slots=True)
class Place:
    """Where entries go: a dataset, which may be new, and one of its working copies."""

    dataset: str
    working_copy: str | None = None


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """How files are to be imported.

    Attributes:
        dry_run: Read and count, but store nothing.
        again: Import also what this dataset has from an earlier import of the same file.
        exact: Keep what ``export --exact`` needs: of every file, of none, or (``None``) of
            those up to 64 MiB.
        options: Who speaks, where the records do not say it.
        reading: How the sources are to be read.
    """

    dry_run: bool = False
    again: bool = False
    exact: bool | None = None
    options: ReadingOptions = field(default_factory=ReadingOptions)
    reading: SourceOptions | None = None


class ImportOptions(TypedDict, total=False):
    """What can be said about how sources are to be read; all of it may be left out.

    Attributes:
        assistants: Speakers whose turns are the assistant's, where nothing else tells.
        user_name: What ``{{user}}`` is called, ``None`` to leave such marks as they are.
        encoding: Of text that is not Unicode.
        columns: Of tables, each ``NAME=COLUMN``.
        group: Column of a table whose rows with one value are one conversation.
        table: ``csv`` or ``tsv`` to read text as a table, whatever its name.
        stdin: What ``-`` stands for.
        exact: Whether to keep what an exact export needs; ``None`` to do so for files up to
            64 MiB.
    """

    assistants: Collection[str]
    user_name: str | None
    encoding: str | None
    columns: Sequence[str]
    group: str | None
    table: str | None
    stdin: BinaryIO | None
    exact: bool | None


def import_order(
    options: ImportOptions, *, dry_run: bool = False, again: bool = False
) -> ImportOrder:
    """Return the order that options amount to.

    Raises:
        InvalidInput: what is said of tables cannot be.
    """
    tables = TableOptions.parse(
        options.get("columns", ()), options.get("group"), options.get("table")
    )
    return ImportOrder(
        dry_run,
        again,
        options.get("exact"),
        ReadingOptions(frozenset(options.get("assistants", ())), options.get("user_name")),
        SourceOptions(options.get("encoding"), tables, stdin=options.get("stdin")),
    )


def import_into(
    parts: Parts,
    place: Place,
    paths: Sequence[str | Path | SourceFile],
    order: ImportOrder,
    listener: ProgressListener = unheard,
) -> ImportReport:
    """Import files into a dataset, which is made when it is not there.

    Files whose content an import in effect has read add nothing; when all are such, nothing
    is committed.

    Raises:
        WorkingCopyMissing: the dataset does not have the working copy.
    """
    started = perf_counter()
    if not paths:
        raise InvalidInput("name at least one file to import")
    if not order.dry_run:
        parts.journal.require_no_block()
        parts.journal.begin_write()
    dataset = Place(usable_name(parts, place.dataset), place.working_copy)
    fold = _present(parts, dataset)
    target = ImportTarget(
        session=parts.room.session,
        clock=parts.journal.clock,
        import_id=parts.journal.clock.new_id(),
        first_position=first_position(parts, fold),
        entries=None,
        quarantine=None,
        options=order.options,
        reading=order.reading,
        known=parts.journal.facts.facts,
        imported=None if order.again else _imported(fold),
        exact=order.exact,
    )
    if order.dry_run:
        outcome, set_id = import_files(paths, target, listener), None
    else:
        outcome, set_id = _written(parts, dataset, paths, target, listener)
    return import_report(dataset.dataset, outcome, set_id, dry_run=order.dry_run, started=started)


def _written(
    parts: Parts,
    place: Place,
    paths: Sequence[str | Path | SourceFile],
    target: ImportTarget,
    listener: ProgressListener,
) -> tuple[ImportOutcome, UUID | None]:
    """Import files for good, unless they bring nothing."""
    with open_writers(parts) as writers:
        target = writers.into(target)
        outcome = import_files(paths, target, listener)
        if not _brings(outcome):
            writers.abandon()
            return outcome, None
        return outcome, commit_import(parts, place, Brought(target.import_id, outcome), writers)


@dataclass(frozen=True, slots=True)
class Writers:
    """What an import writes: entries, records set aside, and originals."""

    entries: BatchWriter
    quarantine: BatchWriter
    originals: BatchWriter

    def into(self, target: ImportTarget) -> ImportTarget:
        """Return a target that writes here."""
        return replace(
            target, entries=self.entries, quarantine=self.quarantine, originals=self.originals
        )

    def abandon(self) -> None:
        """Drop what was staged."""
        for writer in (self.entries, self.quarantine, self.originals):
            writer.abandon()


@contextmanager
def open_writers(parts: Parts) -> Iterator[Writers]:
    """Give the writers of an import; what they staged goes if the block fails."""
    kinds = (BatchKind.ENTRIES, BatchKind.QUARANTINE, BatchKind.ORIGINALS)
    writers = Writers(*(parts.room.writer(kind) for kind in kinds))
    try:
        yield writers
    except BaseException:
        writers.abandon()
        raise


def _imported(fold: DatasetFold | None) -> dict[ContentDigest, int]:
    """Return the files that imports in effect have read, with their records."""
    if fold is None:
        return {}
    return {
        ContentDigest(source.digest, source.size): source.records
        for _, attached in fold.attached
        for source in attached.sources
        if source.digest is not None and source.size is not None
    }


def _brings(outcome: ImportOutcome) -> bool:
    """Tell whether an import has read anything that was not there before.

    An empty file makes its dataset, as it always did.
    """
    return not all(source.duplicates for source in outcome.sources)


def usable_name(parts: Parts, name: str, *, of: str = "") -> str:
    """Return a dataset name as it is stored; ``of`` is the name it has now, if it has one.

    Raises:
        DatasetNameInvalid: it is empty, too long, not printable, or a view's name.
        DatasetNameTaken: a dataset's name differs only in case.
    """
    clean = stored_name(name)
    if not clean or len(clean) > _LONGEST_NAME or not clean.isprintable():
        raise DatasetNameInvalid(f"a dataset's name has 1 to {_LONGEST_NAME} printable characters")
    if clean.casefold() in _RESERVED:
        raise DatasetNameInvalid(f"“{clean}” is the name of a view in SQL; choose another")
    for fold in parts.journal.existing():
        if fold.name not in (clean, of) and fold.name.casefold() == clean.casefold():
            raise DatasetNameTaken(f"there is a dataset “{fold.name}” already")
    return clean


def _present(parts: Parts, place: Place) -> DatasetFold | None:
    """Return the working copy to add to, ``None`` for a dataset to be made.

    Raises:
        WorkingCopyMissing: the dataset does not have it; a new one has only its main one.
    """
    fold = parts.journal.find_named(place.dataset, place.working_copy)
    named = place.working_copy or parts.journal.states.working_copy
    if fold is None and named not in (None, MAIN):
        raise WorkingCopyMissing(
            f"there is no dataset “{place.dataset}” yet, and so no working copy “{named}” of it",
            hint=f"a new dataset has one working copy: --working-copy {MAIN}",
        )
    return fold


def first_position(parts: Parts, fold: DatasetFold | None) -> int:
    """Return where the next entry goes: behind all that are, or may come back."""
    if fold is None:
        return _STEP
    # Entries that were deleted or whose import was reverted keep their places: a revert may
    # bring them back, and two entries must not stand at one.
    brought = parts.journal.history.batches_brought(fold.dataset_id)
    batches = [parts.journal.batch(batch_id) for batch_id in brought]
    relation = parts.reader.relation(fold)
    parts.reader.admit(batches)
    once = scan(batches, parts.journal.layout)
    return int(
        parts.reader.rows(
            f"SELECT coalesce(max(position), 0) + {_STEP} FROM "
            f"(SELECT position FROM ({relation}) UNION ALL SELECT position FROM ({once}))"
        )[0][0]
    )


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import has to commit.

    Attributes:
        import_id: The import.
        outcome: What it read.
        mended: What it took from quarantine.
        summary: What it did, for the log; by default it names the files.
    """

    import_id: UUID
    outcome: ImportOutcome
    mended: tuple[Mended, ...] = ()
    summary: str | None = None


def commit_import(parts: Parts, place: Place, brought: Brought, writers: Writers) -> UUID:
    """Publish the batches, then commit the one frame that makes them part of the dataset."""
    entries, quarantine = writers.entries.finish(), writers.quarantine.finish()
    originals = writers.originals.finish()
    batches = [batch for batch in (entries, quarantine, originals) if batch is not None]
    if batches:
        parts.journal.publish(batches)
    fold = parts.journal.find_named(place.dataset, place.working_copy)
    changes: list[Change] = []
    dataset_id = parts.journal.clock.new_id() if fold is None else fold.dataset_id
    if fold is None:
        changes.append(DatasetCreated(dataset_id=dataset_id, name=place.dataset))
    attached = BatchAttached(
        dataset_id=dataset_id,
        import_id=brought.import_id,
        batch_id=None if entries is None else entries.batch_id,
        quarantine_id=None if quarantine is None else quarantine.batch_id,
        originals_id=None if originals is None else originals.batch_id,
        sources=brought.outcome.sources,
        mended=brought.mended,
    )
    changes.append(attached)
    changes += [FactPut(fact=fact) for fact in brought.outcome.facts]
    names = ", ".join(source.name for source in attached.sources)
    summary = brought.summary or f"import {names}"
    return parts.journal.commit(changes, f"{summary}: {attached.kept:,} entries").set_id


def import_report(
    dataset: str,
    outcome: ImportOutcome,
    set_id: UUID | None,
    *,
    dry_run: bool,
    started: float,
) -> ImportReport:
    """Return what an import did, for people."""
    sources = outcome.sources
    return ImportReport(
        dataset=dataset,
        sources=tuple(source.name for source in sources),
        records=sum(source.records for source in sources),
        kept=sum(source.kept for source in sources),
        duplicates=sum(source.duplicates for source in sources),
        entries=sum(one.kept if one.entries is None else one.entries for one in sources),
        definitions=len(outcome.facts),
        quarantined=sum(source.quarantined for source in sources),
        formats=dict(outcome.formats),
        quarantine=tuple(
            QuarantineNote(note.source, note.record, note.offset, note.reason)
            for note in outcome.samples
        ),
        renamed=tuple(RenamedDefinition(one.kind, one.key, one.new_key) for one in outcome.renamed),
        dry_run=dry_run,
        seconds=perf_counter() - started,
        set_id=set_id,
    )
