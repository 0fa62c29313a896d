"""Definitions that come with records, brought beside those the store has.

The store's own stay as they are: they may be edited, and an import is no edit. A definition
of the same key that says something else gets a key of its own, and the turns of the record
that brought it follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from rolethread_store.formats.adapters import Draft, Reading
from rolethread_store.model import Fact, FactKind

__all__ = ["Definitions", "Renamed"]

FactKey = tuple[FactKind, str]


@dataclass(frozen=True, slots=True)
class Renamed:
    """A definition that got another key, because the store has its own under that one.

    Attributes:
        kind: ``character``, ``prompt``, …
        key: The key it came with.
        new_key: The key it has now.
    """

    kind: str
    key: str
    new_key: str


class Definitions:
    """What an import defines, on top of what is defined already.

    Attributes:
        fresh: Definitions to be made, in the order they were met.
        renamed: Those among them that could not keep their key.
    """

    def __init__(self, known: Mapping[FactKey, Fact]) -> None:
        self._known = dict(known)
        self.fresh: list[Fact] = []
        self.renamed: list[Renamed] = []

    def take(self, reading: Reading) -> tuple[Draft, ...]:
        """Take a record's definitions and return its drafts, with keys as they are now."""
        moved: dict[str, str] = {}
        for fact in reading.facts:
            key = self._add(fact)
            if fact.kind is FactKind.CHARACTER and key != fact.key:
                moved[fact.key] = key
        if not moved:
            return reading.drafts
        return tuple(_recast(draft, moved) for draft in reading.drafts)

    def _add(self, fact: Fact) -> str:
        """Return the key under which the store has, or will have, a definition."""
        for key in _keys(fact.key):
            ours = self._known.get((fact.kind, key))
            if ours is None:
                made = fact if key == fact.key else fact.model_copy(update={"key": key})
                self._known[fact.kind, key] = made
                self.fresh.append(made)
                if key != fact.key:
                    self.renamed.append(Renamed(str(fact.kind), fact.key, key))
                return key
            if _says_no_more(fact, ours):
                return key
        raise AssertionError("keys never end")


def _keys(key: str) -> Iterable[str]:
    yield key
    for number in count(2):
        yield f"{key}-{number}"


def _says_no_more(fact: Fact, ours: Fact) -> bool:
    """Tell whether all that a definition says is in ours too.

    A transcript knows a character's name alone; that is no other character than the one
    whose card says more.
    """
    said = fact.model_dump(exclude={"key", "kind"}, exclude_defaults=True)
    return all(getattr(ours, name) == value for name, value in said.items())


def _recast(draft: Draft, moved: Mapping[str, str]) -> Draft:
    turns = [
        turn
        if turn.character is None
        else replace(turn, character=moved.get(turn.character, turn.character))
        for turn in draft.turns
    ]
    return replace(draft, turns=tuple(turns))
