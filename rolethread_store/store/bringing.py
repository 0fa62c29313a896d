"""Import: files in, one batch published, one change set committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import MAIN, DatasetFold, WorkingCopyMissing
from rolethread_store.dataset import stored_name
from rolethread_store.errors import Conflict, InvalidInput
from rolethread_store.formats import (
    ImportOutcome,
    ImportTarget,
    SourceFile,
    SourceOptions,
    import_files,
)
from rolethread_store.model import (
    BatchAttached,
    BatchKind,
    Change,
    DatasetCreated,
    ProgressListener,
)
from rolethread_store.segments import BatchWriter, scan
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ImportReport, QuarantineNote

__all__ = ["DatasetNameInvalid", "DatasetNameTaken", "Place", "import_into", "usable_name"]

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


def import_into(
    parts: Parts,
    place: Place,
    paths: Sequence[str | Path | SourceFile],
    *,
    dry_run: bool,
    listener: ProgressListener,
    reading: SourceOptions | None = None,
) -> ImportReport:
    """Import files into a dataset, which is made when it is not there.

    Raises:
        WorkingCopyMissing: the dataset does not have the working copy.
    """
    started = perf_counter()
    if not paths:
        raise InvalidInput("name at least one file to import")
    if not dry_run:
        parts.journal.require_no_block()
        parts.journal.begin_write()
    dataset = Place(usable_name(parts, place.dataset), place.working_copy)
    fold = _present(parts, dataset)
    import_id = parts.journal.clock.new_id()
    entries = None if dry_run else parts.room.writer(BatchKind.ENTRIES)
    quarantine = None if dry_run else parts.room.writer(BatchKind.QUARANTINE)
    target = ImportTarget(
        session=parts.room.session,
        clock=parts.journal.clock,
        import_id=import_id,
        first_position=_first_position(parts, fold),
        entries=entries,
        quarantine=quarantine,
    )
    try:
        outcome = import_files(paths, target, listener, reading)
        set_id = None
        if entries is not None and quarantine is not None:
            set_id = _committed(parts, dataset, import_id, outcome, (entries, quarantine))
    except BaseException:
        for writer in (entries, quarantine):
            if writer is not None:
                writer.abandon()
        raise
    return _report(dataset.dataset, outcome, set_id, dry_run=dry_run, started=started)


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


def _first_position(parts: Parts, fold: DatasetFold | None) -> int:
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


def _committed(
    parts: Parts,
    place: Place,
    import_id: UUID,
    outcome: ImportOutcome,
    writers: tuple[BatchWriter, BatchWriter],
) -> UUID:
    """Publish the batches, then commit the one frame that makes them part of the dataset."""
    entries, quarantine = (writer.finish() for writer in writers)
    batches = [batch for batch in (entries, quarantine) if batch is not None]
    if batches:
        parts.journal.publish(batches)
    fold = parts.journal.find_named(place.dataset, place.working_copy)
    changes: list[Change] = []
    dataset_id = parts.journal.clock.new_id() if fold is None else fold.dataset_id
    if fold is None:
        changes.append(DatasetCreated(dataset_id=dataset_id, name=place.dataset))
    changes.append(
        BatchAttached(
            dataset_id=dataset_id,
            import_id=import_id,
            batch_id=None if entries is None else entries.batch_id,
            quarantine_id=None if quarantine is None else quarantine.batch_id,
            sources=outcome.sources,
        )
    )
    names = ", ".join(source.name for source in outcome.sources)
    kept = sum(source.kept for source in outcome.sources)
    return parts.journal.commit(changes, f"import {names}: {kept:,} entries").set_id


def _report(
    dataset: str,
    outcome: ImportOutcome,
    set_id: UUID | None,
    *,
    dry_run: bool,
    started: float,
) -> ImportReport:
    return ImportReport(
        dataset=dataset,
        sources=tuple(source.name for source in outcome.sources),
        records=sum(source.records for source in outcome.sources),
        entries=sum(source.kept for source in outcome.sources),
        quarantined=sum(source.quarantined for source in outcome.sources),
        formats=dict(outcome.formats),
        quarantine=tuple(
            QuarantineNote(note.source, note.record, note.offset, note.reason)
            for note in outcome.samples
        ),
        dry_run=dry_run,
        seconds=perf_counter() - started,
        set_id=set_id,
    )
