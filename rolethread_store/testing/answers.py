"""All that an open store answers, as one value: equal values, equal stores for a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rolethread_store.model import Entry
from rolethread_store.query import QuarantinedRecord
from rolethread_store.store import LogItem, RemoteInfo, Store

__all__ = ["Answers", "answers"]


@dataclass(frozen=True)
class Answers:
    """What a user can learn from a store, without how it is kept.

    Attributes:
        entries: Every row of the view ``entries``, in order.
        messages: Every row of the view ``messages``, in order.
        pages: The entries of each dataset, as objects.
        totals: Per dataset its name, identity, number of entries and of quarantined records.
        quarantine: What imports set aside.
        log: The history.
        remotes: The remotes.
        slots: The key slots that can be used.
    """

    entries: list[tuple[Any, ...]]
    messages: list[tuple[Any, ...]]
    pages: dict[str, list[Entry]]
    totals: list[tuple[str, str, int, int]]
    quarantine: list[QuarantinedRecord]
    log: list[LogItem]
    remotes: list[RemoteInfo]
    # Two stand for one while it is changed, and no state of the store tells of it.
    slots: frozenset[UUID] = field(compare=False)


def answers(store: Store) -> Answers:
    """Ask a small store everything.

    Raises:
        StoreError: something of it cannot be read.
    """
    entries = store.sql("SELECT * FROM entries ORDER BY dataset, position, entry_id").fetchall()
    quarantine = store.quarantine()
    datasets = store.datasets()
    return Answers(
        entries,
        store.sql("SELECT * FROM messages ORDER BY dataset, entry_id, turn").fetchall(),
        {info.name: store.dataset(info.name).page(limit=info.entries + 1) for info in datasets},
        [(info.name, info.dataset_id.hex, info.entries, info.quarantined) for info in datasets],
        quarantine,
        store.log(),
        store.remotes(),
        frozenset(slot.slot_id for slot in store.slots() if slot.problem is None),
    )
