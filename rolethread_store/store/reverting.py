"""Revert: an earlier change set goes out of effect while those after it stay.

The record names the set and nothing more, so it is one small frame whatever the size. A
revert may itself be reverted, which puts the set back at its old place. Both are refused
where a later change builds on what would go, for its words would then mean something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import (
    dependents,
    fact_keys,
    footprint,
    is_structural,
    no_longer_kept,
    stands,
)
from rolethread_store.dataset import BatchProbe
from rolethread_store.errors import Conflict, NotFound
from rolethread_store.model import REGISTRY_ID, ChangeSet, CheckedOut, Reverted
from rolethread_store.store import overview
from rolethread_store.store.parts import Parts

__all__ = ["NothingToRevert", "RevertConflict", "revert"]

_NAMED = 5


class NothingToRevert(NotFound):
    """The change is not in effect where it would be reverted."""

    code: ClassVar[str] = "store.nothing-to-revert"


class RevertConflict(Conflict):
    """Other changes depend on the one that would be reverted.

    Attributes:
        changes: Numbers of these changes, oldest first.
    """

    code: ClassVar[str] = "store.revert-conflict"

    def __init__(self, message: str, changes: Sequence[int] = (), *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.changes = tuple(changes)


def revert(parts: Parts, change: int, within: UUID | None = None) -> ChangeSet:
    """Take one earlier change set out of effect, everywhere it was made.

    In a working copy that only inherited it (by a fork or a check-out) it goes out of
    effect in that working copy alone.

    Args:
        parts: The store.
        change: Its number in the log.
        within: The working copy meant; without it, those the change was made in.

    Raises:
        ChangeMissing: there is no such change.
        NothingToRevert: it is not in effect there.
        HistoryExpired: what it did is no longer kept.
        RevertConflict: later changes depend on it.
    """
    parts.journal.require_no_block()
    parts.journal.begin_write()
    target = overview.numbered(parts, change)
    copies = _copies(parts, target, within)
    if not copies:
        raise NothingToRevert(
            f"change {change} changes no entry: “{target.summary}”", hint="see: rolethread log"
        )
    for copy_id in copies:
        _require_free(parts, target, copy_id)
    return parts.journal.commit(
        [Reverted(dataset_id=copy_id, target=target.set_id) for copy_id in copies],
        f"revert change {change}: {target.summary}",
    )


def _copies(parts: Parts, target: ChangeSet, within: UUID | None) -> list[UUID]:
    if not target.undoable:
        return []
    registry = [REGISTRY_ID] if target.touches_registry else []
    own = [*target.dataset_ids, *registry]
    if within is None and parts.journal.states.working_copy is not None:
        names = {name for name in map(parts.journal.history.name_of, target.dataset_ids) if name}
        meant = [parts.journal.states.copy_named(name) for name in sorted(names)]
        within = meant[0] if meant else None
    return own if within is None or within in own else [within]


def _require_free(parts: Parts, target: ChangeSet, copy_id: UUID) -> None:
    """Refuse a revert in one working copy, or in the registry, that others depend on."""
    history = parts.journal.history
    copy = history.families.copy(copy_id)
    if copy.deleted or not stands(copy.top, target.seq):
        raise NothingToRevert(
            f"change {target.seq} is not in effect here: “{target.summary}”",
            hint="see: rolethread log",
        )
    subject = history.subject(target, copy_id)
    if subject.expired or target.expired:
        raise no_longer_kept(target)
    family = history.families.of(copy_id)
    if is_structural(subject, family):
        later = _later(parts, target, subject, copy_id)
        raise RevertConflict(
            f"change {subject.seq} made the dataset itself{_named(later)}",
            [record.seq for record in later],
            hint="take it back, with all that came after it, with: rolethread undo",
        )
    if any(isinstance(c, CheckedOut) and c.dataset_id in family for c in subject.changes):
        effective = history.effective(copy_id)
        _refuse(target, [record for record in effective if record.seq > target.seq])
        return
    if stands(copy.top, subject.seq) == stands(copy.top, subject.seq, {target.seq}):
        raise NothingToRevert(
            f"reverting change {target.seq} would change nothing: another revert of "
            f"“{subject.summary}” is in effect",
            hint="see: rolethread log",
        )
    _refuse(target, _depending(parts, subject, _about(parts, target, subject, copy_id), copy_id))
    if target is not subject:
        grounds = _lost_grounds(parts, target, subject, copy_id)
        _refuse(target, grounds, "what it builds on is not as it was")


def _later(parts: Parts, target: ChangeSet, subject: ChangeSet, copy_id: UUID) -> list[ChangeSet]:
    """Return what would be in effect above a set after a revert, oldest first."""
    after = parts.journal.history.effective_without(copy_id, target.set_id)
    return [record for record in after if record.seq > subject.seq]


def _about(parts: Parts, target: ChangeSet, subject: ChangeSet, copy_id: UUID) -> list[ChangeSet]:
    """Return those of the later sets that may be about the same entries.

    A set about single entries is looked up, not sought: reverting the first of 100,000 edits
    took 250 ms with a walk over them.
    """
    history = parts.journal.history
    written = footprint(subject, history.families.of(copy_id))
    if copy_id == REGISTRY_ID or written.batches:
        return _later(parts, target, subject, copy_id)
    top = history.families.copy(copy_id).top
    touching = history.touching(written.entries, subject.seq)
    return [record for record in touching if stands(top, record.seq, {target.seq})]


def _depending(
    parts: Parts, subject: ChangeSet, later: Sequence[ChangeSet], copy_id: UUID
) -> list[ChangeSet]:
    if copy_id == REGISTRY_ID:
        keys = fact_keys(subject)
        return [record for record in later if not keys.isdisjoint(fact_keys(record))]
    family = parts.journal.history.families.of(copy_id)
    probe = BatchProbe(parts.reader)
    return dependents(footprint(subject, family), later, family, probe)


def _lost_grounds(
    parts: Parts, target: ChangeSet, subject: ChangeSet, copy_id: UUID
) -> list[ChangeSet]:
    """Return what a set that comes back was made on and would not find as it was."""
    history = parts.journal.history
    before = history.effective_before(copy_id, subject.set_id)
    after = history.effective_without(copy_id, target.set_id)
    then = {record.set_id: record for record in before}
    now = {record.set_id: record for record in after if record.seq < subject.seq}
    changed = sorted(then.keys() ^ now.keys())
    records = sorted(((then | now)[key] for key in changed), key=lambda record: record.seq)
    return [one for one in records if _depending(parts, one, [subject], copy_id)]


def _refuse(
    target: ChangeSet, others: Sequence[ChangeSet], why: str = "later changes depend on it"
) -> None:
    if others:
        raise RevertConflict(
            f"change {target.seq} cannot be reverted, {why}{_named(others)}",
            [one.seq for one in others],
            hint="revert these first, or take everything back with: rolethread undo --to",
        )


def _named(records: Sequence[ChangeSet]) -> str:
    if not records:
        return ""
    named = "; ".join(f"{one.seq} “{one.summary}”" for one in records[:_NAMED])
    return f": {named}" + (f"; and {len(records) - _NAMED:,} more" if len(records) > _NAMED else "")
