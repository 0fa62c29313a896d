"""Changes to single entries: find them, check them, commit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.dataset import Located
from rolethread_store.editing import deletion, message_edit, rewrite
from rolethread_store.engine import literal
from rolethread_store.errors import InvalidInput, NotFound
from rolethread_store.formats import LineOptions, read_one, render_one
from rolethread_store.model import Change, ChangeSet
from rolethread_store.query import one
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import StoredEntry

__all__ = [
    "EditInvalid",
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


def locate(parts: Parts, entry_id: UUID) -> Located:
    """Return where an entry is.

    Raises:
        EntryMissing: nowhere.
    """
    found = parts.locator.find(entry_id)
    if found is None:
        raise EntryMissing(f"no entry {entry_id} in this store")
    return found


def entry(parts: Parts, entry_id: str | UUID) -> StoredEntry:
    """Return an entry with its dataset."""
    key = parsed_id(entry_id)
    fold = locate(parts, key).fold
    found = one(parts.reader, fold, key)
    if found is None:
        raise EntryMissing(f"no entry {key} in this store")
    return StoredEntry(fold.name, found)


def entry_json(parts: Parts, entry_id: str | UUID) -> str:
    """Return an entry as one ChatML record."""
    key = parsed_id(entry_id)
    relation = parts.reader.relation(locate(parts, key).fold)
    row = f"SELECT * FROM ({relation}) WHERE entry_id = CAST({literal(str(key))} AS UUID)"
    return render_one(parts.reader.session, row, LineOptions())


def edit(
    parts: Parts,
    entry_id: str | UUID,
    *,
    message: int | None,
    content: str | None,
    entry: Mapping[str, object] | str | None,
) -> ChangeSet:
    """Change one message's text, or the whole entry."""
    if (entry is None) == (message is None or content is None):
        raise EditInvalid(
            "say what to change: a message number with its new text, or a whole entry"
        )
    key = parsed_id(entry_id)
    parts.journal.begin_write()
    found = locate(parts, key)
    dataset_id = found.fold.dataset_id
    change: Change
    if entry is None and message is not None and content is not None:
        change = message_edit(dataset_id, key, message, content, message_count=found.message_count)
        summary = f"edit message {message} of {key}"
    else:
        text = entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        record = read_one(parts.reader.session, text)
        change = rewrite(dataset_id, key, record.messages, record.tags, record.extra)
        summary = f"edit {key}"
    return parts.journal.commit((change,), summary)


def delete(parts: Parts, entry_ids: Sequence[str | UUID]) -> ChangeSet:
    """Take entries out of their datasets, all in one change set."""
    keys = list(dict.fromkeys(parsed_id(entry_id) for entry_id in entry_ids))
    if not keys:
        raise EditInvalid("name at least one entry to delete")
    parts.journal.begin_write()
    by_dataset: dict[UUID, list[UUID]] = {}
    for key in keys:
        by_dataset.setdefault(locate(parts, key).fold.dataset_id, []).append(key)
    changes = [deletion(dataset_id, ids) for dataset_id, ids in by_dataset.items()]
    what = f"{len(keys)} entries" if len(keys) > 1 else str(keys[0])
    return parts.journal.commit(changes, f"delete {what}")
