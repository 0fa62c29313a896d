"""Tags added to or taken from many entries at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.editing import among, bulk_tags
from rolethread_store.model import ChangeSet
from rolethread_store.store import editions
from rolethread_store.store.parts import Parts

__all__ = ["TagOrder", "tag"]


@dataclass(frozen=True, slots=True)
class TagOrder:
    """Which tags go to or from which entries.

    Attributes:
        add: Tags to add.
        remove: Tags to take away.
        entries: The entries, ``None`` for those of the condition.
        where: SQL condition over the entries' columns, ``None`` for all.
    """

    add: Sequence[str] = ()
    remove: Sequence[str] = ()
    entries: Sequence[str | UUID] | None = None
    where: str | None = None


def tag(parts: Parts, fold: DatasetFold, order: TagOrder) -> ChangeSet | None:
    """Change tags; ``None`` when every entry is already as it should be.

    Raises:
        EntryMissing: an entry is not in this dataset.
        TagInvalid: a text cannot be a tag.
        QueryInvalid: the condition is wrong.
    """
    journal, where = parts.journal, order.where
    words = f"{'add' if order.add else 'remove'} tags {', '.join([*order.add, *order.remove])}"
    if order.entries is not None:
        keys = [editions.parsed_id(entry_id) for entry_id in order.entries]
        for key in keys:
            editions.locate(parts, key, fold)
        where = among(keys)
    room = None if journal.in_block else parts.room
    bulk = bulk_tags(parts.reader, room, fold, where, add=order.add, remove=order.remove)
    if bulk.change is None:
        return None
    if bulk.batch is not None:
        journal.publish([bulk.batch])
    return journal.commit((bulk.change,), f"{words}: {bulk.affected:,} entries")
