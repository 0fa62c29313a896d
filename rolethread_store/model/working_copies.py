"""Changes about versions and working copies.

The main working copy of a dataset has the dataset's own id; every other one has an id of
its own. A change's ``dataset_id`` is the id of the working copy it was made in.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "REGISTRY_ID",
    "CheckedOut",
    "Reverted",
    "StandingChange",
    "VersionPublished",
    "WorkingCopyChange",
    "WorkingCopyDeleted",
    "WorkingCopyForked",
]

REGISTRY_ID = UUID(int=0)
"""Stands for the registry among the ids of working copies: it has an undo stack too."""


class _OfCopy(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_id: UUID


class VersionPublished(_OfCopy):
    """The state of a working copy got a number; that state never changes again.

    Attributes:
        number: From 1, without gaps over all working copies of the dataset.
        message: What the user says of it.
    """

    kind: Literal["version-published"] = "version-published"
    number: int = Field(ge=1)
    message: str | None = None


class WorkingCopyForked(_OfCopy):
    """Another working copy came to be; ``dataset_id`` is its new id.

    Attributes:
        name: Its name, unique among the dataset's working copies.
        source: The working copy whose state it starts from.
        version: The version it starts from instead of the source's present state.
    """

    kind: Literal["working-copy-forked"] = "working-copy-forked"
    name: str
    source: UUID
    version: int | None = None


class WorkingCopyDeleted(_OfCopy):
    """A working copy other than the main one is no longer listed."""

    kind: Literal["working-copy-deleted"] = "working-copy-deleted"


class CheckedOut(_OfCopy):
    """The working copy has the state of a version again."""

    kind: Literal["checked-out"] = "checked-out"
    version: int = Field(ge=1)


class Reverted(_OfCopy):
    """An earlier change set is out of effect, those after it are not.

    Attributes:
        target: The set; when it is itself a revert, what that took out is in effect again.
    """

    kind: Literal["reverted"] = "reverted"
    target: UUID


StandingChange = VersionPublished | WorkingCopyForked | WorkingCopyDeleted
"""Changes that no undo takes back: they say something of states, and change none."""

WorkingCopyChange = StandingChange | CheckedOut | Reverted
