"""A remote that fails when told, in the ways that real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fsspec import AbstractFileSystem

from rolethread_store.sync.failures import RemoteUnavailable
from rolethread_store.sync.remote import Remote

__all__ = ["FaultyRemote", "RemoteFault", "Trouble"]


class Trouble(StrEnum):
    """What goes wrong with a request."""

    BEFORE = "fails before anything happened"
    AFTER = "succeeds but the answer is lost"
    SHORT = "a write leaves half of its bytes under the final name"
    LOST = "a write reports success and stores nothing"
    LATE = "listings show what was there when the fault was armed"


@dataclass(frozen=True, slots=True)
class RemoteFault:
    """A fault and when it strikes.

    Attributes:
        trouble: What happens.
        at: Which request it strikes, counted from 0 since it was armed.
        lasting: Whether every later request fails too, as after a broken connection.
    """

    trouble: Trouble
    at: int = 0
    lasting: bool = False


class FaultyRemote(Remote):
    """A real remote with one fault.

    Attributes:
        asked: Verb and name of every request since the fault was armed.
        struck: How many requests were harmed.
    """

    def __init__(
        self, url: str, system: AbstractFileSystem, root: str, folder: Path | None
    ) -> None:
        super().__init__(url, system, root, folder)
        self.asked: list[tuple[str, str]] = []
        self.struck = 0
        self._fault: RemoteFault | None = None
        self._late: dict[str, int] = {}

    def arm(self, fault: RemoteFault | None) -> None:
        """Set the fault, counting from now on; ``None`` heals the remote."""
        self._fault = None
        self._late = super().listing("v1")
        self._fault = fault
        self.asked = []
        self.struck = 0

    def listing(self, prefix: str) -> dict[str, int]:
        """List, or fail, or show an earlier state."""
        trouble = self._trouble("listing", prefix)
        if self._fault is not None and self._fault.trouble is Trouble.LATE:
            return {
                name: size for name, size in self._late.items() if name.startswith(prefix + "/")
            }
        found = super().listing(prefix)
        self._lose_answer(trouble, prefix)
        return found

    def size(self, name: str) -> int | None:
        """Ask for a size, or fail."""
        trouble = self._trouble("size", name)
        found = super().size(name)
        self._lose_answer(trouble, name)
        return found

    def read(self, name: str) -> bytes:
        """Read, or fail."""
        trouble = self._trouble("read", name)
        content = super().read(name)
        self._lose_answer(trouble, name)
        return content

    def read_chunks(self, name: str) -> Iterator[bytes]:
        """Read, or fail after the first block."""
        trouble = self._trouble("read_chunks", name)
        for chunk in super().read_chunks(name):
            yield chunk
            self._lose_answer(trouble, name)

    def write_new(self, name: str, content: bytes) -> None:
        """Write, or write half, or nothing, or fail."""
        trouble = self._trouble("write_new", name)
        if trouble is Trouble.LOST:
            return
        super().write_new(
            name, content[: len(content) // 2] if trouble is Trouble.SHORT else content
        )
        self._lose_answer(trouble, name)

    def upload_new(self, name: str, source: Path, digest: str) -> None:
        """Upload, or upload half, or nothing, or fail."""
        trouble = self._trouble("upload_new", name)
        if trouble is Trouble.LOST:
            return
        if trouble is Trouble.SHORT:
            content = source.read_bytes()
            super().write_new(name, content[: len(content) // 2])
        else:
            super().upload_new(name, source, digest)
        self._lose_answer(trouble, name)

    def remove(self, name: str) -> None:
        """Remove, or fail."""
        trouble = self._trouble("remove", name)
        super().remove(name)
        self._lose_answer(trouble, name)

    def _trouble(self, verb: str, name: str) -> Trouble | None:
        """Count the request and return what happens to it; fail if it fails beforehand."""
        turn = len(self.asked)
        self.asked.append((verb, name))
        fault = self._fault
        if fault is None or fault.trouble is Trouble.LATE:
            return None
        if turn == fault.at:
            self.struck += 1
            if fault.trouble is not Trouble.BEFORE:
                return fault.trouble
            raise RemoteUnavailable(f"made to fail before {verb} {name}")
        if fault.lasting and turn > fault.at:
            self.struck += 1
            raise RemoteUnavailable(f"made to fail: no connection for {verb} {name}")
        return None

    def _lose_answer(self, trouble: Trouble | None, name: str) -> None:
        if trouble in {Trouble.AFTER, Trouble.SHORT}:
            raise RemoteUnavailable(f"made to lose the answer about {name}")
