"""Exact export: entries out of the store as their sources had them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

import rolethread_store
from rolethread_store.changelog import DatasetFold
from rolethread_store.formats import (
    EXACT,
    ExactPlan,
    Source,
    destination_of,
    export_exact,
)
from rolethread_store.model import Framing, ProgressListener
from rolethread_store.store.leaving import narrowed_by, relation_of
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ExportReport

__all__ = ["ExactOptions", "ExactOrder", "export_exactly", "framings"]


class ExactOptions(TypedDict, total=False):
    """What can be said about an exact export; all of it may be left out.

    Attributes:
        where: SQL condition over the entries' columns.
        force: Replace what an earlier export wrote.
        allow: Write in their format also entries whose bytes no import has kept.
    """

    where: str | None
    force: bool
    allow: bool


@dataclass(frozen=True, slots=True)
class ExactOrder:
    """What to write and where.

    Attributes:
        output: The file, or an open stream.
        options: The rest.
    """

    output: str | Path | BinaryIO
    options: ExactOptions


def export_exactly(
    parts: Parts, dataset: str, fold: DatasetFold, order: ExactOrder, listener: ProgressListener
) -> ExportReport:
    """Write the entries that the order selects."""
    options = order.options
    output = Path(order.output) if isinstance(order.output, str) else order.output
    destination = destination_of(
        output, EXACT, None, name=dataset, force=options.get("force", False)
    )
    source = Source(relation_of(parts, fold), narrowed_by(options.get("where")))
    plan = ExactPlan(
        originals=parts.reader.originals_relation(fold),
        framings=framings(fold),
        heading=_heading(dataset, fold, options),
        allow=options.get("allow", False),
    )
    with parts.reader.diagnosing():
        outcome = export_exact(parts.reader.session, source, plan, destination, listener)
    return ExportReport(
        path=output.absolute() if isinstance(output, Path) else None,
        entries=outcome.entries,
        records=outcome.records,
        bytes=outcome.bytes,
        format=EXACT.name,
        clean=False,
        skipped={},
        files=(*(file.name for file in outcome.files), *outcome.beside),
    )


def framings(fold: DatasetFold) -> dict[tuple[str, str], Framing | None]:
    """Return what each source has around its records, by import and name.

    Of two sources of one name in an import both have it, or neither.
    """
    found: dict[tuple[str, str], Framing | None] = {}
    for _, attached in fold.attached:
        for source in attached.sources:
            if not source.kept:
                continue
            key = (str(attached.import_id), source.name)
            found[key] = None if found.get(key, source) is None else source.framing
    return found


def _heading(dataset: str, fold: DatasetFold, options: ExactOptions) -> dict[str, Any]:
    """Return what the manifest says of the export, with nothing of time or machine in it."""
    return {
        "program": f"rolethread-store {rolethread_store.__version__}",
        "dataset": dataset,
        "working_copy": None if fold.version is not None else fold.working_copy,
        "version": fold.version,
        "format": EXACT.name,
        "options": {
            "where": options.get("where"),
            "allow": options.get("allow", False),
        },
    }
