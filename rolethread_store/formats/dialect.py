"""What the two message shapes have in common, as values the SQL builders read.

Sources: OpenAI's chat format (``messages`` of ``role``/``content``) and the ShareGPT dumps
(``conversations`` of ``from``/``value``), whose labels differ from tool to tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rolethread_store.engine import literal

__all__ = ["RESERVED_KEY", "SYSTEM_FIELD_MARK", "Dialect"]

# Holds what an export needs to give a record back as it came; a source using it itself
# could not be told from ours, so such a record is quarantined.
RESERVED_KEY = "$rt"

# The extra of a message that was a record's own ``system`` field.
SYSTEM_FIELD_MARK = f'{{"{RESERVED_KEY}":{{"field":"system"}}}}'


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One way to write a conversation.

    Attributes:
        name: The format's name in ``origin.format`` and on the command line.
        list_key: Key of the list of messages.
        role_key: Key of who speaks.
        content_key: Key of what is said.
        labels: Canonical role to the label this format writes; others are written as is.
        aliases: Lower-case label to canonical role; labels not in it are roles themselves.
    """

    name: str
    list_key: str
    role_key: str
    content_key: str
    labels: Mapping[str, str]
    aliases: Mapping[str, str]

    @property
    def usual_labels(self) -> tuple[str, ...]:
        """The labels this format itself writes for the roles it knows."""
        return tuple(self.labels.get(role, role) for role in dict.fromkeys(self.aliases.values()))

    def role_sql(self, label: str) -> str:
        """Return SQL giving the canonical role of a label expression."""
        by_role: dict[str, list[str]] = {}
        for alias, role in self.aliases.items():
            by_role.setdefault(role, []).append(literal(alias))
        cases = " ".join(
            f"WHEN lower({label}) IN ({', '.join(aliases)}) THEN {literal(role)}"
            for role, aliases in by_role.items()
        )
        written = {self.labels.get(role, role): role for role in by_role}
        first = " ".join(
            f"WHEN {label} = {literal(word)} THEN {literal(role)}" for word, role in written.items()
        )
        return f"CASE {first} {cases} ELSE {label} END"

    def label_sql(self, role: str) -> str:
        """Return SQL giving the label this format writes for a canonical role."""
        if not self.labels:
            return role
        cases = " ".join(
            f"WHEN {literal(canonical)} THEN {literal(label)}"
            for canonical, label in self.labels.items()
        )
        return f"CASE {role} {cases} ELSE {role} END"
