"""Changes that wait for the end of a block to commit together.

Each is put into effect in memory as it comes, under the sequence number that the whole
will have, so what follows in the block sees it. Taking all of them out again is exact,
as an undo is; nothing of them is on disk before the block's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.dataset.records import Stamp, change_record
from rolethread_store.dataset.states import States
from rolethread_store.errors import Conflict
from rolethread_store.model import ENTRY_KINDS, Change, ChangeSet

__all__ = ["Block", "TransactionOpen", "TransactionOver"]


class TransactionOpen(Conflict):
    """Something that cannot be part of a transaction was asked for inside one."""

    code: ClassVar[str] = "dataset.transaction-open"


class TransactionOver(Conflict):
    """The store was closed inside a transaction, or the transaction has ended already."""

    code: ClassVar[str] = "dataset.transaction-over"


class Block:
    """What one transaction has collected.

    Attributes:
        changes: The changes so far, in order.
    """

    def __init__(self, stamp: Stamp, states: States) -> None:
        self.changes: list[Change] = []
        self._copies: set[UUID] = set()
        self._stamp = stamp
        self._states = states
        self._summary = ""
        self._steps = 0

    def take(self, changes: Sequence[Change], summary: str) -> ChangeSet:
        """Collect changes to entries and put them into effect in memory.

        Returns:
            They alone as a record, with the identity and number that the whole will have.

        Raises:
            TransactionOpen: they are more than changes to entries, or those of a second
                working copy of a dataset.
        """
        if any(change.kind not in ENTRY_KINDS for change in changes):
            raise refusal()
        record = change_record(self._stamp, changes, summary)
        self._require_one_copy(record)
        self.changes.extend(changes)
        self._summary = self._summary or summary
        self._steps += 1
        for copy_id in record.dataset_ids:
            self._states.fold(copy_id).apply(record)
        return record

    def take_out(self) -> None:
        """Take everything collected out of effect again."""
        record = self.record()
        for copy_id in record.dataset_ids:
            self._states.fold(copy_id).take_out(record)

    def record(self, summary: str | None = None) -> ChangeSet:
        """Return everything collected as one record."""
        more = f", and {self._steps - 1:,} more in one transaction" if self._steps > 1 else ""
        return change_record(self._stamp, self.changes, summary or self._summary + more)

    def _require_one_copy(self, record: ChangeSet) -> None:
        """Refuse changes of two working copies of one dataset.

        A set is folded by dataset, for a fork begins with sets of the copy it came from:
        what was meant for one of the two would be in effect in both.
        """
        for copy_id in set(record.dataset_ids) - self._copies:
            family = self._states.fold(copy_id).family
            if not self._copies.isdisjoint(family - {copy_id}):
                raise TransactionOpen(
                    "a transaction changes one working copy of a dataset, not two",
                    hint="change the other working copy before the transaction or after it",
                )
        self._copies.update(record.dataset_ids)


def refusal() -> TransactionOpen:
    """Return the error for what a transaction cannot hold."""
    return TransactionOpen(
        "inside a transaction only entries can change: edit, delete, tags",
        hint="do this before the transaction or after it",
    )
