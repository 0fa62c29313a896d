"""What can no longer be taken back, because its content has expired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rolethread_store.errors import NotFound
from rolethread_store.model import ChangeSet

__all__ = ["HistoryExpired", "no_longer_kept", "unexpired"]


class HistoryExpired(NotFound):
    """What a change did is no longer known, by the user's own wish."""

    code: ClassVar[str] = "changelog.history-expired"


def unexpired(records: Sequence[ChangeSet]) -> list[ChangeSet]:
    """Return those that can still be taken back.

    Raises:
        HistoryExpired: there are some and none can.
    """
    kept = [record for record in records if not record.expired]
    if records and not kept:
        raise no_longer_kept(max(records, key=lambda record: record.seq))
    return kept


def no_longer_kept(record: ChangeSet) -> HistoryExpired:
    """Return the error for a change whose content has expired."""
    return HistoryExpired(
        f"“{record.summary}” has expired: what it did is no longer kept",
        hint="every published version is kept; see: rolethread history keep --help",
    )
