"""The registry as a value: definitions by kind and key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rolethread_store.model import ChangeSet, Fact, FactKind, FactPut, FactRemoved

__all__ = ["Registry"]


@dataclass
class Registry:
    """What is defined now.

    Attributes:
        facts: Definitions by kind and key, in the order they were first made.
    """

    facts: dict[tuple[FactKind, str], Fact] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[ChangeSet]) -> Registry:
        """Fold the facts of change sets, oldest first."""
        registry = cls()
        for record in records:
            registry.apply(record)
        return registry

    def apply(self, record: ChangeSet) -> None:
        """Put the facts of one set into effect."""
        for change in record.changes:
            if isinstance(change, FactPut):
                self.facts[change.fact.kind, change.fact.key] = change.fact
            elif isinstance(change, FactRemoved):
                self.facts.pop((change.fact_kind, change.key), None)

    def get(self, kind: FactKind, key: str) -> Fact | None:
        """Return a definition, ``None`` when there is none."""
        return self.facts.get((kind, key))

    def of_kind(self, kind: FactKind) -> list[Fact]:
        """Return all definitions of a kind."""
        return [fact for (fact_kind, _), fact in self.facts.items() if fact_kind is kind]
