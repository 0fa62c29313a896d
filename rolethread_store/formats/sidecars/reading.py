"""Bytes to a sidecar: every value is checked, and none is lost."""

from __future__ import annotations

from collections.abc import Callable

from rolethread_store.formats.sidecars.exact import Json, NotExact, read_exact
from rolethread_store.formats.sidecars.fields import Fields, objects
from rolethread_store.formats.sidecars.sidecar import (
    KIND,
    SCHEMA_VERSION,
    EntryMapping,
    Leftover,
    Sidecar,
    SidecarIdentity,
    SidecarTooNew,
    SidecarUnreadable,
    TurnMapping,
)
from rolethread_store.model import Fact
from rolethread_store.model.facts import Alias, Category, Character, SystemPrompt, Tag

__all__ = ["read_mapping", "read_sidecar"]

_STATUSES = ("active", "archived", "hidden")
# The actions after which an old tag means another.
_RENAMING = ("rename", "merge")


def read_sidecar(data: bytes) -> Sidecar:
    """Read a sidecar.

    Raises:
        SidecarUnreadable: the bytes are not a sidecar; the message names the first fault.
        SidecarTooNew: its schema is newer than what is known here.
    """
    try:
        document = read_exact(data)
    except NotExact as error:
        raise SidecarUnreadable(f"the sidecar is not JSON: {error}") from None
    whole = Fields(document, "sidecar")
    metadata = Fields(whole.required("metadata", dict), "metadata")
    _require_known(metadata)
    dataset = Fields(whole.required("dataset", dict), "dataset")
    identity = _identity(metadata, dataset)
    facts: list[Fact] = []
    leftovers: list[Leftover] = []
    for section, read in _SECTIONS.items():
        _take(section, objects(whole, section), read, (facts, leftovers))
    mappings = tuple(
        read_mapping(one, f"entry_character_mappings[{place}]")
        for place, one in enumerate(objects(whole, "entry_character_mappings"))
    )
    other = dict(whole.rest)
    # A key of that name can stand at the top level no more: both were taken.
    if metadata.rest:
        other["metadata"] = metadata.rest
    if dataset.rest:
        other["dataset"] = dataset.rest
    return Sidecar(identity, tuple(facts), mappings, tuple(leftovers), other)


def _require_known(metadata: Fields) -> None:
    kind = metadata.required("kind", str)
    if kind != KIND:
        raise SidecarUnreadable(f"metadata.kind is {kind!r}, not {KIND!r}")
    version = metadata.required("schema_version", int)
    if version > SCHEMA_VERSION:
        raise SidecarTooNew(
            f"the sidecar has schema {version}; up to {SCHEMA_VERSION} is known here",
            hint="use a newer version of this program",
        )
    if version != SCHEMA_VERSION:
        raise SidecarUnreadable(f"metadata.schema_version is {version}, not {SCHEMA_VERSION}")


def _identity(metadata: Fields, dataset: Fields) -> SidecarIdentity:
    usage = dataset.optional("tag_usage_counts", dict)
    if usage is not None:
        counted = Fields(usage, "dataset.tag_usage_counts")
        usage = {key: counted.required(key, int) for key in usage}
    return SidecarIdentity(
        dataset_uuid=dataset.required("dataset_uuid", str),
        filename=dataset.required("filename", str),
        entry_count=dataset.optional("entry_count", int) or 0,
        exported_at=metadata.required("exported_at", str),
        app_name=metadata.optional("app_name", str) or "RoleThread Lite",
        app_version=metadata.optional("app_version", str) or "",
        tag_usage=usage,
    )


def _take(
    section: str,
    rows: list[Json],
    read: Callable[[Fields], Fact | None],
    into: tuple[list[Fact], list[Leftover]],
) -> None:
    """Make facts of the rows of a section; of several about one thing the last counts."""
    facts, leftovers = into
    made: dict[str, tuple[int, Fact]] = {}
    kept: list[int] = []
    for place, row in enumerate(rows):
        fact = read(Fields(row, f"{section}[{place}]"))
        if fact is None:
            kept.append(place)
            continue
        if fact.key in made:
            kept.append(made.pop(fact.key)[0])
        made[fact.key] = place, fact
    facts.extend(fact for _, fact in made.values())
    leftovers.extend(Leftover(section, place, rows[place]) for place in sorted(kept))


def _category(row: Fields) -> Fact:
    key, name = row.required("slug", str), row.required("name", str)
    order = row.optional("sort_order", int) or 0
    return Category(key=key, name=name, order=order, extra=row.extra())


def _tag(row: Fields) -> Fact:
    key, name = row.required("slug", str), row.required("name", str)
    category = row.optional("category_slug", str)
    description = row.optional("description", str)
    status = row.optional("status", str) or "active"
    active = row.optional("is_active", bool)
    known = status if status in _STATUSES else "archived"
    if known != status:
        row.rest["status"] = status
    if active is not None and active is not (known == "active"):
        row.rest["is_active"] = active
    return Tag.model_validate(
        {
            "key": key,
            "name": name,
            "category": category,
            "description": description,
            "status": known,
            "extra": row.extra(),
        }
    )


def _alias(row: Fields) -> Fact | None:
    key, action = row.required("old_slug", str), row.required("action", str)
    target = row.optional("new_slug", str)
    metadata = row.optional("metadata", dict)
    if target is None or action not in _RENAMING:
        return None
    row.rest["action"] = action
    if metadata is not None:
        row.rest["metadata"] = metadata
    return Alias(key=key, target=target, extra=row.extra())


def _character(row: Fields) -> Fact:
    key, name = row.required("slug", str), row.required("display_name", str)
    description, active = row.optional("description", str), row.optional("is_active", bool)
    return Character(
        key=key, name=name, description=description, active=active is not False, extra=row.extra()
    )


def _prompt(row: Fields) -> Fact:
    key, name = row.required("slug", str), row.required("name", str)
    content = row.required("content", str)
    description, active = row.optional("description", str), row.optional("is_active", bool)
    return SystemPrompt(
        key=key,
        name=name,
        content=content,
        description=description,
        active=active is not False,
        extra=row.extra(),
    )


_SECTIONS: dict[str, Callable[[Fields], Fact | None]] = {
    "categories": _category,
    "tags": _tag,
    "aliases": _alias,
    "characters": _character,
    "system_prompts": _prompt,
}


def read_mapping(value: Json, place: str) -> EntryMapping:
    """Read who speaks in one entry; ``place`` is where it stands, for messages.

    Raises:
        SidecarUnreadable: a value is missing or of a wrong type.
    """
    row = Fields(value, place)
    entry_uuid = row.required("entry_uuid", str)
    turns = tuple(
        _turn(one, f"{place}.turns[{number}]") for number, one in enumerate(objects(row, "turns"))
    )
    return EntryMapping(entry_uuid, turns, row.rest)


def _turn(value: Json, place: str) -> TurnMapping:
    row = Fields(value, place)
    return TurnMapping(
        turn_index=row.required("turn_index", int),
        character=row.required("character_slug", str),
        role=row.required("training_role", str),
        label=row.optional("source_role_label", str),
        other=row.rest,
    )
