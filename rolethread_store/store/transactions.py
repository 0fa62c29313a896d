"""Several changes of entries as one: they commit together when a block ends, or not at all."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rolethread_store.store import overview
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import LogItem

__all__ = ["Transaction"]


class Transaction:
    """A block in which edits, deletions and tag changes are collected; use it with ``with``.

    When the block ends, everything in it becomes one change with one sync, which undo
    takes back as a whole. When the block ends with an exception, or the change cannot be
    made durable, nothing of it has happened. Until then nothing is on disk; readers through
    this store already see the changes of the block, everyone else sees the state before.
    Only entries can change inside: imports, undo, versions and the like are refused.

    Attributes:
        change: After the block, what it did; ``None`` when nothing changed.
    """

    def __init__(self, parts: Parts, summary: str | None = None) -> None:
        self._parts = parts
        self._summary = summary
        self.change: LogItem | None = None

    def __enter__(self) -> Self:
        """Begin; this process becomes the store's writer.

        Raises:
            TransactionOpen: there is a transaction already.
            Locked: another process writes.
        """
        self._parts.journal.begin_block()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit, or after an exception drop everything.

        Raises:
            FrameTooLong: the changes are too many for one step; nothing changed.
            TransactionOver: the store was closed inside the block.
            Unavailable: they could not be made durable; nothing changed.
        """
        if error is not None:
            self._parts.journal.drop_block()
            return
        record = self._parts.journal.end_block(self._summary)
        self.change = None if record is None else overview.item(self._parts, record)
