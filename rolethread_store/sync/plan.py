"""What a push has to send, as a value that can be printed, tested and thrown away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from rolethread_store.sync.local import PlannedFile, Source
from rolethread_store.sync.records import RemoteFile

__all__ = ["Plan", "missing_from", "planned"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A push before it happens.

    Attributes:
        files: What the new head will name.
        send: Objects the remote does not have.
        found: Objects that a listing shows with the right size, though no head vouches
            for them: an interrupted push or another device left them there.
        known: How many objects this device's last head vouches for.
        objects: Different objects in all.
        total_bytes: Bytes in those.
    """

    files: tuple[RemoteFile, ...]
    send: tuple[Source, ...]
    found: tuple[Source, ...]
    known: int
    objects: int
    total_bytes: int

    @property
    def bytes(self) -> int:
        """Bytes to send."""
        return sum(source.part.size for source in self.send)


def missing_from(files: Iterable[PlannedFile], known: Set[str]) -> tuple[Source, ...]:
    """Return one source of every object whose digest is not known, in order."""
    sources: dict[str, Source] = {}
    for planned_file in files:
        for source in planned_file.sources:
            if source.part.sha256 not in known:
                sources.setdefault(source.part.sha256, source)
    return tuple(sources.values())


def planned(files: tuple[PlannedFile, ...], known: Set[str], listed: Mapping[str, int]) -> Plan:
    """Return what is to be sent: a set difference.

    Args:
        files: The snapshot.
        known: Digests of the objects that are certainly on the remote.
        listed: Digests and sizes of objects that a listing showed.
    """
    everything = missing_from(files, frozenset())
    unknown = missing_from(files, known)
    found = tuple(item for item in unknown if listed.get(item.part.sha256) == item.part.size)
    there = {source.part.sha256 for source in found}
    return Plan(
        files=tuple(item.file for item in files),
        send=tuple(source for source in unknown if source.part.sha256 not in there),
        found=found,
        known=len(everything) - len(unknown),
        objects=len(everything),
        total_bytes=sum(source.part.size for source in everything),
    )
