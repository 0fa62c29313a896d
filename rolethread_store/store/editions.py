"""Changes to single entries: find them, check them, commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Located
from rolethread_store.editing import deletion, message_edit
from rolethread_store.engine import literal
from rolethread_store.errors import InvalidInput, NotFound
from rolethread_store.formats import EDITED_FORMATS, LineOptions, read_one, render_one
from rolethread_store.model import Change, ChangeSet, EntryRewritten
from rolethread_store.query import one
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import StoredEntry

__all__ = [
    "EditInvalid",
    "EditOrder",
    "EntryMissing",
    "delete",
    "edit",
    "entry",
    "entry_json",
    "locate",
    "parsed_id",
]


class EntryMissing(NotFound):
    """No dataset has that entry."""

    code: ClassVar[str] = "store.entry-missing"


class EditInvalid(InvalidInput):
    """An edit that does not say what to change, or an id that is none."""

    code: ClassVar[str] = "store.edit-invalid"


def parsed_id(entry_id: str | UUID) -> UUID:
    """Return an entry id as a UUID.

    Raises:
        EditInvalid: it is not one.
    """
    if isinstance(entry_id, UUID):
        return entry_id
    try:
        return UUID(entry_id)
    except ValueError:
        raise EditInvalid(
            f"“{entry_id}” is not an entry id", hint="ids are shown by: rolethread list"
        ) from None


def locate(parts: Parts, entry_id: UUID, within: DatasetFold | None = None) -> Located:
    """Return where an entry is, in the whole store or in one dataset.

    Raises:
        EntryMissing: nowhere.
    """
    found = parts.locator.find(entry_id, within)
    if found is None:
        place = "this store" if within is None else f"“{within.name}”"
        raise EntryMissing(f"no entry {entry_id} in {place}")
    return found


def entry(parts: Parts, entry_id: str | UUID, within: DatasetFold | None = None) -> StoredEntry:
    """Return an entry with its dataset."""
    key = parsed_id(entry_id)
    fold = locate(parts, key, within).fold
    found = one(parts.reader, fold, key)
    if found is None:
        raise EntryMissing(f"no entry {key} in this store")
    return StoredEntry(fold.name, found)


def entry_json(parts: Parts, entry_id: str | UUID, format: str | None = None) -> str:
    """Return an entry as one record, of the shape it came in unless another is named."""
    found = entry(parts, entry_id)
    key = found.entry.entry_id
    relation = parts.reader.relation(locate(parts, key).fold)
    row = f"SELECT * FROM ({relation}) WHERE entry_id = CAST({literal(str(key))} AS UUID)"
    came_as = found.entry.origin.format
    options = LineOptions(format or (came_as if came_as in EDITED_FORMATS else "chatml"))
    return render_one(parts.reader.session, row, options)


@dataclass(frozen=True, slots=True)
class EditOrder:
    """What an edit is to change: one message's text, or the whole entry.

    Attributes:
        message: Number of the message, from 0, together with ``content``.
        content: Its new text.
        entry: The whole entry anew, as a record or as its JSON text.
    """

    message: int | None = None
    content: str | None = None
    entry: Mapping[str, object] | str | None = None


def edit(
    parts: Parts, entry_id: str | UUID, order: EditOrder, within: DatasetFold | None = None
) -> ChangeSet:
    """Change one entry, which must be in the working copy if one is given."""
    key = parsed_id(entry_id)
    parts.journal.begin_write()
    found = locate(parts, key, within)
    return parts.journal.commit((_edited(parts, key, found, order),), _summary(key, order))


def _edited(parts: Parts, key: UUID, found: Located, order: EditOrder) -> Change:
    dataset_id = found.fold.dataset_id
    if order.entry is None and order.message is not None and order.content is not None:
        return message_edit(
            dataset_id, key, order.message, order.content, message_count=found.message_count
        )
    if order.entry is None or order.message is not None or order.content is not None:
        raise EditInvalid(
            "say what to change: a message number with its new text, or a whole entry"
        )
    given = order.entry
    try:
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise EditInvalid(f"the entry is not JSON: {error}") from None
    record = read_one(parts.reader.session, text)
    return EntryRewritten(
        dataset_id=dataset_id,
        entry_id=key,
        messages=record.messages,
        tags=record.tags,
        extra=record.extra,
        format=record.format,
    )


def _summary(key: UUID, order: EditOrder) -> str:
    return f"edit {key}" if order.message is None else f"edit message {order.message} of {key}"


def delete(
    parts: Parts, entry_ids: Sequence[str | UUID], within: DatasetFold | None = None
) -> ChangeSet:
    """Take entries out of their datasets, all in one change set."""
    keys = list(dict.fromkeys(parsed_id(entry_id) for entry_id in entry_ids))
    if not keys:
        raise EditInvalid("name at least one entry to delete")
    parts.journal.begin_write()
    by_dataset: dict[UUID, list[UUID]] = {}
    for key in keys:
        fold = locate(parts, key, within).fold
        by_dataset.setdefault(fold.dataset_id, []).append(key)
    changes = [deletion(dataset_id, ids) for dataset_id, ids in by_dataset.items()]
    what = f"{len(keys)} entries" if len(keys) > 1 else str(keys[0])
    return parts.journal.commit(changes, f"delete {what}")
