"""Sidecars in: definitions and mappings become changes, and what does not fit is told."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.formats.sidecars import (
    Sidecar,
    SidecarForeign,
    SidecarIdentity,
    SidecarMemory,
    load_sidecar,
)
from rolethread_store.model import Change, EntryRewritten, Fact, FactKind, FactPut
from rolethread_store.model.facts import Setting
from rolethread_store.store.parts import Parts
from rolethread_store.store.turn_mappings import MappingPlan, UnmappedTurn, plan_mappings

__all__ = [
    "SidecarReport",
    "check_sidecar",
    "identities",
    "import_sidecar",
    "remembered",
    "tag_usage",
]

_PREFIX = "sidecar/"
# The log takes 64 MiB in one step; the text of messages is most of a change's bytes.
_STEP_BYTES = 24 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SidecarReport:
    """What a sidecar says, and what became of it.

    Attributes:
        dataset: The dataset it was read for.
        identity: Whose it says it is.
        mismatches: In what it differs from the dataset, in words; the first one, if it is
            about identity, keeps it from being imported.
        foreign: Whether it is of another dataset.
        added: Definitions that were new, by kind.
        known: Definitions that were there already, just so.
        conflicts: Kind and key of those that are there with another content, which stays.
        entries: Entries that changed.
        turns: Turns that have the character the sidecar gives them.
        unmapped: Turns for which that could not be done.
        changes: Numbers of the changes in the log; empty when nothing changed, or when it was
            only a check.
    """

    dataset: str
    identity: SidecarIdentity
    mismatches: tuple[str, ...]
    foreign: bool
    added: dict[str, int]
    known: int
    conflicts: tuple[tuple[str, str], ...]
    entries: int
    turns: int
    unmapped: tuple[UnmappedTurn, ...]
    changes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an import would do."""

    report: SidecarReport
    facts: tuple[Fact, ...]
    mapping: MappingPlan
    memory: SidecarMemory


def check_sidecar(
    parts: Parts, fold: DatasetFold, path: Path, *, replace: bool = False
) -> SidecarReport:
    """Tell what an import of a sidecar would do; nothing changes."""
    return _planned(parts, fold, load_sidecar(path), replace=replace).report


def import_sidecar(
    parts: Parts, fold: DatasetFold, path: Path, *, force: bool = False, replace: bool = False
) -> SidecarReport:
    """Take a sidecar's definitions and mappings over, as one change.

    Only mappings of so many entries that the log does not take them in one step are more.

    Raises:
        SidecarForeign: it is of another dataset, and ``force`` is not set.
    """
    parts.journal.require_no_block()
    plan = _planned(parts, fold, load_sidecar(path), replace=replace)
    if plan.report.foreign and not force:
        raise SidecarForeign(
            f"{path.name} is not of “{fold.name}”: {plan.report.mismatches[0]}",
            hint="--force takes it over all the same",
        )
    changes: list[Change] = [FactPut(fact=fact) for fact in plan.facts]
    memory = Setting(key=_PREFIX + str(_dataset_id(parts, fold)), value=plan.memory.text())
    if parts.journal.facts.get(FactKind.SETTING, memory.key) != memory:
        changes.append(FactPut(fact=memory))
    words = f"import sidecar {path.name}"
    numbers = []
    for number, step in enumerate(_steps(plan.mapping.changes)):
        batch = (*changes, *step) if number == 0 else step
        if batch:
            named = words if number == 0 else f"{words} (part {number + 1})"
            numbers.append(parts.journal.commit(batch, named).seq)
    return dataclasses.replace(plan.report, changes=tuple(numbers))


def _steps(changes: Sequence[EntryRewritten]) -> Iterator[tuple[EntryRewritten, ...]]:
    """Cut changes into steps the log takes; the first may be empty."""
    step: list[EntryRewritten] = []
    size = 0
    for change in changes:
        length = sum(
            len((one.content or "").encode()) + len((one.extra or "").encode()) + 200
            for one in change.messages
        )
        if step and size + length > _STEP_BYTES:
            yield tuple(step)
            step, size = [], 0
        step.append(change)
        size += length
    yield tuple(step)


