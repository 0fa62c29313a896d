"""Versions and working copies: publish, check out, discard, fork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import MAIN, DatasetFold, Version, WorkingCopy
from rolethread_store.dataset import stored_name
from rolethread_store.errors import Conflict, InvalidInput, NotFound
from rolethread_store.model import (
    Change,
    ChangeSet,
    CheckedOut,
    VersionPublished,
    WorkingCopyDeleted,
    WorkingCopyForked,
)
from rolethread_store.store.parts import Parts
from rolethread_store.store.reports import VersionInfo, WorkingCopyInfo

__all__ = [
    "NothingPublished",
    "NothingToDiscard",
    "NothingToPublish",
    "UnpublishedChanges",
    "WorkingCopyNameInvalid",
    "WorkingCopyNameTaken",
    "checkout",
    "delete_copy",
    "discard",
    "fork",
    "publish",
    "versions",
    "working_copies",
]

_LONGEST_NAME = 120


class NothingToPublish(Conflict):
    """The working copy is a version already, unchanged."""

    code: ClassVar[str] = "store.nothing-to-publish"


class NothingPublished(NotFound):
    """The working copy does not come from any version."""

    code: ClassVar[str] = "store.nothing-published"


class NothingToDiscard(NotFound):
    """The working copy has no changes since its version."""

    code: ClassVar[str] = "store.nothing-to-discard"


class WorkingCopyNameInvalid(InvalidInput):
    """A text that cannot be a working copy's name."""

    code: ClassVar[str] = "store.working-copy-name-invalid"


class WorkingCopyNameTaken(Conflict):
    """The dataset has a working copy of that name."""

    code: ClassVar[str] = "store.working-copy-name-taken"


class UnpublishedChanges(Conflict):
    """A working copy with changes that no version holds would be deleted."""

    code: ClassVar[str] = "store.unpublished-changes"


def publish(parts: Parts, fold: DatasetFold, message: str | None = None) -> VersionInfo:
    """Give the present state of a working copy the next number, for ever.

    Raises:
        NothingToPublish: it is a version already.
    """
    families = parts.journal.history.families
    copy = families.copy(fold.dataset_id)
    under, above = families.version_under(copy)
    if under is not None and above == 0:
        raise NothingToPublish(
            f"“{fold.name}” is version {under.number}, unchanged", hint="edit something first"
        )
    known = families.versions(copy.dataset_id)
    change = VersionPublished(
        dataset_id=fold.dataset_id, number=len(known) + 1, message=message or None
    )
    words = f"publish version {change.number} of {fold.name}"
    parts.journal.commit((change,), f"{words}: {message}" if message else words)
    return _info(parts, families.version(copy.dataset_id, change.number))


def versions(parts: Parts, fold: DatasetFold) -> list[VersionInfo]:
    """Return a dataset's versions, newest first."""
    families = parts.journal.history.families
    known = families.versions(families.copy(fold.dataset_id).dataset_id)
    return [_info(parts, version) for version in reversed(known)]


def checkout(parts: Parts, fold: DatasetFold, number: int) -> ChangeSet:
    """Give a working copy the state of a version; one undo takes it back.

    Raises:
        VersionMissing: there is no such version.
    """
    families = parts.journal.history.families
    families.version(families.copy(fold.dataset_id).dataset_id, number)
    change = CheckedOut(dataset_id=fold.dataset_id, version=number)
    return parts.journal.commit((change,), f"check out version {number} of {fold.name}")


def discard(parts: Parts, fold: DatasetFold) -> ChangeSet:
    """Take a working copy back to the version it came from; one undo brings all back.

    Raises:
        NothingPublished: it comes from no version.
        NothingToDiscard: it has not changed since.
    """
    families = parts.journal.history.families
    version, above = families.version_under(families.copy(fold.dataset_id))
    if version is None:
        raise NothingPublished(
            f"“{fold.name}” has no version to go back to",
            hint="undo takes changes back one by one: rolethread undo",
        )
    if above == 0:
        raise NothingToDiscard(f"“{fold.name}” is version {version.number}, unchanged")
    change = CheckedOut(dataset_id=fold.dataset_id, version=version.number)
    words = f"discard {above} changes since version {version.number} of {fold.name}"
    return parts.journal.commit((change,), words)


