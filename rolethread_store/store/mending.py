"""Quarantine: what was set aside is looked at, mended and read once more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from time import perf_counter
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.errors import InvalidInput
from rolethread_store.formats import (
    ImportTarget,
    ReadingOptions,
    Repair,
    SetAside,
    proposed_repair,
    read_raw,
    reread,
    still_unreadable,
)
from rolethread_store.model import Mended
from rolethread_store.query import QuarantinedRecord, one_quarantined, quarantined
from rolethread_store.store.bringing import (
    Brought,
    Place,
    commit_import,
    first_position,
    import_report,
    open_writers,
)
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ImportReport, QuarantineNote

__all__ = ["FixedFileUnfit", "MendOrder", "RetryReport", "looked_at", "retry"]

_NOTES = 20


class FixedFileUnfit(InvalidInput):
    """The file given in place of records from quarantine does not stand for them."""

    code: ClassVar[str] = "store.fixed-file-unfit"


@dataclass(frozen=True, slots=True)
class MendOrder:
    """Which records are to be read once more, and how.

    Attributes:
        sources: Only those of these files; all without any.
        records: Only those of these numbers; all without any.
        repair: Take the proposed repair of each, where it is safe.
        file: Read these records in their place, one for one, in order.
        options: Who speaks, where the records do not say it.
    """

    sources: Collection[str] = ()
    records: Collection[int] = ()
    repair: bool = False
    file: Path | None = None
    options: ReadingOptions = field(default_factory=ReadingOptions)


@dataclass(frozen=True, slots=True)
class RetryReport:
    """What came of it; ``tried == mended + left`` always.

    Attributes:
        tried: Records read once more.
        mended: Those that left quarantine.
        repaired: Those among them that were read as their repair.
        left: Those that are still set aside.
        notes: Why, for the first of them.
        imported: The import they became, ``None`` when nothing could be read.
    """

    tried: int
    mended: int
    repaired: int
    left: int
    notes: tuple[QuarantineNote, ...]
    imported: ImportReport | None


def looked_at(
    parts: Parts, name: str, dataset: str | None, *, repair: bool
) -> tuple[QuarantinedRecord, Repair | None]:
    """Return a record by its id or ``SOURCE:RECORD``, with a proposal for its repair.

    Raises:
        QuarantinedMissing: there is none.
        QuarantinedUnclear: there are several.
        RepairLibraryMissing: proposals need the extra ``repair``.
    """
    held = one_quarantined(parts.reader, parts.folds(dataset), name)
    return held, proposed_repair(held.raw) if repair else None


def retry(parts: Parts, place: Place, order: MendOrder) -> RetryReport:
    """Read records from quarantine once more; those that can be read now are imported.

    It is one change: undo takes the entries out and puts the records back.

    Raises:
        DatasetMissing: there is no such dataset.
        FixedFileUnfit: ``order.file`` has not as many records as are meant.
        RepairLibraryMissing: ``order.repair`` needs the extra ``repair``.
    """
    started = perf_counter()
    parts.journal.require_no_block()
    parts.journal.begin_write()
    fold = parts.journal.fold_named(place.dataset, place.working_copy)
    held = _chosen(parts, fold, order)
    tries, repaired = _tries(held, order)
    with open_writers(parts) as writers:
        target = ImportTarget(
            session=parts.room.session,
            clock=parts.journal.clock,
            import_id=parts.journal.clock.new_id(),
            first_position=first_position(parts, fold),
            entries=writers.entries,
            quarantine=writers.quarantine,
            originals=writers.originals,
            options=order.options,
            known=parts.journal.facts.facts,
        )
        faults = _whole_names(held, still_unreadable(tries, target))
        good = [index for index in range(len(held)) if index not in faults]
        imported = None
        if good:
            outcome = reread([tries[index] for index in good], target)
            mended = tuple(_mended(held[index] for index in good))
            summary = f"read {len(good):,} records from quarantine"
            brought = Brought(target.import_id, outcome, mended, summary)
            set_id = commit_import(parts, place, brought, writers)
            imported = import_report(place.dataset, outcome, set_id, dry_run=False, started=started)
        else:
            writers.abandon()
    notes = tuple(
        QuarantineNote(held[index].source, held[index].record, held[index].offset, reason)
        for index, reason in sorted(faults.items())[:_NOTES]
    )
    done = sum(index not in faults for index in repaired)
    return RetryReport(len(held), len(good), done, len(faults), notes, imported)


def _chosen(parts: Parts, fold: DatasetFold, order: MendOrder) -> list[QuarantinedRecord]:
    """Return the records that are meant, by file and number, as ``reread`` wants them."""
    held = [
        one
        for one in quarantined(parts.reader, [fold])
        if (not order.sources or one.source in order.sources)
        and (not order.records or one.record in order.records)
    ]
    return sorted(held, key=attrgetter("source", "import_id", "record"))


def _tries(held: Sequence[QuarantinedRecord], order: MendOrder) -> tuple[list[SetAside], set[int]]:
    """Return what is to be read, and which of it is a repair."""
    raws = [one.raw for one in held]
    repaired: set[int] = set()
    if order.file is not None:
        raws = read_raw(order.file)
        if len(raws) != len(held):
            raise FixedFileUnfit(
                f"{order.file} has {len(raws)} records; {len(held)} from quarantine are meant",
                hint="choose with --source and --record; one record of the file stands for each",
            )
    elif order.repair:
        for index, one in enumerate(held):
            repair = proposed_repair(one.raw)
            if repair is not None and repair.safe:
                raws[index] = repair.text.encode()
                repaired.add(index)
    tries = [
        SetAside(one.source, one.record, one.offset, raw)
        for one, raw in zip(held, raws, strict=True)
    ]
    return tries, repaired


def _name(one: QuarantinedRecord) -> tuple[UUID, UUID, str, int]:
    return one.quarantine_id, one.import_id, one.source, one.record


def _whole_names(held: Sequence[QuarantinedRecord], faults: dict[int, str]) -> dict[int, str]:
    """Return the faults, with one for every record that shares its name with a faulty one.

    Two files of one name in one import give records that nothing tells apart: a record
    may leave quarantine only together with its namesake.
    """
    bad = {_name(held[index]): reason for index, reason in faults.items()}
    return {
        index: faults.get(index) or f"another record of that name: {bad[_name(one)]}"
        for index, one in enumerate(held)
        if _name(one) in bad
    }


def _mended(held: Iterable[QuarantinedRecord]) -> Iterator[Mended]:
    """Yield what is mended, neighbouring records together."""
    ordered = sorted(held, key=_name)
    for (batch, import_id, source), same in groupby(ordered, key=lambda one: _name(one)[:3]):
        numbers = [one.record for one in same]
        runs: list[tuple[int, int]] = []
        for number in sorted(set(numbers)):
            if runs and runs[-1][1] == number - 1:
                runs[-1] = (runs[-1][0], number)
            else:
                runs.append((number, number))
        yield Mended(
            quarantine_id=batch,
            import_id=import_id,
            source=source,
            runs=tuple(runs),
            rows=len(numbers),
        )
