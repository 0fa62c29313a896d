"""A sidecar to bytes: two blanks per level, UTF-8 as it is read, a line break at the end."""

from __future__ import annotations

from rolethread_store.formats.sidecars.exact import JsonObject, exact_text, read_exact
from rolethread_store.formats.sidecars.sidecar import (
    KIND,
    SCHEMA_VERSION,
    EntryMapping,
    Sidecar,
    TurnMapping,
)
from rolethread_store.model import Fact
from rolethread_store.model.facts import Alias, Category, Character, SystemPrompt, Tag

__all__ = ["mapping_row", "write_sidecar"]

_SECTIONS: dict[str, type] = {
    "categories": Category,
    "tags": Tag,
    "aliases": Alias,
    "characters": Character,
    "system_prompts": SystemPrompt,
}


def write_sidecar(sidecar: Sidecar) -> bytes:
    """Return the bytes of a sidecar; reading them gives an equal one."""
    identity = sidecar.identity
    other = dict(sidecar.other)
    document: JsonObject = {
        "metadata": {
            "schema_version": SCHEMA_VERSION,
            "kind": KIND,
            "exported_at": identity.exported_at,
            "app_name": identity.app_name,
            "app_version": identity.app_version,
            **other.pop("metadata", {}),
        },
        "dataset": {
            "dataset_uuid": identity.dataset_uuid,
            "filename": identity.filename,
            "entry_count": identity.entry_count,
            **({} if identity.tag_usage is None else {"tag_usage_counts": identity.tag_usage}),
            **other.pop("dataset", {}),
        },
    }
    for section in _SECTIONS:
        document[section] = _rows(sidecar, section)
    document["entry_character_mappings"] = [mapping_row(one) for one in sidecar.mappings]
    return (exact_text({**document, **other}, indent=2) + "\n").encode()


def _rows(sidecar: Sidecar, section: str) -> list[JsonObject]:
    kind = _SECTIONS[section]
    rows = [_row(fact) for fact in sidecar.facts if isinstance(fact, kind)]
    for leftover in sidecar.leftovers:
        if leftover.section == section:
            rows.insert(leftover.place, leftover.row)
    return rows


def _row(fact: Fact) -> JsonObject:
    row = _known(fact)
    extra = getattr(fact, "extra", None)
    return row if extra is None else {**row, **read_exact(extra.encode())}


def _known(fact: Fact) -> JsonObject:
    match fact:
        case Category():
            return {"slug": fact.key, "name": fact.name, "sort_order": fact.order}
        case Tag():
            described = {} if fact.description is None else {"description": fact.description}
            return {
                "slug": fact.key,
                "name": fact.name,
                "category_slug": fact.category,
                **described,
                "status": fact.status,
                "is_active": fact.status == "active",
            }
        case Alias():
            return {"old_slug": fact.key, "new_slug": fact.target, "action": "rename"}
        case Character():
            return {
                "slug": fact.key,
                "display_name": fact.name,
                "description": fact.description,
                "is_active": fact.active,
            }
        case SystemPrompt():
            return {
                "slug": fact.key,
                "name": fact.name,
                "content": fact.content,
                "description": fact.description,
                "is_active": fact.active,
            }
        case _:
            return {}


def mapping_row(mapping: EntryMapping) -> JsonObject:
    """Return who speaks in one entry, as a sidecar writes it."""
    turns = [_turn_row(turn) for turn in mapping.turns]
    return {"entry_uuid": mapping.entry_uuid, "turns": turns, **mapping.other}


def _turn_row(turn: TurnMapping) -> JsonObject:
    return {
        "turn_index": turn.turn_index,
        "character_slug": turn.character,
        "training_role": turn.role,
        "source_role_label": turn.label,
        **turn.other,
    }
