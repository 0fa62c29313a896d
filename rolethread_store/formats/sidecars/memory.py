"""What a store remembers of a sidecar besides definitions, so that it can be written again."""

from __future__ import annotations

from dataclasses import dataclass, field

from rolethread_store.formats.sidecars.exact import JsonObject, exact_text, read_exact
from rolethread_store.formats.sidecars.reading import read_mapping
from rolethread_store.formats.sidecars.sidecar import EntryMapping, Leftover, Sidecar
from rolethread_store.formats.sidecars.writing import mapping_row

__all__ = ["SidecarMemory"]


@dataclass(frozen=True, slots=True)
class SidecarMemory:
    """The rest of a sidecar.

    Attributes:
        dataset_uuid: The identity it gave the dataset.
        filename: The file it lay beside.
        keys: Kind and key of every definition it had, used or not.
        leftovers: Rows that no fact can hold.
        mappings: Mappings that fitted no entry.
        other: Keys that are not known here.
    """

    dataset_uuid: str
    filename: str
    keys: frozenset[tuple[str, str]] = frozenset()
    leftovers: tuple[Leftover, ...] = ()
    mappings: tuple[EntryMapping, ...] = ()
    other: JsonObject = field(default_factory=dict)

    @classmethod
    def of(cls, sidecar: Sidecar, unapplied: tuple[EntryMapping, ...]) -> SidecarMemory:
        """Return what to remember of a sidecar whose other mappings went to the entries."""
        return cls(
            sidecar.identity.dataset_uuid,
            sidecar.identity.filename,
            frozenset((fact.kind.value, fact.key) for fact in sidecar.facts),
            sidecar.leftovers,
            unapplied,
            sidecar.other,
        )

    @classmethod
    def parsed(cls, text: str) -> SidecarMemory:
        """Return what :meth:`text` gave."""
        value = read_exact(text.encode())
        return cls(
            value["dataset_uuid"],
            value["filename"],
            frozenset((kind, key) for kind, key in value["keys"]),
            tuple(Leftover(one["section"], one["place"], one["row"]) for one in value["rows"]),
            tuple(read_mapping(one, "mappings") for one in value["mappings"]),
            value["other"],
        )

    def text(self) -> str:
        """Return it as JSON text."""
        return exact_text(
            {
                "dataset_uuid": self.dataset_uuid,
                "filename": self.filename,
                "keys": [list(key) for key in sorted(self.keys)],
                "rows": [
                    {"section": one.section, "place": one.place, "row": one.row}
                    for one in self.leftovers
                ],
                "mappings": [mapping_row(one) for one in self.mappings],
                "other": self.other,
            }
        )
