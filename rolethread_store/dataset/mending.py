"""Quarantine without what later imports could read."""

from __future__ import annotations

from collections.abc import Sequence

from rolethread_store.engine import literal
from rolethread_store.model import Batch, Mended
from rolethread_store.segments import scan
from rolethread_store.storage import Layout

__all__ = ["unmended"]


def unmended(batch: Batch, layout: Layout, mended: Sequence[Mended]) -> str:
    """Return a SELECT of a quarantine batch's rows that are set aside still.

    Args:
        batch: The batch, whose id becomes the column ``quarantine_id``.
        layout: Where its files lie.
        mended: What later imports read, of any batch.
    """
    key = f"CAST({literal(str(batch.batch_id))} AS UUID)"
    rows = f"SELECT *, {key} AS quarantine_id FROM ({scan([batch], layout, 'quarantine')})"
    runs = [
        f"(CAST({literal(str(one.import_id))} AS UUID), {literal(one.source)}, {first}, {last})"
        for one in mended
        if one.quarantine_id == batch.batch_id
        for first, last in one.runs
    ]
    if not runs:
        return rows
    return (
        f"SELECT * FROM ({rows}) AS held WHERE NOT EXISTS (SELECT 1 FROM "
        f"(VALUES {', '.join(runs)}) AS run(import_id, source, first, last) "
        f'WHERE run.import_id = held.import_id AND run.source = held."source" '
        f'AND held."record" BETWEEN run.first AND run.last)'
    )
