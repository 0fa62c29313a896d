"""Looking into foreign JSON: a field of another type than expected is not there.

What a field holds is nobody's promise; an adapter that asks here never fails on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rolethread_store.formats.adapters.draft import Json, JsonObject

__all__ = [
    "first_text",
    "items_of",
    "label_of",
    "object_of",
    "objects_of",
    "pick",
    "text_of",
    "texts_of",
    "trimmed",
]


def text_of(record: Json, key: str) -> str | None:
    """Return a field that is a string, else ``None``."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else None


def first_text(record: Json, *keys: str) -> str | None:
    """Return the first of some fields that is a string with something in it."""
    return next((text for key in keys if (text := text_of(record, key))), None)


def label_of(record: Json, key: str) -> str | None:
    """Return an id as text: a string with something in it, or a whole number."""
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def object_of(record: Json, key: str) -> JsonObject:
    """Return a field that is an object, else an empty one."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else {}


def items_of(record: Json, key: str) -> list[Json]:
    """Return a field that is a list, else an empty one."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, list) else []


def objects_of(record: Json, key: str) -> list[JsonObject]:
    """Return the objects in a field that is a list."""
    return [item for item in items_of(record, key) if isinstance(item, dict)]


def texts_of(record: Json, key: str) -> list[str]:
    """Return the strings in a field that is a list."""
    return [item for item in items_of(record, key) if isinstance(item, str)]


def pick(record: Json, keys: Iterable[str]) -> JsonObject:
    """Return those of some fields that say something."""
    if not isinstance(record, dict):
        return {}
    return trimmed({key: record.get(key) for key in keys})


def trimmed(fields: Mapping[str, Json]) -> JsonObject:
    """Return fields without those that are null or empty."""
    return {
        key: value
        for key, value in fields.items()
        if value is not None and value != "" and value != [] and value != {}
    }
