"""Export: entries out of the store, in order, as lines of a foreign format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rolethread_store.changelog import DatasetFold
from rolethread_store.engine import checked_statement
from rolethread_store.formats import LineOptions, export_lines
from rolethread_store.model import ProgressListener
from rolethread_store.segments import ENTRY_COLUMNS, column_list
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import ExportReport

__all__ = ["ExportOrder", "export_to"]


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write and where.

    Attributes:
        path: The file.
        format: ``chatml`` or ``sharegpt``.
        clean: Only what a trainer reads.
        where: SQL condition, ``None`` for all.
        force: Replace an existing file.
    """

    path: Path
    format: str
    clean: bool = False
    where: str | None = None
    force: bool = False


def export_to(
    parts: Parts, fold: DatasetFold, order: ExportOrder, listener: ProgressListener
) -> ExportReport:
    """Write the entries that the order selects."""
    relation = parts.reader.relation(fold)
    columns = column_list(ENTRY_COLUMNS)
    select = f"SELECT {columns} FROM ({relation})"
    if order.where is not None:
        chosen = checked_statement(
            f"SELECT entry_id FROM (SELECT * REPLACE (coalesce(tags, []) AS tags) "
            f"FROM ({relation})) WHERE ({order.where}\n)"
        )
        select = f"SELECT {columns} FROM ({relation}) SEMI JOIN ({chosen}) USING (entry_id)"
    with parts.reader.diagnosing():
        outcome = export_lines(
            parts.reader.session,
            f"{select} ORDER BY position, entry_id",
            LineOptions(order.format, order.clean),
            order.path,
            force=order.force,
            listener=listener,
        )
    return ExportReport(
        path=order.path.absolute(),
        entries=outcome.entries,
        bytes=outcome.bytes,
        format=order.format,
        clean=order.clean,
    )
