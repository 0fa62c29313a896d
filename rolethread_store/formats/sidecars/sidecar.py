"""A sidecar as a value: what RoleThread Lite keeps beside a dataset, in the store's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from rolethread_store.errors import InvalidInput, Unsupported
from rolethread_store.formats.sidecars.exact import JsonObject
from rolethread_store.model import Fact

__all__ = [
    "KIND",
    "SCHEMA_VERSION",
    "EntryMapping",
    "Leftover",
    "Sidecar",
    "SidecarIdentity",
    "SidecarTooNew",
    "SidecarUnreadable",
    "TurnMapping",
]

KIND = "rolethread.tag_registry"
SCHEMA_VERSION = 1


class SidecarUnreadable(InvalidInput):
    """The file is not a sidecar, or one of its values is of a wrong type."""

    code: ClassVar[str] = "formats.sidecar-unreadable"


class SidecarTooNew(Unsupported):
    """The sidecar was written by a newer program, in a schema that is not known here."""

    code: ClassVar[str] = "formats.sidecar-too-new"


@dataclass(frozen=True, slots=True)
class SidecarIdentity:
    """Whose sidecar it is.

    Attributes:
        dataset_uuid: The dataset's identity, as the entries carry it too.
        filename: Name of the file it lay beside.
        entry_count: How many entries that had.
        exported_at: When it was written, as the file says.
        app_name: The program that wrote it.
        app_version: That program's version.
        tag_usage: How many entries had each tag; ``None`` when the file does not say.
    """

    dataset_uuid: str
    filename: str
    entry_count: int
    exported_at: str
    app_name: str
    app_version: str
    tag_usage: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class TurnMapping:
    """Who speaks one turn.

    Attributes:
        turn_index: The message, from 0.
        character: Key of the character.
        role: The role the turn is trained as.
        label: The speaker's name before it was mapped.
        other: Keys that are not known here.
    """

    turn_index: int
    character: str
    role: str
    label: str | None = None
    other: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryMapping:
    """Who speaks in one entry; ``other`` holds keys that are not known here."""

    entry_uuid: str
    turns: tuple[TurnMapping, ...]
    other: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A row that no fact can hold, such as an older alias of the same tag, at its place."""

    section: str
    place: int
    row: JsonObject


@dataclass(frozen=True, slots=True)
class Sidecar:
    """All that a sidecar says.

    Attributes:
        identity: Whose it is.
        facts: Its definitions; keys that are not known here stand in a fact's ``extra``.
        mappings: Who speaks which turns.
        leftovers: Rows that are none of these.
        other: Keys that are not known here, at the top level, in ``metadata`` and in
            ``dataset``.
    """

    identity: SidecarIdentity
    facts: tuple[Fact, ...] = ()
    mappings: tuple[EntryMapping, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    other: JsonObject = field(default_factory=dict)
