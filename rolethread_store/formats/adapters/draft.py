"""What an adapter gives back: a foreign record in the store's words, before it has an id.

The record's own text is kept beside it word for word, so an adapter need not carry over
what it does not understand: it says what the conversation is, and puts into ``extra`` what
people will want to ask for with SQL (titles, times, models, ids of the source).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rolethread_store.model import Fact

__all__ = ["Draft", "Json", "JsonObject", "Reading", "ReadingOptions", "RecordOdd", "Swipe", "Turn"]

# As ``json.loads`` gives it.
Json = Any
JsonObject = dict[str, Any]


class RecordOdd(ValueError):
    """The record is of the adapter's shape but cannot be read; the text is the reason.

    It never leaves the room: the record goes to quarantine with this reason.
    """


@dataclass(frozen=True, slots=True)
class Swipe:
    """One other answer a turn could have had.

    Attributes:
        content: Its text.
        extra: Fields of the source worth asking for: rank, model, the turns after it.
    """

    content: str | None
    extra: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One message.

    Attributes:
        role: ``user``, ``assistant``, ``system``, ``tool``, ``developer``, or the source's word.
        content: The text; ``None`` when there is none, or when it is structured and stands
            in ``extra`` under ``content``.
        name: Who speaks, as the source writes it.
        character: Key of the registry's character that speaks.
        weight: Training weight.
        alternatives: Swipes, regenerated answers, other branches of a tree.
        extra: Other fields: ``tool_calls``, ``tool_call_id``, ``reasoning_content``, times.
    """

    role: str
    content: str | None
    name: str | None = None
    character: str | None = None
    weight: float | None = None
    alternatives: tuple[Swipe, ...] = ()
    extra: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry to be.

    Attributes:
        turns: Its messages.
        tags: Tags the source gives, ``None`` when it knows none.
        extra: Top-level fields worth asking for; preference data stand under ``chosen`` and
            ``rejected`` (lists of ``{role, content}``), a KTO label under ``label``, tools
            under ``tools``.
    """

    turns: tuple[Turn, ...]
    tags: tuple[str, ...] | None = None
    extra: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All a record holds: entries, and definitions for the registry."""

    drafts: tuple[Draft, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the user said about who is who.

    Attributes:
        assistants: Speakers whose turns are the assistant's, compared without case; for
            records of many speakers, where nothing else tells.
        user_name: What ``{{user}}`` is called, ``None`` to leave such marks as they are.
    """

    assistants: frozenset[str] = field(default_factory=frozenset)
    user_name: str | None = None
