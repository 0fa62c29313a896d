"""Lorebooks of all dialects: one definition of the registry, with every entry in ``extra``."""

from __future__ import annotations

import json
from hashlib import blake2b

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import Json, JsonObject, Reading, ReadingOptions
from rolethread_store.formats.adapters.lenient import first_text, object_of, text_of
from rolethread_store.formats.adapters.speakers import character_key
from rolethread_store.model.facts import Lorebook

__all__ = ["ADAPTER", "lorebook_of"]

# What calls an entry up, and what it then says, as the programs name them.
_KEYS = {"keys", "key", "keywords", "keysecondary", "secondary_keys"}
_TEXTS = {"content", "entry", "text"}


def _recognise(record: JsonObject) -> str | None:
    if text_of(record, "spec") == "lorebook_v3" and isinstance(record.get("data"), dict):
        return "spec lorebook_v3"
    entries = record.get("entries")
    if isinstance(entries, dict) and entries and all(map(_is_entry, entries.values())):
        return "world info entries by number"
    if isinstance(entries, list) and entries and all(map(_is_entry, entries)):
        return "a list of entries with keys and content"
    return None


def _is_entry(value: Json) -> bool:
    if not isinstance(value, dict):
        return False
    keyed = any(isinstance(value.get(key), list) for key in _KEYS)
    return keyed and any(isinstance(value.get(key), str) for key in _TEXTS)


def lorebook_of(book: JsonObject, name: str | None) -> Lorebook:
    """Return the definition of a lorebook.

    Args:
        book: The whole book, kept as it is.
        name: What it is called; a book without a name is known by what is in it.
    """
    whole = json.dumps(book, ensure_ascii=False)
    key = character_key(name or "")
    if not key or name is None:
        # World info files carry no name inside.
        mark = blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        name = key = f"lorebook-{mark}"
    return Lorebook(
        key=key, name=name.strip(), description=first_text(book, "description"), extra=whole
    )


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    book = object_of(record, "data") if text_of(record, "spec") == "lorebook_v3" else record
    name = first_text(book, "name") or first_text(object_of(book, "originalData"), "name")
    return Reading(facts=(lorebook_of(book, name),))


ADAPTER = Adapter(
    name="lorebook",
    title="Lorebook, World Info (JSON)",
    recognise=_recognise,
    read=_read,
)
