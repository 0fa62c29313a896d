"""What push, verify and restore tell their caller."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

__all__ = ["PushReport", "RestoreReport", "VerifyReport"]


@dataclass(frozen=True, slots=True)
class PushReport:
    """A push that is complete and was read back.

    Attributes:
        objects_sent: Objects that were new to the remote, without the head.
        bytes_sent: Bytes in those.
        already_there: Objects the remote had.
        requests: Requests in all.
        head_seq: Number of this device's newest head.
        up_to_date: Whether there was nothing to push.
        unmerged: Devices whose newest push is not part of this store's state.
        earlier_keys: Sets of key slots that earlier pushes left there, looked for when the
            slots were sent. What opened one of them opens its copy still.
    """

    objects_sent: int
    bytes_sent: int
    already_there: int
    requests: int
    head_seq: int
    up_to_date: bool
    unmerged: tuple[UUID, ...] = ()
    earlier_keys: int = 0


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A remote that was looked through and is whole.

    Attributes:
        objects: Objects that were checked, with heads and key bundles.
        bytes: Bytes in those.
        missing: What is not there; empty in a report that is returned.
        damaged: What differs; empty in a report that is returned.
        head_seq: Number of the newest head.
        level: 0 for names and sizes, 1 for digests of every object.
    """

    objects: int
    bytes: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    head_seq: int
    level: int


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A store that was restored.

    Attributes:
        path: Its folder.
        files: Files written.
        bytes: Bytes in those.
        head_seq: Number of the head it was restored from.
        device: The device that pushed that head.
    """

    path: Path
    files: int
    bytes: int
    head_seq: int
    device: UUID
