"""Registry facts: what the store's datasets share besides entries."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Alias",
    "Category",
    "Character",
    "Fact",
    "FactKind",
    "Lorebook",
    "Note",
    "Setting",
    "SystemPrompt",
    "Tag",
]


class FactKind(StrEnum):
    """The kinds of registry facts."""

    TAG = "tag"
    CATEGORY = "category"
    ALIAS = "alias"
    CHARACTER = "character"
    PROMPT = "prompt"
    NOTE = "note"
    SETTING = "setting"
    LORE = "lore"


class _Fact(BaseModel):
    """Frozen; ``key`` is unique within its kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str


class Tag(_Fact):
    """A tag's definition; entries carry only its ``key``."""

    kind: Literal[FactKind.TAG] = FactKind.TAG
    name: str
    category: str | None = None
    description: str | None = None
    status: Literal["active", "archived", "hidden"] = "active"
    extra: str | None = None


class Category(_Fact):
    """A group of tags."""

    kind: Literal[FactKind.CATEGORY] = FactKind.CATEGORY
    name: str
    order: int = 0
    extra: str | None = None


class Alias(_Fact):
    """An old tag that now means another."""

    kind: Literal[FactKind.ALIAS] = FactKind.ALIAS
    target: str
    extra: str | None = None


class Character(_Fact):
    """Somebody who speaks in entries."""

    kind: Literal[FactKind.CHARACTER] = FactKind.CHARACTER
    name: str
    description: str | None = None
    active: bool = True
    extra: str | None = None


class SystemPrompt(_Fact):
    """A named system prompt."""

    kind: Literal[FactKind.PROMPT] = FactKind.PROMPT
    name: str
    content: str
    description: str | None = None
    active: bool = True
    extra: str | None = None


class Lorebook(_Fact):
    """What is known of a world, called up by keywords; ``extra`` holds all its entries."""

    kind: Literal[FactKind.LORE] = FactKind.LORE
    name: str
    description: str | None = None
    extra: str | None = None


class Note(_Fact):
    """A remark on an entry or a dataset; ``key`` is a fresh id."""

    kind: Literal[FactKind.NOTE] = FactKind.NOTE
    about: UUID
    text: str


class Setting(_Fact):
    """A setting of the store, such as a remote; never part of the undo stack."""

    kind: Literal[FactKind.SETTING] = FactKind.SETTING
    value: str


Fact = Annotated[
    Tag | Category | Alias | Character | SystemPrompt | Note | Setting | Lorebook,
    Field(discriminator="kind"),
]