def fork(parts: Parts, fold: DatasetFold, name: str, version: int | None = None) -> WorkingCopyInfo:
    """Make another working copy of a dataset; no row is copied.

    Args:
        parts: The store.
        fold: The working copy to start from.
        name: Name of the new one.
        version: Start from this version instead.

    Raises:
        VersionMissing: there is no such version.
        WorkingCopyNameInvalid: the name cannot be used.
        WorkingCopyNameTaken: the dataset has one of that name.
    """
    families = parts.journal.history.families
    copy = families.copy(fold.dataset_id)
    clean = _usable_name(families.copies(copy.dataset_id), name)
    if version is not None:
        families.version(copy.dataset_id, version)
    change = WorkingCopyForked(
        dataset_id=parts.journal.clock.new_id(),
        name=clean,
        source=copy.copy_id,
        version=version,
    )
    start = copy.name if version is None else f"version {version}"
    parts.journal.commit((change,), f"fork {fold.name}: {clean} from {start}")
    return _copy_info(parts, families.copy(change.dataset_id))


def delete_copy(parts: Parts, fold: DatasetFold, *, force: bool = False) -> ChangeSet:
    """Stop listing a working copy; the log keeps its changes.

    Raises:
        WorkingCopyNameInvalid: it is the main one.
        UnpublishedChanges: it holds changes that no version holds, and ``force`` is not given.
    """
    families = parts.journal.history.families
    copy = families.copy(fold.dataset_id)
    if copy.name == MAIN:
        raise WorkingCopyNameInvalid(
            f"the working copy “{MAIN}” cannot be deleted", hint="it is the dataset itself"
        )
    own = copy.top is not copy.floor
    _, above = families.version_under(copy)
    if own and above and not force:
        raise UnpublishedChanges(
            f"the working copy “{copy.name}” has changes that no version holds",
            hint="publish it first, or delete it with --force",
        )
    change: Change = WorkingCopyDeleted(dataset_id=copy.copy_id)
    return parts.journal.commit((change,), f"delete working copy {copy.name} of {fold.name}")


def working_copies(parts: Parts, fold: DatasetFold) -> list[WorkingCopyInfo]:
    """Return a dataset's working copies, the main one first."""
    return [_copy_info(parts, copy) for copy in parts.journal.states.copies(fold)]


def _usable_name(copies: Sequence[WorkingCopy], name: str) -> str:
    clean = stored_name(name)
    if not clean or len(clean) > _LONGEST_NAME or not clean.isprintable():
        raise WorkingCopyNameInvalid(
            f"a working copy's name has 1 to {_LONGEST_NAME} printable characters"
        )
    if any(copy.name.casefold() == clean.casefold() for copy in copies):
        raise WorkingCopyNameTaken(f"there is a working copy “{clean}” already")
    return clean


def _info(parts: Parts, version: Version) -> VersionInfo:
    copy = parts.journal.history.families.copy(version.copy_id)
    return VersionInfo(
        number=version.number,
        at=version.record.at,
        message=version.message,
        working_copy=copy.name,
        dataset=parts.name_of(copy.dataset_id),
        set_id=version.record.set_id,
    )


def _copy_info(parts: Parts, copy: WorkingCopy) -> WorkingCopyInfo:
    version, above = parts.journal.history.families.version_under(copy)
    source: UUID | None = copy.source
    return WorkingCopyInfo(
        name=copy.name,
        copy_id=copy.copy_id,
        dataset=parts.name_of(copy.dataset_id),
        version=None if version is None else version.number,
        changes=above,
        source=None if source is None else parts.journal.history.families.copy(source).name,
        forked_at=None if copy.forked is None else copy.forked.at,
    )
