"""Sidecars out: the part of the registry that a dataset needs, as RoleThread Lite reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rolethread_store.changelog import DatasetFold
from rolethread_store.formats.sidecars import (
    EntryMapping,
    Sidecar,
    SidecarIdentity,
    SidecarMemory,
    TurnMapping,
    read_exact,
    save_sidecar,
    write_sidecar,
)
from rolethread_store.model import Fact, FactKind
from rolethread_store.model.facts import Alias, SystemPrompt, Tag
from rolethread_store.store.parts import Parts
from rolethread_store.store.sidecars import identities, remembered, tag_usage
from rolethread_store.store.turn_mappings import ENTRY_KEY, LABEL_KEY, MARK

__all__ = ["SidecarExport", "export_sidecar"]

_APP = "RoleThread Store"


@dataclass(frozen=True, slots=True)
class SidecarExport:
    """What was written.

    Attributes:
        path: The file.
        bytes: Its size.
        dataset_uuid: The identity in it.
        definitions: Definitions by kind.
        entries: Entries with mapped turns.
        turns: Turns in all.
    """

    path: Path
    bytes: int
    dataset_uuid: str
    definitions: dict[str, int]
    entries: int
    turns: int


def export_sidecar(
    parts: Parts, fold: DatasetFold, path: Path, version: str, *, force: bool = False
) -> SidecarExport:
    """Write the sidecar of a dataset.

    Args:
        parts: The store.
        fold: The dataset's working copy.
        path: The file to make; its folder must exist.
        version: This program's version, for the file to say.
        force: Replace a sidecar of the same dataset.

    Raises:
        OutputExists: the file is there, and ``force`` is not set.
        SidecarForeign: what is there is not a sidecar of this dataset.
        OutputUnwritable: the disk refuses.
    """
    sidecar = _gathered(parts, fold, version)
    data = write_sidecar(sidecar)
    save_sidecar(path, data, sidecar.identity.dataset_uuid, force=force)
    return SidecarExport(
        path=path.absolute(),
        bytes=len(data),
        dataset_uuid=sidecar.identity.dataset_uuid,
        definitions=dict(sorted(Counter(fact.kind.value for fact in sidecar.facts).items())),
        entries=sum(bool(mapping.turns) for mapping in sidecar.mappings),
        turns=sum(len(mapping.turns) for mapping in sidecar.mappings),
    )


def _gathered(parts: Parts, fold: DatasetFold, version: str) -> Sidecar:
    memory = remembered(parts, fold)
    usage = tag_usage(parts, fold)
    mappings = tuple(_mappings(parts, fold, memory))
    own = identities(parts, fold)
    dataset_id = str(parts.journal.history.families.copy(fold.dataset_id).dataset_id)
    identity = SidecarIdentity(
        dataset_uuid=own[0] if own else memory.dataset_uuid if memory else dataset_id,
        filename=memory.filename if memory else f"{fold.name}.jsonl",
        entry_count=int(
            parts.reader.rows(f"SELECT count(*) FROM ({parts.reader.relation(fold)})")[0][0]
        ),
        exported_at=parts.journal.clock.now().isoformat(),
        app_name=_APP,
        app_version=version,
        tag_usage=usage,
    )
    return Sidecar(
        identity=identity,
        facts=tuple(_needed(parts, memory, set(usage), mappings)),
        mappings=mappings,
        leftovers=memory.leftovers if memory else (),
        other=memory.other if memory else {},
    )


def _needed(
    parts: Parts,
    memory: SidecarMemory | None,
    tags: set[str],
    mappings: tuple[EntryMapping, ...],
) -> Iterator[Fact]:
    """Yield what the entries use, all prompts in use, and what the dataset came with."""
    facts = parts.journal.facts
    came = memory.keys if memory else frozenset()
    wanted = tags | {key for kind, key in came if kind == FactKind.TAG.value}
    speaking = {turn.character for mapping in mappings for turn in mapping.turns}
    defined = [fact for fact in facts.of_kind(FactKind.TAG) if fact.key in wanted]
    categories = {fact.category for fact in defined if isinstance(fact, Tag)}
    for fact in facts.of_kind(FactKind.CATEGORY):
        if fact.key in categories or (fact.kind.value, fact.key) in came:
            yield fact
    yield from defined
    for fact in facts.of_kind(FactKind.ALIAS):
        touched = isinstance(fact, Alias) and not wanted.isdisjoint({fact.key, fact.target})
        if touched or (fact.kind.value, fact.key) in came:
            yield fact
    for fact in facts.of_kind(FactKind.CHARACTER):
        if fact.key in speaking or (fact.kind.value, fact.key) in came:
            yield fact
    for fact in facts.of_kind(FactKind.PROMPT):
        active = isinstance(fact, SystemPrompt) and fact.active
        if active or (fact.kind.value, fact.key) in came:
            yield fact


def _mappings(
    parts: Parts, fold: DatasetFold, memory: SidecarMemory | None
) -> Iterator[EntryMapping]:
    """Yield who speaks in the entries, then what is remembered of entries that are not here."""
    waiting = {one.entry_uuid: one for one in memory.mappings} if memory else {}
    characters = {fact.key for fact in parts.journal.facts.of_kind(FactKind.CHARACTER)}
    listed = (
        "list_transform(messages, lambda one, place: {'place': place - 1, "
        "'character': one.character, 'role': one.role, 'extra': one.extra})"
    )
    rows = parts.reader.rows(
        f"SELECT key, turns FROM (SELECT {ENTRY_KEY} AS key, position, entry_id, list_filter("
        f"{listed}, lambda one: one.character IS NOT NULL) AS turns "
        f"FROM ({parts.reader.relation(fold)})) WHERE len(turns) > 0 ORDER BY position, entry_id"
    )
    for key, turns in rows:
        # Messages bring characters of their own, which the registry need not know.
        told = [_turn(one) for one in turns if one["character"] in characters]
        rest = waiting.pop(key, None)
        if rest is not None:
            taken = {turn.turn_index for turn in told}
            told += [turn for turn in rest.turns if turn.turn_index not in taken]
        if told or rest is not None:
            yield EntryMapping(key, tuple(told), rest.other if rest else {})
    yield from waiting.values()


def _turn(row: dict[str, object]) -> TurnMapping:
    extra = row["extra"]
    kept = {} if extra is None else read_exact(str(extra).encode()).get(MARK, {})
    told = dict(kept.get(LABEL_KEY, {}))
    return TurnMapping(
        turn_index=int(str(row["place"])),
        character=str(row["character"]),
        role=str(row["role"] or ""),
        label=told.pop("label", None),
        other=told,
    )
