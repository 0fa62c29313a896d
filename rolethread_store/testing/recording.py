"""A disk that works and remembers every operation, so that crashes can be played back.

The recorder sits below all rules of :class:`~rolethread_store.storage.disk.Disk`: it keeps
what reached the file system, in order, with contents. What a crash may leave of that is
worked out in :mod:`rolethread_store.testing.replaying`.

DuckDB writes segments by itself. Such a file enters the record when the store first syncs
it, as one write that nothing had made durable before.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from rolethread_store.storage.disk import Disk

__all__ = ["Recorded", "Recorder", "RecordingDisk", "Tree", "Verb"]


class Verb(StrEnum):
    """What was done to the file system."""

    CREATE = "create"
    """A name for a new, empty file."""
    WRITE = "write"
    """Bytes at a file's end."""
    TRUNCATE = "truncate"
    SYNC = "sync"
    """A file's contents and size made durable."""
    LINK = "link"
    RENAME = "rename"
    REMOVE = "remove"
    FOLDER = "folder"
    """A new folder."""
    SYNC_FOLDER = "sync folder"
    """The names in a folder made durable."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One operation that succeeded.

    Attributes:
        verb: What was done.
        path: To what, relative to the recorder's root; of a link or rename the new name.
        content: What was written.
        size: Where it was cut, or where a write began.
        source: The old name of a link or rename.
    """

    verb: Verb
    path: str
    content: bytes = b""
    size: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies in a folder, as a value.

    Attributes:
        files: Contents by path.
        folders: Every folder below the root, empty ones too.
    """

    files: Mapping[str, bytes]
    folders: frozenset[str]

    @classmethod
    def of(cls, root: Path) -> Self:
        """Read what lies in a folder."""
        found = sorted(root.rglob("*"))
        return cls(
            {p.relative_to(root).as_posix(): p.read_bytes() for p in found if p.is_file()},
            frozenset(p.relative_to(root).as_posix() for p in found if p.is_dir()),
        )

    def write_to(self, root: Path) -> None:
        """Lay the files down in an empty folder."""
        for folder in sorted(self.folders):
            (root / folder).mkdir(parents=True, exist_ok=True)
        for path, content in self.files.items():
            (root / path).write_bytes(content)

    def digest(self) -> bytes:
        """Return a value that two different trees do not share."""
        whole = hashlib.sha256(repr(sorted(self.folders)).encode())
        for path in sorted(self.files):
            whole.update(repr((path, hashlib.sha256(self.files[path]).digest())).encode())
        return whole.digest()


@dataclass
class Recorder:
    """What was done below one folder, by one disk after the other.

    Attributes:
        root: The folder.
        operations: Everything that succeeded, in order.
    """

    root: Path
    operations: list[Recorded] = field(default_factory=list)
    _known: set[Path] = field(default_factory=set)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Take what lies there now for known and durable."""
        self._known.update(self.root.rglob("*"))

    def disk(self, staging: Path) -> RecordingDisk:
        """Return a disk that writes into this record."""
        return RecordingDisk(staging, self)

    def add(self, verb: Verb, path: Path, content: bytes = b"", size: int = 0) -> None:
        """Remember an operation on one name."""
        with self._guard:
            if verb is Verb.REMOVE and path not in self._known:
                return  # Nobody synced it, so it never was in the record.
            self._note_foreign(path, verb)
            self.operations.append(Recorded(verb, self._relative(path), bytes(content), size))
            if verb is Verb.REMOVE:
                self._known.discard(path)

    def add_named(self, verb: Verb, source: Path, name: Path) -> None:
        """Remember that a file was given another name."""
        with self._guard:
            self._note_foreign(source, verb)
            item = Recorded(verb, self._relative(name), source=self._relative(source))
            self.operations.append(item)
            self._known.add(name)
            if verb is Verb.RENAME:
                self._known.discard(source)

    def _note_foreign(self, path: Path, verb: Verb) -> None:
        """Put a file that another writer made into the record, as written and not synced."""
        if path in self._known:
            return
        self._known.add(path)
        if verb in (Verb.SYNC, Verb.RENAME, Verb.LINK):
            name = self._relative(path)
            self.operations.append(Recorded(Verb.CREATE, name))
            self.operations.append(Recorded(Verb.WRITE, name, path.read_bytes()))

    def _relative(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root)).as_posix()


class RecordingDisk(Disk):
    """The real disk, with a record of what succeeded.

    Args:
        staging: As for :class:`~rolethread_store.storage.disk.Disk`.
        recorder: Where the record goes.
    """

    def __init__(self, staging: Path, recorder: Recorder) -> None:
        super().__init__(staging)
        self.recorder = recorder

    def make_folder(self, path: Path) -> None:
        """Create a folder, if it is not there."""
        new = not path.exists()
        super().make_folder(path)
        if new:
            self.recorder.add(Verb.FOLDER, path)

    def create(self, path: Path, flags: int = 0) -> int:
        """Create a file."""
        descriptor = super().create(path, flags)
        self.recorder.add(Verb.CREATE, path)
        return descriptor

    def write(self, descriptor: int, content: bytes, path: Path) -> None:
        """Write all bytes."""
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        super().write(descriptor, content, path)
        self.recorder.add(Verb.WRITE, path, content, offset)

    def truncate(self, descriptor: int, size: int, path: Path) -> None:
        """Cut a file."""
        super().truncate(descriptor, size, path)
        self.recorder.add(Verb.TRUNCATE, path, size=size)

    def sync(self, descriptor: int, path: Path) -> None:
        """Sync a file."""
        super().sync(descriptor, path)
        self.recorder.add(Verb.SYNC, path)

    def datasync(self, descriptor: int, path: Path) -> None:
        """Sync a file's contents and size."""
        super().datasync(descriptor, path)
        self.recorder.add(Verb.SYNC, path)

    def sync_folder(self, path: Path) -> None:
        """Sync the names in a folder."""
        super().sync_folder(path)
        self.recorder.add(Verb.SYNC_FOLDER, path)

    def link(self, source: Path, name: Path) -> None:
        """Give a file a second name."""
        super().link(source, name)
        self.recorder.add_named(Verb.LINK, source, name)

    def rename(self, source: Path, name: Path) -> None:
        """Give a file another name."""
        super().rename(source, name)
        self.recorder.add_named(Verb.RENAME, source, name)

    def remove_tree(self, path: Path) -> None:
        """Delete a folder with all that is in it."""
        files = [file for file in path.rglob("*") if file.is_file()]
        super().remove_tree(path)
        for file in files:
            self.recorder.add(Verb.REMOVE, file)

    def unlink(self, path: Path) -> None:
        """Take a name away."""
        super().unlink(path)
        self.recorder.add(Verb.REMOVE, path)
