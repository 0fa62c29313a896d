"""Comparing two states of a dataset: versions with each other or with a working copy."""

from __future__ import annotations

from rolethread_store.changelog import DatasetFold
from rolethread_store.query import ComparedState, Difference, compared
from rolethread_store.store.parts import Parts
from rolethread_store.store.versions import NothingPublished

__all__ = ["difference"]


def difference(
    parts: Parts, fold: DatasetFold, before: int | None = None, after: int | None = None
) -> Difference:
    """Return what differs between two states of a dataset.

    Args:
        parts: The store.
        fold: The working copy.
        before: Version to start from; by default the one the working copy came from.
        after: Version to end with; by default the working copy.

    Raises:
        NothingPublished: no version is named, and the working copy comes from none.
        VersionMissing: there is no such version.
        TransactionOpen: inside a transaction, whose changes belong to no set yet.
    """
    parts.journal.require_no_block()
    families = parts.journal.history.families
    copy = families.copy(fold.dataset_id)
    for number in (before, after):
        if number is not None:
            families.version(copy.dataset_id, number)
    if before is None:
        under, _ = families.version_under(copy)
        if under is None:
            raise NothingPublished(
                f"“{fold.name}” has no version to compare with",
                hint="make one with: rolethread publish",
            )
        before = under.number
    old = ComparedState(copy.copy_id, copy.name, before)
    return compared(parts.reader, old, ComparedState(copy.copy_id, copy.name, after))
