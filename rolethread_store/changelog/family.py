"""The working copies and versions of every dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog.copies import MAIN, WorkingCopy
from rolethread_store.changelog.places import Place, Version, walk
from rolethread_store.errors import Corrupt, NotFound
from rolethread_store.model import (
    ChangeSet,
    StandingChange,
    VersionPublished,
    WorkingCopyForked,
)

__all__ = ["Families", "VersionMissing", "VersionsInconsistent", "WorkingCopyMissing"]


class VersionMissing(NotFound):
    """The dataset has no version of that number."""

    code: ClassVar[str] = "changelog.version-missing"


class WorkingCopyMissing(NotFound):
    """The dataset has no working copy of that name."""

    code: ClassVar[str] = "changelog.working-copy-missing"


class VersionsInconsistent(Corrupt):
    """The log's records of versions and working copies contradict each other."""

    code: ClassVar[str] = "changelog.versions-inconsistent"


class Families:
    """Working copies by id, and per dataset its copies and versions.

    The registry and the settings have working copies too, for their undo stacks.
    """

    def __init__(self) -> None:
        self._copies: dict[UUID, WorkingCopy] = {}
        self._members: dict[UUID, set[UUID]] = {}
        self._versions: dict[UUID, list[Version]] = {}

    def copy(self, copy_id: UUID) -> WorkingCopy:
        """Return a working copy; an id not known yet is that of a new dataset's main one."""
        found = self._copies.get(copy_id)
        if found is None:
            found = self._copies[copy_id] = WorkingCopy(copy_id, copy_id)
            self._members.setdefault(copy_id, set()).add(copy_id)
        return found

    def find(self, copy_id: UUID) -> WorkingCopy | None:
        """Return a working copy, ``None`` when no record named it."""
        return self._copies.get(copy_id)

    def of(self, copy_id: UUID) -> set[UUID]:
        """Return the ids of all working copies of the same dataset; it grows with them."""
        return self._members[self.copy(copy_id).dataset_id]

    def listed(self) -> Iterator[WorkingCopy]:
        """Yield the working copies that are not deleted, those of the registry included."""
        return (copy for copy in self._copies.values() if not copy.deleted)

    def mains(self) -> Iterator[WorkingCopy]:
        """Yield the main working copies of datasets."""
        return (
            copy
            for copy in self._copies.values()
            if copy.copy_id == copy.dataset_id and copy.copy_id.int > 1
        )

    def copies(self, dataset_id: UUID) -> list[WorkingCopy]:
        """Return a dataset's working copies, the main one first."""
        found = [copy for copy in self.listed() if copy.dataset_id == dataset_id]
        return sorted(found, key=lambda copy: 0 if copy.forked is None else copy.forked.seq)

    def named(self, dataset_id: UUID, name: str) -> WorkingCopy:
        """Return a dataset's working copy by its name.

        Raises:
            WorkingCopyMissing: there is none.
        """
        copies = self.copies(dataset_id)
        for copy in copies:
            if copy.name == name:
                return copy
        known = ", ".join(copy.name for copy in copies)
        raise WorkingCopyMissing(
            f"there is no working copy “{name}”", hint=f"working copies: {known}"
        )

    def versions(self, dataset_id: UUID) -> list[Version]:
        """Return a dataset's versions, oldest first."""
        return list(self._versions.get(dataset_id, ()))

    def version(self, dataset_id: UUID, number: int) -> Version:
        """Return one version.

        Raises:
            VersionMissing: there is none of that number.
        """
        known = self._versions.get(dataset_id, [])
        if not 1 <= number <= len(known):
            span = f"versions: 1 to {len(known)}" if known else "make one with: rolethread publish"
            raise VersionMissing(f"there is no version {number}", hint=span)
        return known[number - 1]

    def version_under(self, copy: WorkingCopy) -> tuple[Version | None, int]:
        """Return the version a working copy came from, and how many sets lie above it."""
        at: dict[Place | None, Version] = {
            version.place: version for version in self._versions.get(copy.dataset_id, ())
        }
        above = 0
        for place, holds in walk(copy.top, set()):
            if place in at:
                return at[place], above
            above += holds and not place.checked_out
        return at.get(None), above

    def take(self, record: ChangeSet, change: StandingChange) -> None:
        """Take a published version, a fork or a deletion of a working copy.

        Raises:
            VersionsInconsistent: it does not follow from what came before.
        """
        if isinstance(change, WorkingCopyForked):
            self._fork(record, change)
            return
        copy = self._copies.get(change.dataset_id)
        if copy is None or copy.deleted:
            raise VersionsInconsistent(f"log record {record.seq} names no known working copy")
        if not isinstance(change, VersionPublished):
            if copy.name == MAIN:
                raise VersionsInconsistent(f"log record {record.seq} deletes a main working copy")
            copy.deleted = True
            copy.undone.clear()
            return
        known = self._versions.setdefault(copy.dataset_id, [])
        if change.number != len(known) + 1:
            raise VersionsInconsistent(
                f"log record {record.seq} publishes version {change.number} after {len(known)}"
            )
        known.append(Version(change.number, record, copy.copy_id, copy.top, change.message))

    def _fork(self, record: ChangeSet, change: WorkingCopyForked) -> None:
        source = self._copies.get(change.source)
        if source is None or change.dataset_id in self._copies:
            raise VersionsInconsistent(f"log record {record.seq} forks no known working copy")
        dataset_id = source.dataset_id
        place = source.top
        if change.version is not None:
            place = self.version(dataset_id, change.version).place
        self._copies[change.dataset_id] = WorkingCopy(
            copy_id=change.dataset_id,
            dataset_id=dataset_id,
            name=change.name,
            floor=place,
            top=place,
            forked=record,
            source=change.source,
        )
        self._members[dataset_id].add(change.dataset_id)
