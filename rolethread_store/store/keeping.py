"""How much history is kept: what ``history keep`` says, does and remembers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from rolethread_store.dataset import (
    Base,
    Beginning,
    Rebuild,
    RekeyUnfinished,
    base_of,
    beginnings,
    collect_trees,
    expired,
    lowered,
    named_batches,
    next_record,
    require_no_rekey,
    useful_bases,
    without_old_facts,
)
from rolethread_store.errors import InvalidInput, Unavailable
from rolethread_store.model import Batch, ChangeSet, FactKind, FactPut, Setting
from rolethread_store.storage import RebuildRunning, rebuilding
from rolethread_store.store.outliving import Outliving, outliving
from rolethread_store.store.parts import Parts

__all__ = ["Horizon", "HorizonInvalid", "KeepReport", "keep", "keep_if_due", "remembered"]

_KEY: Final = "history"
_DAYS: Final = {"d": 1, "w": 7, "m": 30, "y": 365}
_BYTES: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_LIMIT: Final = re.compile(r"([0-9]{1,9}) ?([a-z]{1,2})", re.ASCII | re.IGNORECASE)
_PATIENCE: Final = timedelta(days=1)


class HorizonInvalid(InvalidInput):
    """A text that says neither how long nor how much history is kept."""

    code: ClassVar[str] = "store.horizon-invalid"


@dataclass(frozen=True, slots=True)
class Horizon:
    """How much history is kept; with neither limit, all of it.

    Attributes:
        age: What is older may go.
        size: What is beyond so many bytes, from the newest on, may go.
    """

    age: timedelta | None = None
    size: int | None = None

    @classmethod
    def of(cls, text: str) -> Horizon:
        """Read ``all``, ``30d``, ``12w``, ``6m``, ``1y``, ``500MB``.

        Raises:
            HorizonInvalid: it is none of these.
        """
        if text.strip().casefold() == "all":
            return cls()
        match = _LIMIT.fullmatch(text.strip())
        unit = "" if match is None else match[2].casefold()
        if match is not None and unit in _DAYS and int(match[1]) * _DAYS[unit] < 10**6:
            return cls(age=timedelta(days=int(match[1]) * _DAYS[unit]))
        if match is not None and unit in _BYTES:
            return cls(size=int(match[1]) * _BYTES[unit])
        raise HorizonInvalid(
            f"“{text}” does not say how much history to keep",
            hint="say all, a time such as 30d, 12w, 6m or 1y, or a size such as 500MB",
        )

    @property
    def text(self) -> str:
        """How it is remembered and told."""
        if self.age is not None:
            return f"{self.age.days}d"
        return "all" if self.size is None else f"{self.size // 1000}kB"


@dataclass(frozen=True, slots=True)
class KeepReport:
    """What a horizon did, or would do.

    Attributes:
        kept: The horizon.
        expired: Change sets whose content goes now.
        remaining: Change sets that can still be undone or looked into.
        oldest: When the oldest of these was made.
        freed: Bytes of segments and log that go, before what is written anew.
        dry_run: Whether nothing was done.
        old_removed: Whether the old files are gone; else the next writer removes them when
            nobody reads them any more.
    """

    kept: str
    expired: int
    remaining: int
    oldest: datetime | None
    freed: int
    dry_run: bool
    old_removed: bool = True


@dataclass(frozen=True)
class _Plan:
    """A cut and what follows from it."""

    cut: int
    old: list[ChangeSet]
    new: list[ChangeSet]
    needed: list[Beginning]

    @property
    def changed(self) -> int:
        """Records that lose their content."""
        return sum(one is not other for one, other in zip(self.old, self.new, strict=True))

    @property
    def expiring(self) -> list[ChangeSet]:
        """Records without content, those of earlier times too, if any is to lose it now."""
        return [one for one in self.new if one.expired] if self.changed else []


def keep(parts: Parts, horizon: Horizon, *, dry_run: bool = False) -> KeepReport:
    """Remember a horizon and let go of what lies beyond it.

    Raises:
        RekeyUnfinished: a rekey has to be finished or abandoned first.
        RebuildRunning: another process rebuilds the store.
        Locked: another process writes.
        Unavailable: the disk is full; nothing was changed.
    """
    journal = parts.journal
    if dry_run:
        plan = _plan(parts, horizon)
        with outliving(parts, plan.expiring, plan.needed) as originals:
            return _report(parts, horizon, plan, originals, dry_run=True)
    with rebuilding(journal.layout):
        require_no_rekey(journal)
        journal.require_no_block()
        journal.begin_write()
        parts.upkeep.wait()
        plan = _plan(parts, horizon)
        with outliving(parts, plan.expiring, plan.needed) as originals:
            report = _report(parts, horizon, plan, originals, dry_run=False)
            rebuild = _prepared(parts, plan, originals) if plan.changed else None
        setting = FactPut(fact=Setting(key=_KEY, value=horizon.text))
        words = f"keep history: {horizon.text}"
        fresh = remembered(parts) != horizon
        if rebuild is not None:
            # One step: a limit that could not be applied is not remembered, and one that
            # could not be remembered is not applied.
            more = [next_record(journal, [setting], words)] if fresh else []
            parts.release()
            replace(rebuild, records=[*rebuild.records, *more]).run()
        elif fresh:
            journal.commit([setting], words)
        # Also without a change: an earlier rebuild may have died before this.
        removed = collect_trees(journal.layout, journal.disk, journal.lease)
    return KeepReport(
        report.kept, report.expired, report.remaining, report.oldest, report.freed,
        dry_run=False, old_removed=removed,
    )  # fmt: skip


def keep_if_due(parts: Parts) -> KeepReport | None:
    """Apply the remembered horizon when something has been beyond it for a day, or by a tenth.

    So a store that is used all day is rebuilt at most once a day.
    """
    horizon = remembered(parts)
    if horizon == Horizon():
        return None
    late = Horizon(
        None if horizon.age is None else horizon.age + _PATIENCE,
        None if horizon.size is None else horizon.size + horizon.size // 10,
    )
    try:
        return keep(parts, horizon) if _plan(parts, late).changed else None
    except (RekeyUnfinished, RebuildRunning, Unavailable):
        return None  # The store is closing and is whole; the next writer tries again.


def remembered(parts: Parts) -> Horizon:
    """Return the horizon that the store keeps to."""
    for setting in parts.journal.facts.of_kind(FactKind.SETTING):
        if isinstance(setting, Setting) and setting.key == _KEY:
            return Horizon.of(setting.value)
    return Horizon()


def _plan(parts: Parts, horizon: Horizon) -> _Plan:
    history = parts.journal.history
    records = list(history.records())[::-1]
    cut = lowered(records, _cut(parts, horizon, records))
    thinned = [expired(one) if one.seq <= cut else one for one in records]
    standing = {one.set_id for one in history.effective_facts()}
    new = without_old_facts(thinned, standing)
    return _Plan(cut, records, new, beginnings(history, cut))


def _cut(parts: Parts, horizon: Horizon, records: Sequence[ChangeSet]) -> int:
    """Return the number of the last change set beyond the horizon, 0 for none."""
    cut = 0
    if horizon.age is not None:
        now = parts.journal.clock.now()
        for record in records:
            if now - record.at <= horizon.age:
                break
            cut = record.seq
    if horizon.size is not None:
        cut = _cut_by_size(parts, horizon.size, records)
    return cut


def _cut_by_size(parts: Parts, limit: int, records: Sequence[ChangeSet]) -> int:
    """Count back from the newest: its bytes in the log, and batches that only history needs."""
    journal = parts.journal
    present = _present_batches(parts)
    sizes = {batch.batch_id: batch.size for batch in journal.manifest.batches}
    total = 0
    for record, body in reversed(list(zip(records, journal.bodies(), strict=True))):
        named = named_batches([record]) - present
        total += len(body) + sum(sizes.pop(batch_id, 0) for batch_id in named)
        if total > limit:
            return record.seq
    return 0


def _present_batches(parts: Parts) -> set[object]:
    """Return the batches that working copies and versions need as they are now."""
    journal = parts.journal
    families = journal.history.families
    found: set[object] = set()
    for main in list(families.mains()):
        for copy in families.copies(main.dataset_id):
            found.update(journal.states.fold(copy.copy_id).batch_ids)
        for version in families.versions(main.dataset_id):
            found.update(journal.states.at(main.dataset_id, version.number).batch_ids)
    return found


def _prepared(parts: Parts, plan: _Plan, originals: Outliving) -> Rebuild:
    """Return the store as it is to be, and publish the checkpoints and originals it needs."""
    journal = parts.journal
    known = useful_bases(journal.history, journal.manifest.bases, plan.cut)
    chains = {base.chain for base in known}
    fresh: list[Base] = []
    batches: list[Batch] = []
    for beginning in plan.needed:
        if beginning.chain not in chains:
            base, made = base_of(journal, parts.reader, parts.room, beginning)
            fresh.append(base)
            batches += made
    staying = originals.write()
    batches += [batch for batch in staying.values() if batch is not None]
    if fresh or batches:
        journal.publish(batches, fresh)
    names = {old: None if new is None else new.batch_id for old, new in staying.items()}
    return Rebuild(journal, originals.told(plan.new, names), known + fresh)


def _report(
    parts: Parts, horizon: Horizon, plan: _Plan, originals: Outliving, *, dry_run: bool
) -> KeepReport:
    journal = parts.journal
    wanted = named_batches(plan.new) | _present_batches(parts)
    wanted -= originals.thinned.keys()
    known = useful_bases(journal.history, journal.manifest.bases, plan.cut)
    wanted |= {layer.batch_id for base in known for layer in base.layers}
    gone = sum(b.size for b in journal.manifest.batches if b.batch_id not in wanted)
    thinner = sum(
        len(body) - len(new.model_dump_json(exclude_none=True))
        for old, new, body in zip(plan.old, plan.new, journal.bodies(), strict=True)
        if old is not new
    )
    whole = [one for one in plan.new if one.undoable and not one.expired and one.dataset_ids]
    return KeepReport(
        kept=horizon.text,
        expired=plan.changed,
        remaining=len(whole),
        oldest=whole[0].at if whole else None,
        freed=gone + max(0, thinner),
        dry_run=dry_run,
    )
