"""Export: entries out of the store, in order, as a trainer's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypedDict

import rolethread_store
from rolethread_store.changelog import DatasetFold
from rolethread_store.engine import checked_statement
from rolethread_store.errors import InvalidInput
from rolethread_store.formats import (
    SHAPES,
    STUB,
    Arrangement,
    Ending,
    ExportPlan,
    Greeting,
    Names,
    Source,
    SystemTurns,
    arranged_source,
    chosen_target,
    destination_of,
    export_entries,
    parsed_splits,
)
from rolethread_store.model import ProgressListener
from rolethread_store.segments import ENTRY_COLUMNS, column_list
from rolethread_store.store.gating import require_fit
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ExportReport

__all__ = [
    "ExportOptions",
    "ExportOrder",
    "OptionUnknown",
    "export_to",
    "narrowed_by",
    "relation_of",
]

_COLUMNS = column_list(ENTRY_COLUMNS)


class OptionUnknown(InvalidInput):
    """An option of an export has no such value."""

    code: ClassVar[str] = "store.export-option-unknown"


class ExportOptions(TypedDict, total=False):
    """What can be said about an export; all of it may be left out.

    Attributes:
        shape: One of the target's shapes, where it has several.
        clean: Only what a trainer reads; without tags and unknown fields.
        where: SQL condition over the entries' columns.
        force: Replace what an earlier export wrote.
        split: One file for each split: ``train=0.9,val=0.1``.
        seed: Another number gives another assignment to splits.
        names: ``keep``, ``prefix`` (put before the text) or ``drop``.
        greeting_first: What becomes of an opening assistant turn: ``keep``, ``stub`` (a user
            turn before it) or ``fold`` (into the system prompt).
        stub: The text of that user turn.
        system: ``keep``, ``merge`` (all system turns in front) or ``first`` (no others).
        ending: ``keep``, or ``trim`` to leave out what follows the last answer.
        unroll: One record for each assistant turn, which ends with it.
        allow: Write also what the trainer would refuse or drop.
    """

    shape: str | None
    clean: bool
    where: str | None
    force: bool
    split: str | None
    seed: int
    names: str
    greeting_first: str
    stub: str | None
    system: str
    ending: str
    unroll: bool
    allow: bool


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write and where.

    Attributes:
        output: The file or folder, or an open stream.
        format: Name of the target.
        options: The rest.
    """

    output: str | Path | BinaryIO
    format: str
    options: ExportOptions


def export_to(
    parts: Parts, dataset: str, fold: DatasetFold, order: ExportOrder, listener: ProgressListener
) -> ExportReport:
    """Write the entries that the order selects."""
    options = order.options
    output = Path(order.output) if isinstance(order.output, str) else order.output
    target = chosen_target(
        order.format, options.get("shape"), clean=bool(options.get("clean", False))
    )
    split = options.get("split")
    splits = None if split is None else parsed_splits(split, options.get("seed", 0))
    arrangement = _arrangement(options)
    destination = destination_of(
        output, target, splits, name=dataset, force=bool(options.get("force", False))
    )
    heading = _heading(dataset, fold, order)
    heading["options"] |= {"split": None if splits is None else dict(splits.shares)}
    plan = ExportPlan(target, arrangement, splits, heading, allow=bool(options.get("allow", False)))
    source = Source(relation_of(parts, fold), narrowed_by(options.get("where")))
    with parts.reader.diagnosing():
        if not options.get("allow", False):
            relation = arranged_source(source, plan)
            require_fit(parts.reader.session, relation, order.format, options.get("shape"))
        outcome = export_entries(parts.reader.session, source, plan, destination, listener)
    return ExportReport(
        path=output.absolute() if isinstance(output, Path) else None,
        entries=outcome.entries,
        records=outcome.records,
        bytes=outcome.bytes,
        format=order.format,
        clean=bool(options.get("clean", False)),
        skipped=dict(outcome.skipped),
        files=(*(file.name for file in outcome.files), *outcome.beside),
    )


def _arrangement(options: ExportOptions) -> Arrangement:
    """Return how conversations are to be made to fit.

    Raises:
        OptionUnknown: an option has no such value.
    """
    try:
        return Arrangement(
            names=Names(options.get("names", "keep")),
            greeting_first=Greeting(options.get("greeting_first", "keep")),
            stub=options.get("stub") or STUB,
            system=SystemTurns(options.get("system", "keep")),
            ending=Ending(options.get("ending", "keep")),
            unroll=bool(options.get("unroll", False)),
        )
    except ValueError as error:
        raise OptionUnknown(
            f"{error}", hint="see the choices in: rolethread export --help"
        ) from None


def relation_of(parts: Parts, fold: DatasetFold) -> str:
    """Return a SELECT of the columns of schema v1 over the entries of a state."""
    return f"SELECT {_COLUMNS} FROM ({parts.reader.relation(fold)})"


def narrowed_by(condition: str | None) -> Callable[[str], str]:
    """Return what narrows a SELECT of entries to those that a condition holds for."""

    def narrowed(relation: str) -> str:
        if condition is None:
            return relation
        chosen = checked_statement(
            f"SELECT entry_id FROM (SELECT * REPLACE (coalesce(tags, []) AS tags) "
            f"FROM ({relation})) WHERE ({condition}\n)"
        )
        return f"SELECT {_COLUMNS} FROM ({relation}) SEMI JOIN ({chosen}) USING (entry_id)"

    return narrowed


def _heading(dataset: str, fold: DatasetFold, order: ExportOrder) -> dict[str, Any]:
    """Return what the manifest says of the export, with nothing of time or machine in it."""
    arrangement = _arrangement(order.options)
    shapes = SHAPES.get(order.format)
    return {
        "program": f"rolethread-store {rolethread_store.__version__}",
        "dataset": dataset,
        "working_copy": None if fold.version is not None else fold.working_copy,
        "version": fold.version,
        "format": order.format,
        "options": {
            "shape": (order.options.get("shape") or shapes[0]) if shapes else None,
            "clean": bool(order.options.get("clean", False)),
            "where": order.options.get("where"),
            "seed": order.options.get("seed", 0),
            **asdict(arrangement),
        },
    }
