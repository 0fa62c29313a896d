"""Fields of a foreign record, read with a reason when they are not what they should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rolethread_store.formats.adapters.draft import Draft, Json, JsonObject, RecordOdd, Turn
from rolethread_store.formats.dialect import RESERVED_KEY

__all__ = ["draft_of", "given", "has_objects", "objects", "optional_text", "rest", "text"]


def has_objects(record: JsonObject, key: str, *keys: str) -> bool:
    """Tell whether a field is a list that begins with an object holding all of ``keys``."""
    value = record.get(key)
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return False
    return all(one in value[0] for one in keys)


def text(record: JsonObject, key: str) -> str:
    """Return a field that must be text.

    Raises:
        RecordOdd: it is missing or something else.
    """
    value = record.get(key)
    if not isinstance(value, str):
        raise RecordOdd(f'"{key}" is {_kind(record, key)}, not text')
    return value


def optional_text(record: JsonObject, key: str) -> str:
    """Return a field that may be missing, ``null`` or text; empty when there is none.

    Raises:
        RecordOdd: it is something else.
    """
    return "" if record.get(key) is None else text(record, key)


def objects(record: JsonObject, key: str) -> list[JsonObject]:
    """Return a field that must be a list of at least one object, and of nothing else.

    Raises:
        RecordOdd: it is not.
    """
    value = record.get(key)
    if not isinstance(value, list):
        raise RecordOdd(f'"{key}" is {_kind(record, key)}, not a list')
    if not value:
        raise RecordOdd(f'"{key}" is empty')
    for index, one in enumerate(value):
        if not isinstance(one, dict):
            raise RecordOdd(f'"{key}" element {index} is not an object')
    return value


def rest(record: JsonObject, read: Iterable[str]) -> dict[str, Json]:
    """Return the fields that were not read; they stay as they are.

    Raises:
        RecordOdd: one has the name that is the store's own.
    """
    if RESERVED_KEY in record:
        raise RecordOdd(f'reserved key "{RESERVED_KEY}"')
    known = frozenset(read)
    return {key: value for key, value in record.items() if key not in known}


def given(**fields: Json) -> dict[str, Json]:
    """Return those fields that are there: neither ``None`` nor empty text."""
    return {key: value for key, value in fields.items() if value is not None and value != ""}


def draft_of(
    record: JsonObject,
    turns: Iterable[Turn],
    read: Iterable[str],
    extra: Mapping[str, Json] | None = None,
) -> Draft:
    """Make an entry of turns, with the record's other fields beside them.

    A field ``tags`` that is a list of texts gives the entry's tags.

    Args:
        record: The foreign record.
        turns: What is said.
        read: Fields that the turns hold.
        extra: Fields to add, or to set in place of the record's.

    Raises:
        RecordOdd: there are no turns, or a field has the name that is the store's own.
    """
    every = tuple(turns)
    if not every:
        raise RecordOdd("nobody says anything")
    kept = rest(record, read)
    tags = kept.get("tags")
    tagged = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    if tagged:
        del kept["tags"]
    kept.update(extra or {})
    return Draft(every, tuple(tags) if tagged and tags is not None else None, kept or None)


def _kind(record: JsonObject, key: str) -> str:
    if key not in record:
        return "missing"
    names = {dict: "an object", list: "a list", bool: "a truth value", str: "text"}
    value = record[key]
    return "null" if value is None else names.get(type(value), "a number")
