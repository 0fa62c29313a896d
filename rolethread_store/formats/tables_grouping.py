"""Tables with one message per row: the rows of a conversation, made one record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rolethread_store.formats.pieces import Integers, record_batch
from rolethread_store.formats.tables_json import (
    joined_lists,
    json_texts,
    objects,
    objects_of_texts,
)
from rolethread_store.formats.tables_options import TableOptionsInvalid
from rolethread_store.formats.tables_rows import OddRow, Rows, TableUnreadable, merged, odd_batch

__all__ = ["Grouping", "grouped"]

# A conversation's rows need not follow each other, so the table is held in memory.
_HELD_BYTES = 512 << 20
_BUNCH_BYTES = 16 << 20
_LISTS = ("messages", "transcript")
_NO_GROUP = "the row does not say which conversation it belongs to"


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows become messages.

    Attributes:
        fields: What the columns are called in a message, with those that hold its speaker
            and text under the names their reader knows.
        group: Place of the column that tells conversations apart.
        label: What that column is called in the record.
        speakers: Whether rows name speakers and not roles.
    """

    fields: tuple[str, ...]
    group: int
    label: str
    speakers: bool

    @classmethod
    def of(cls, names: Sequence[str], group: int, shown: str) -> Grouping:
        """Return how a table's rows become messages.

        Args:
            names: What its columns are called, once they are renamed.
            group: Place of the column that tells conversations apart.
            shown: The table, for messages.

        Raises:
            TableOptionsInvalid: no column is known to hold the text, or who speaks.
        """
        others = [name for place, name in enumerate(names) if place != group]
        text = next((name for name in ("content", "text") if name in others), None)
        if text is None:
            raise TableOptionsInvalid(
                f"it is not known which column of {shown} holds the text of a message",
                hint="say --column content=COLUMN",
            )
        changes: dict[str, str] = {}
        if "role" in others:
            changes[text] = "content"
        else:
            speaker = next((name for name in ("name", "speaker") if name in others), None)
            if speaker is None:
                raise TableOptionsInvalid(
                    f"it is not known which column of {shown} holds who speaks",
                    hint="say --column role=COLUMN or --column name=COLUMN",
                )
            changes |= {speaker: "speaker", text: "text"}
        taken = set(changes.values())
        fields = [changes.get(name) or (name + "_" if name in taken else name) for name in names]
        label = names[group] + "_" * (names[group] in _LISTS)
        return cls(tuple(fields), group, label, "role" not in others)


def grouped(bunches: Iterator[Rows], grouping: Grouping, shown: str) -> Iterator[pa.RecordBatch]:
    """Yield a record for each conversation, in the order of their first rows.

    Its number is that of its first row. Rows that name no conversation are records of their
    own with that for their fault.

    Raises:
        TableUnreadable: the table is larger than can be held.
    """
    columns, numbers, odd = _gathered(bunches, shown)
    if columns:
        codes = columns[grouping.group].dictionary_encode().indices
        known = np.asarray(codes.is_valid())
        odd = sorted((*odd, *_strays(columns, numbers, ~known, grouping)), key=_by_number)
        order = np.argsort(np.asarray(codes.fill_null(-1)), kind="stable")[int((~known).sum()) :]
        yield from _conversations(columns, numbers, order, odd, grouping)
    elif odd:
        yield odd_batch(odd)


def _by_number(row: OddRow) -> int:
    return row.number


def _gathered(bunches: Iterator[Rows], shown: str) -> tuple[list[pa.Array], Integers, list[OddRow]]:
    parts, numbers, odd, size = list[Sequence[pa.Array]](), list[Integers](), list[OddRow](), 0
    for rows in bunches:
        odd += rows.odd
        if not len(rows.numbers):
            continue
        size += sum(column.nbytes for column in rows.columns)
        if size > _HELD_BYTES:
            raise TableUnreadable(
                f"{shown} has more than {_HELD_BYTES >> 20} MiB of rows to group",
                hint="split it between two conversations and import the parts",
            )
        parts.append(rows.columns)
        numbers.append(rows.numbers)
    columns = [pa.concat_arrays(list(pieces)) for pieces in zip(*parts, strict=True)]
    return columns, np.concatenate(numbers) if numbers else np.empty(0, np.int64), odd


def _strays(
    columns: Sequence[pa.Array], numbers: Integers, stray: np.ndarray, grouping: Grouping
) -> list[OddRow]:
    kept = pa.array(stray)
    texts = objects(grouping.fields, [column.filter(kept) for column in columns]).to_pylist()
    return [
        OddRow(int(number), raw, _NO_GROUP)
        for number, raw in zip(numbers[stray], texts, strict=True)
    ]


def _conversations(
    columns: Sequence[pa.Array],
    numbers: Integers,
    order: Integers,
    odd: list[OddRow],
    grouping: Grouping,
) -> Iterator[pa.RecordBatch]:
    """Yield the conversations some at a time, each with all of its rows."""
    ids = np.asarray(columns[grouping.group].take(pa.array(order)).dictionary_encode().indices)
    starts = np.flatnonzero(np.diff(ids, prepend=-1)) if len(ids) else np.empty(0, np.int64)
    ends = np.append(starts[1:], len(order))
    size = sum(column.nbytes for column in columns)
    step = max(1, _BUNCH_BYTES * len(order) // max(size, 1))
    first = 0
    while first < len(starts):
        last = max(int(np.searchsorted(ends, starts[first] + step, "right")), first + 1)
        rows = order[starts[first] : ends[last - 1]]
        batch = _records(
            [column.take(pa.array(rows)) for column in columns],
            (ends - starts)[first:last],
            numbers[order[starts[first:last]]],
            grouping,
        )
        upto = (
            len(odd)
            if last == len(starts)
            else int(np.searchsorted([row.number for row in odd], numbers[order[starts[last]]]))
        )
        yield merged(batch, odd[:upto])
        odd, first = odd[upto:], last
    if odd:
        yield odd_batch(odd)


def _records(
    columns: Sequence[pa.Array], lengths: np.ndarray, numbers: Integers, grouping: Grouping
) -> pa.RecordBatch:
    others = [place for place in range(len(columns)) if place != grouping.group]
    turns = objects([grouping.fields[place] for place in others], [columns[one] for one in others])
    lists = joined_lists(turns, lengths)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    label = json_texts(columns[grouping.group].take(pa.array(starts)))
    if grouping.speakers:
        texts = [objects_of_texts(["turns"], [lists]), label]
        return record_batch(objects_of_texts([_LISTS[1], grouping.label], texts), numbers, numbers)
    raw = objects_of_texts([_LISTS[0], grouping.label], [lists, label])
    return record_batch(raw, numbers, numbers)
