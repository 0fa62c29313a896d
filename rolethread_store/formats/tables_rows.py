"""What the readers of tables give: some rows, and those that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.pieces import RECORD_SCHEMA, Integers, record_batch

__all__ = ["OddRow", "Rows", "TableUnreadable", "merged", "odd_batch"]


class TableUnreadable(InvalidInput):
    """A table that is damaged, or whose rows cannot be told apart."""

    code: ClassVar[str] = "formats.table-unreadable"


@dataclass(frozen=True, slots=True)
class OddRow:
    """A row that is no record.

    Attributes:
        number: Its number, from 1.
        raw: What stands there.
        fault: Why it cannot be read.
    """

    number: int
    raw: bytes
    fault: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, in order.

    Attributes:
        columns: Their cells, a column each.
        numbers: Their numbers in the table, from 1, rising.
        odd: Rows among or before them that could not be read.
    """

    columns: Sequence[pa.Array]
    numbers: Integers
    odd: list[OddRow] = field(default_factory=list)


def odd_batch(odd: Sequence[OddRow]) -> pa.RecordBatch:
    """Return rows that could not be read as raw records with their faults."""
    numbers = np.array([row.number for row in odd], np.int64)
    batch = record_batch(pa.array([row.raw for row in odd], pa.binary()), numbers, numbers)
    return batch.set_column(
        RECORD_SCHEMA.get_field_index("fault"),
        "fault",
        pa.array([row.fault for row in odd], pa.string()),
    )


def merged(batch: pa.RecordBatch, odd: Sequence[OddRow]) -> pa.RecordBatch:
    """Return records and odd rows together, in the order of their numbers."""
    if not odd:
        return batch
    both = pa.concat_batches([batch, odd_batch(odd)])
    return both.take(pc.sort_indices(both, sort_keys=[("record", "ascending")]))
