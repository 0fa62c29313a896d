"""The changes that commit together, and what undo and redo look like in the log."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from rolethread_store.model.changes import ENTRY_KINDS, Change, FactPut, FactRemoved
from rolethread_store.model.facts import FactKind
from rolethread_store.model.working_copies import REGISTRY_ID, StandingChange

__all__ = ["ChangeSet"]


class ChangeSet(BaseModel):
    """One record of the log; all of it happened or none of it.

    Attributes:
        set_id: UUIDv7.
        seq: Place in the store's history, from 1; order never depends on a clock.
        at: When, for people (UTC).
        kind: ``change`` adds, ``undo`` takes ``target`` out, ``redo`` puts it back.
        summary: What was done, in the words of the command.
        device: Device that wrote it.
        changes: The changes, in order; empty for undo and redo.
        target: The set that is undone or redone; of several, the one made first.
        steps: How many sets an undo or redo is about, the newest of ``of``'s; ``None`` is one.
        of: The working copy meant when there are several steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    set_id: UUID
    seq: int = Field(ge=1)
    at: datetime
    kind: Literal["change", "undo", "redo"] = "change"
    summary: str
    device: UUID | None = None
    changes: tuple[Change, ...] = ()
    target: UUID | None = None
    steps: int | None = Field(default=None, ge=2)
    of: UUID | None = None

    @property
    def dataset_ids(self) -> tuple[UUID, ...]:
        """The datasets it touches, each once, in order of first mention."""
        changes = self.changes
        if len(changes) == 1:
            only = changes[0]
            if only.kind != "fact-put" and only.kind != "fact-removed" and only.kind != "reverted":
                return (only.dataset_id,)
        found = dict.fromkeys(
            change.dataset_id
            for change in changes
            if change.kind != "fact-put" and change.kind != "fact-removed"
        )
        found.pop(REGISTRY_ID, None)
        return tuple(found)

    @property
    def is_one_edit(self) -> bool:
        """Whether it is one change of entries and nothing else, as most sets are."""
        return len(self.changes) == 1 and self.changes[0].kind in ENTRY_KINDS

    @property
    def expired(self) -> bool:
        """Whether what it did is no longer known."""
        return not self.is_one_edit and any(one.kind == "expired" for one in self.changes)

    @property
    def undoable(self) -> bool:
        """Whether it stands on an undo stack; settings and versions alone do not."""
        # The kind, not the class: a class check of pydantic costs a microsecond or ten.
        changes = self.changes
        if changes and changes[0].kind in ENTRY_KINDS:
            return True
        return any(map(_undoable, changes))

    @property
    def touches_registry(self) -> bool:
        """Whether it defines or removes registry facts other than settings, or reverts such."""
        return not self.is_one_edit and any(
            (change.kind in ("fact-put", "fact-removed") and _undoable(change))
            or (change.kind == "reverted" and change.dataset_id == REGISTRY_ID)
            for change in self.changes
        )


def _undoable(change: Change) -> bool:
    if isinstance(change, FactPut):
        return change.fact.kind is not FactKind.SETTING
    if isinstance(change, FactRemoved):
        return change.fact_kind is not FactKind.SETTING
    return not isinstance(change, StandingChange)
