"""Tags of many entries at once: one expression, and one small file when there are many."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import pyarrow as pa

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader, WritingRoom
from rolethread_store.engine import checked_statement, literal
from rolethread_store.errors import InvalidInput
from rolethread_store.model import Batch, BatchKind, TagsChanged, TagsPatched
from rolethread_store.registry import clean_tags

__all__ = ["BulkTags", "TooManyEntries", "among", "bulk_tags"]

INLINE_LIMIT = 1_000
"""Entries up to which a change set names them; beyond, a tag batch holds ids and tags."""


MOST_INLINE = 100_000
"""Entries that a change set names at most where a batch cannot be published."""


class TooManyEntries(InvalidInput):
    """More entries than one step of a transaction takes."""

    code: ClassVar[str] = "editing.too-many-entries"


@dataclass(frozen=True, slots=True)
class BulkTags:
    """What a bulk change comes to.

    Attributes:
        affected: Entries whose tags change.
        change: The change, ``None`` when no entry is affected.
        batch: The batch that the change names, to be published before it.
    """

    affected: int
    change: TagsChanged | TagsPatched | None
    batch: Batch | None = None


def bulk_tags(
    reader: Reader,
    room: WritingRoom | None,
    fold: DatasetFold,
    where: str | None,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> BulkTags:
    """Work out new tags for all entries that a condition selects.

    Args:
        reader: Where the entries are read.
        room: Where a batch is written; without one every entry is named in the change.
        fold: The dataset.
        where: SQL condition over the entries' columns; ``None`` for all.
        add: Tags to add.
        remove: Tags to remove.

    Raises:
        TagInvalid: a text cannot be a tag.
        QueryInvalid: the condition is wrong.
        QueryRefused: the condition is not a read.
        TooManyEntries: there is no room and they are over 100,000.
    """
    added = clean_tags(add)
    # Imported tags are stored as they came; typed ones are composed. Both are meant.
    removed = (*remove, *(unicodedata.normalize("NFC", tag).strip() for tag in remove))
    new = _new_tags(added, removed)
    if room is None:
        with reader.diagnosing():
            rows = reader.session.arrow(_select(reader, fold, where, new))
        _require_inline(rows.num_rows)
        return _named(fold, rows, added, removed)
    count = _retag(reader, room, fold, _Wanted(where, new))
    try:
        if count <= INLINE_LIMIT:
            rows = room.session.arrow("SELECT entry_id FROM retagged")
            return _named(fold, rows, added, removed)
        batch = room.write_selects(BatchKind.TAGS, ["SELECT * FROM retagged ORDER BY entry_id"])
    finally:
        room.session.execute("DROP TABLE IF EXISTS retagged")
    assert batch is not None  # noqa: S101 - there are rows
    patch = TagsPatched(dataset_id=fold.dataset_id, batch_id=batch.batch_id, rows=count)
    return BulkTags(count, patch, batch)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which entries, and SQL for their new tags."""

    where: str | None
    tags: str


def _retag(reader: Reader, room: WritingRoom, fold: DatasetFold, wanted: _Wanted) -> int:
    """Make the table ``retagged`` in the room's session and return its rows.

    There every core works on it, and it is written without a way through Arrow, which one
    core would go.
    """
    own = Reader(reader.journal, session_of=lambda: room.session)
    state = fold.frozen()
    try:
        with own.diagnosing():
            select = _select(own, state, wanted.where, wanted.tags)
            room.session.execute(f"CREATE OR REPLACE TEMP TABLE retagged AS {select}")
    finally:
        own.forget(state)
    return int(room.session.value("SELECT count(*) FROM retagged"))


def _named(
    fold: DatasetFold, rows: pa.Table, added: tuple[str, ...], removed: tuple[str, ...]
) -> BulkTags:
    """Return the change that names every entry."""
    ids = tuple(UUID(text) for text in rows.column("entry_id").to_pylist())
    if not ids:
        return BulkTags(0, None)
    change = TagsChanged(dataset_id=fold.dataset_id, entry_ids=ids, add=added, remove=removed)
    return BulkTags(len(ids), change)


def _new_tags(added: Sequence[str], removed: Sequence[str]) -> str:
    """Return SQL for the tags of an entry without some and then with others."""
    if len(added) == 1 and not removed:
        # By far the commonest; a lambda costs three times as much.
        tag = literal(added[0])
        return f"CASE WHEN list_contains(tags, {tag}) THEN tags ELSE list_append(tags, {tag}) END"
    kept = f"list_filter(tags, lambda t: NOT list_contains({_list(removed)}, t))"
    return (
        f"list_concat({kept}, list_filter({_list(added)}, lambda t: NOT list_contains({kept}, t)))"
    )


def _select(reader: Reader, fold: DatasetFold, where: str | None, new: str) -> str:
    """Return a SELECT of id and new tags of the selected entries whose tags change."""
    entries = f"SELECT * REPLACE (coalesce(tags, []) AS tags) FROM ({reader.relation(fold)})"
    return checked_statement(
        f"SELECT entry_id, new_tags AS tags FROM (SELECT entry_id, tags, {new} AS new_tags "
        f"FROM ({entries}) WHERE ({where or 'true'}\n)) WHERE new_tags IS DISTINCT FROM tags"
    )


def _require_inline(count: int) -> None:
    if count > MOST_INLINE:
        raise TooManyEntries(
            f"a transaction changes the tags of at most {MOST_INLINE:,} entries in one step, "
            f"not of {count:,}",
            hint="do this before the transaction or after it",
        )


def among(entry_ids: Sequence[UUID]) -> str:
    """Return the condition that selects some entries."""
    ids = ", ".join(literal(str(entry_id)) for entry_id in entry_ids)
    return f"entry_id IN (SELECT CAST(unnest([{ids}]) AS UUID))" if ids else "false"


def _list(tags: Sequence[str]) -> str:
    return f"CAST([{', '.join(literal(tag) for tag in tags)}] AS VARCHAR[])"
