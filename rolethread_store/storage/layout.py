"""Every path inside a store, as a pure function of its root.

Nothing here touches the disk. Names carry identifiers as 32 lower-case hex digits and
are parsed strictly: a file whose name does not match is not part of the store, so a
copy left by another tool (``… (conflicted copy).log``) is never mistaken for history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

__all__ = ["Layout", "LogName"]

_MANIFEST = re.compile(r"([0-9a-f]{16})\.manifest", re.ASCII)
_LOG = re.compile(r"([0-9]{8})-([0-9a-f]{32})\.log", re.ASCII)
_SEGMENT = re.compile(r"([0-9a-f]{32})-([0-9]{4})\.parquet", re.ASCII)
_SLOT = re.compile(r"([0-9a-f]{32})\.slot", re.ASCII)
_TREE = re.compile(r"tree-[0-9a-f]{8}", re.ASCII)


class LogName(NamedTuple):
    """What the name of a log file says.

    Attributes:
        number: Place in the order of log files; a later file has a larger number.
        log_id: Identity of the file, repeated inside its header.
    """

    number: int
    log_id: UUID


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of one store lies.

    Attributes:
        root: The store's own folder.
        tree: The folder in it that holds keys, manifests, log and segments; empty for the
            root itself. The public header names the one that counts.
    """

    root: Path
    tree: str = ""

    @property
    def top(self) -> Path:
        """The folder of the tree."""
        return self.root / self.tree if self.tree else self.root

    @property
    def header(self) -> Path:
        """The public header, the only readable file of a store."""
        return self.root / "STORE"

    @property
    def keys(self) -> Path:
        """Folder of the key slots."""
        return self.top / "keys"

    @property
    def manifests(self) -> Path:
        """Folder of the sealed manifests."""
        return self.top / "manifests"

    @property
    def logs(self) -> Path:
        """Folder of the change log's files."""
        return self.top / "log"

    @property
    def segments(self) -> Path:
        """Folder of the encrypted Parquet files."""
        return self.top / "segments"

    @property
    def segment_folders(self) -> tuple[Path, ...]:
        """Every folder that :meth:`segment` may name a file of."""
        return (self.segments,)

    @property
    def staging(self) -> Path:
        """Folder of files not yet published; anything in it may be deleted by the writer."""
        return self.top / "staging"

    @property
    def spill(self) -> Path:
        """Folder of the engine's encrypted temporary files."""
        return self.top / "spill"

    @property
    def trust(self) -> Path:
        """Folder of what this device remembers of its remotes."""
        return self.root / "trust"

    @property
    def leases(self) -> Path:
        """Folder of the marks of open stores."""
        return self.root / "leases"

    @property
    def lock(self) -> Path:
        """The file the one writer holds locked."""
        return self.root / "lock"

    @property
    def lock_info(self) -> Path:
        """Who holds the lock, for messages to people; never relied upon."""
        return self.root / "lock.info"

    @property
    def reserve(self) -> Path:
        """Room that is given up for an undo or a deletion when the disk is full."""
        return self.root / "reserve"

    @property
    def rekey_lock(self) -> Path:
        """The file that whoever makes a tree with new keys holds locked."""
        return self.root / "rekey.lock"

    @property
    def rekey_mark(self) -> Path:
        """Says of a tree that it is kept though unfinished: a rekey may go on with it."""
        return self.top / "REKEY"

    @property
    def tree_folders(self) -> tuple[Path, ...]:
        """Folders of the tree, without its top."""
        return (self.staging, self.keys, self.manifests, self.logs, self.segments, self.spill)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders to create for a new store, the root first."""
        top = (self.top,) if self.tree else ()
        return (self.root, *top, *self.tree_folders, self.trust)

    def in_tree(self, tree: str) -> Layout:
        """Return the layout of another tree of the same store.

        Raises:
            ValueError: that cannot be the name of a tree.
        """
        if tree and not self.is_tree(tree):
            raise ValueError(f"{tree!r} is no tree")
        return Layout(self.root, tree)

    @staticmethod
    def is_tree(name: str) -> bool:
        """Return whether a folder of this name is a tree."""
        return _TREE.fullmatch(name) is not None

    def slot(self, slot_id: UUID) -> Path:
        """Return the path of a key slot."""
        return self.keys / f"{slot_id.hex}.slot"

    def slot_of(self, name: str) -> UUID | None:
        """Return the slot a file name belongs to, ``None`` when it is not a slot's name."""
        match = _SLOT.fullmatch(name)
        return None if match is None else UUID(hex=match[1])

    def manifest(self, generation: int) -> Path:
        """Return the path of the manifest of a generation (0 ≤ generation < 2**64)."""
        return self.manifests / f"{generation:016x}.manifest"

    def generation_of(self, name: str) -> int | None:
        """Return the generation in a manifest's file name, ``None`` for any other name."""
        match = _MANIFEST.fullmatch(name)
        return None if match is None else int(match[1], 16)

    def log(self, number: int, log_id: UUID) -> Path:
        """Return the path of a log file (0 ≤ number < 10**8)."""
        return self.logs / f"{number:08d}-{log_id.hex}.log"

    def log_of(self, name: str) -> LogName | None:
        """Return what a log file's name says, ``None`` for any other name."""
        match = _LOG.fullmatch(name)
        return None if match is None else LogName(int(match[1]), UUID(hex=match[2]))

    def segment(self, batch_id: UUID, number: int) -> Path:
        """Return the path of a batch's segment (0 ≤ number < 10**4)."""
        return self.segments / f"{batch_id.hex}-{number:04d}.parquet"

    def segment_of(self, name: str) -> tuple[UUID, int] | None:
        """Return batch and number of a segment's file name, ``None`` for any other name."""
        match = _SEGMENT.fullmatch(name)
        return None if match is None else (UUID(hex=match[1]), int(match[2]))