def _planned(parts: Parts, fold: DatasetFold, sidecar: Sidecar, *, replace: bool) -> _Plan:
    facts: list[Fact] = []
    conflicts: list[tuple[str, str]] = []
    known = 0
    for fact in sidecar.facts:
        ours = parts.journal.facts.get(fact.kind, fact.key)
        if ours == fact:
            known += 1
        elif ours is None or replace:
            facts.append(fact)
        else:
            conflicts.append((fact.kind.value, fact.key))
    there = (*parts.journal.facts.of_kind(FactKind.CHARACTER), *facts)
    characters = {fact.key for fact in there if fact.kind is FactKind.CHARACTER}
    mapping = plan_mappings(parts, fold, sidecar.mappings, characters)
    foreign, mismatches = _mismatches(parts, fold, sidecar.identity)
    report = SidecarReport(
        dataset=fold.name,
        identity=sidecar.identity,
        mismatches=mismatches,
        foreign=foreign,
        added=dict(sorted(Counter(fact.kind.value for fact in facts).items())),
        known=known,
        conflicts=tuple(conflicts),
        entries=len(mapping.changes),
        turns=mapping.turns,
        unmapped=mapping.unmapped,
    )
    return _Plan(report, tuple(facts), mapping, SidecarMemory.of(sidecar, mapping.remaining))


def _mismatches(
    parts: Parts, fold: DatasetFold, identity: SidecarIdentity
) -> tuple[bool, tuple[str, ...]]:
    """Return whether a sidecar is of another dataset, and in what it differs from this one."""
    found = []
    own = identities(parts, fold)
    foreign = bool(own) and identity.dataset_uuid not in own
    if foreign:
        names = ", ".join(own[:3])
        found.append(f"it is of dataset {identity.dataset_uuid}, the entries are of {names}")
    entries = int(parts.reader.rows(f"SELECT count(*) FROM ({parts.reader.relation(fold)})")[0][0])
    if entries != identity.entry_count:
        found.append(f"it counts {identity.entry_count:,} entries, the dataset has {entries:,}")
    if identity.tag_usage is not None:
        usage = tag_usage(parts, fold)
        tags = [
            tag
            for tag in dict.fromkeys((*identity.tag_usage, *usage))
            if usage.get(tag, 0) != identity.tag_usage.get(tag, 0)
        ]
        if tags:
            more = f" and {len(tags) - 5} more" if len(tags) > 5 else ""
            found.append(f"it counts other uses of tags: {', '.join(tags[:5])}{more}")
    return foreign, tuple(found)


def identities(parts: Parts, fold: DatasetFold) -> list[str]:
    """Return the dataset identities that RoleThread Lite gave the entries, commonest first."""
    rows = parts.reader.rows(
        "SELECT json_extract_string(extra, '$._rolethread.dataset_uuid') AS own, count(*) "
        f"FROM ({parts.reader.relation(fold)}) GROUP BY own HAVING own IS NOT NULL "
        "ORDER BY 2 DESC, 1"
    )
    return [row[0] for row in rows]


def tag_usage(parts: Parts, fold: DatasetFold) -> dict[str, int]:
    """Return how many entries have each tag, by tag."""
    rows = parts.reader.rows(
        "SELECT tag, count(*) FROM (SELECT unnest(list_distinct(tags)) AS tag "
        f"FROM ({parts.reader.relation(fold)})) GROUP BY tag ORDER BY tag"
    )
    return {tag: int(uses) for tag, uses in rows}


def remembered(parts: Parts, fold: DatasetFold) -> SidecarMemory | None:
    """Return what is remembered of the sidecar that a dataset came with, if it did."""
    key = _PREFIX + str(_dataset_id(parts, fold))
    found = parts.journal.facts.get(FactKind.SETTING, key)
    return SidecarMemory.parsed(found.value) if isinstance(found, Setting) else None


def _dataset_id(parts: Parts, fold: DatasetFold) -> UUID:
    """Return the dataset's id, which all its working copies share."""
    return parts.journal.history.families.copy(fold.dataset_id).dataset_id
