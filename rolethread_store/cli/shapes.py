"""An entry as the JSON object that ``show`` prints and ``edit --file`` takes back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rolethread_store.errors import InvalidInput

if TYPE_CHECKING:
    from rolethread_store.model.entry import Entry
    from rolethread_store.store import StoredEntry

__all__ = ["OtherEntry", "entry_shape", "preview", "record_of"]

_SHOWN_ONLY = frozenset({"entry_id", "dataset", "position"})


class OtherEntry(InvalidInput):
    """The file holds another entry than the one that is to be changed."""

    code: ClassVar[str] = "cli.other-entry"


def entry_shape(found: StoredEntry, record: str) -> dict[str, Any]:
    """Return a whole entry with the dataset it is in.

    Args:
        found: The entry.
        record: The same as a ChatML record: its messages have every field they came with.
    """
    entry = found.entry
    fields = json.loads(record)
    messages = fields.pop("messages", [])
    fields.pop("tags", None)
    return {
        "entry_id": str(entry.entry_id),
        "dataset": found.dataset,
        "position": entry.position,
        "messages": messages,
        "tags": list(entry.tags or ()),
        "origin": entry.origin.model_dump(mode="json"),
        "created_at": entry.created_at.isoformat(),
        "updated_at": entry.updated_at.isoformat(),
        "extra": fields,
    }


def record_of(value: Mapping[str, Any], entry_id: str) -> Mapping[str, Any]:
    """Return the record to store: what ``show`` printed is turned back, others stay.

    Raises:
        OtherEntry: ``show`` printed it for another entry.
    """
    if not value.keys() >= _SHOWN_ONLY:
        return value
    if value["entry_id"] != entry_id.lower():
        raise OtherEntry(
            f"the file holds entry {value['entry_id']}", hint="leave entry_id as it was"
        )
    record = {**(value.get("extra") or {}), "messages": value.get("messages")}
    if value.get("tags"):
        record["tags"] = value["tags"]
    return record


def preview(entry: Entry) -> str:
    """Return the first words of an entry: of its first message that is not the system's."""
    spoken = [m for m in entry.messages if m.role != "system" and m.content]
    chosen = spoken or [m for m in entry.messages if m.content]
    return (chosen[0].content or "") if chosen else ""
