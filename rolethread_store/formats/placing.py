"""Files that appear all together and whole, or not at all.

Everything is written under names of its own beside where it belongs, and takes its name
when all of it has reached the disk. A folder is built beside the folder it becomes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

from rolethread_store.errors import Conflict
from rolethread_store.formats.sinks import OutputUnwritable

__all__ = [
    "MANIFEST",
    "FilePlaces",
    "FolderPlace",
    "OutputExists",
    "Places",
    "StreamPlace",
    "manifest_path",
    "writing_to",
]

MANIFEST = "manifest.json"


class OutputExists(Conflict):
    """The file to write is already there."""

    code: ClassVar[str] = "formats.output-exists"


class Places(Protocol):
    """Where the files of one export go."""

    def create(self, name: str) -> BinaryIO:
        """Open a new file of this name; the caller closes it."""

    def publish(self) -> None:
        """Give all files their names."""

    def abandon(self) -> None:
        """Remove what is not published."""


def manifest_path(path: Path) -> Path:
    """Return where the manifest of an export to a file stands."""
    return path.with_name(f"{path.name}.{MANIFEST}")


@contextmanager
def writing_to(places: Places, what: str) -> Iterator[Places]:
    """Publish when all went well, leave nothing otherwise.

    Raises:
        OutputUnwritable: the disk refuses.
    """
    try:
        try:
            yield places
            places.publish()
        except OSError as error:
            raise OutputUnwritable(
                f"{what} cannot be written: {error.strerror or error}",
                hint="check that the folder exists, may be written to, and has room",
            ) from None
    finally:
        places.abandon()


def synced(output: BinaryIO) -> None:
    """Bring a file to the disk and close it."""
    output.flush()
    os.fsync(output.fileno())
    output.close()


class FilePlaces:
    """Files side by side in a folder that is there."""

    def __init__(self, folder: Path, names: list[str], *, force: bool) -> None:
        """Check that no file is in the way.

        Raises:
            OutputExists: one of the names is taken, and ``force`` is not set.
        """
        self._folder = folder
        self._open: dict[str, BinaryIO] = {}
        for name in names:
            path = folder / name
            if path.is_dir():
                raise OutputExists(f"{path} is a folder", hint="name a file to write")
            if path.exists() and not force:
                raise OutputExists(f"{path} is already there", hint="use --force to replace it")

    def _part(self, name: str) -> Path:
        return self._folder / f".{name}.part"

    def create(self, name: str) -> BinaryIO:
        """Open a new file of this name."""
        output = self._part(name).open("wb")
        self._open[name] = output
        return output

    def publish(self) -> None:
        """Sync all, then rename one after another; taken back if one cannot be."""
        for output in self._open.values():
            synced(output)
        fresh = []
        try:
            for name in self._open:
                path = self._folder / name
                if not path.exists():
                    fresh.append(path)
                self._part(name).replace(path)
        except OSError:
            for path in fresh:
                path.unlink(missing_ok=True)
            raise
        self._open = {}

    def abandon(self) -> None:
        """Remove what is not published."""
        for name, output in self._open.items():
            with suppress(OSError):
                output.close()
            with suppress(OSError):
                self._part(name).unlink(missing_ok=True)


class FolderPlace:
    """A new folder, or one that an earlier export made."""

    def __init__(self, folder: Path, *, force: bool) -> None:
        """Check that nothing is in the way.

        Raises:
            OutputExists: the folder is there and ``force`` is not set, or it holds what no
                export wrote.
        """
        self._folder = folder
        self._part = folder.with_name(f".{folder.name}.part")
        self._old = folder.with_name(f".{folder.name}.old")
        self._open: list[BinaryIO] = []
        self._built = False
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
        if not folder.is_dir():
            raise OutputExists(f"{folder} is a file", hint="name a folder to make")
        if not force:
            raise OutputExists(f"{folder} is already there", hint="use --force to replace it")
        foreign = _foreign(folder)
        if foreign is not None:
            raise OutputExists(
                f"{folder} holds {foreign}, which no export wrote",
                hint="name a new folder: --force replaces only a folder that an export made",
            )

    def create(self, name: str) -> BinaryIO:
        """Open a new file, given by its path in the folder."""
        if not self._built:
            # What an export that was killed left behind.
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir()
            self._built = True
        path = self._part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        output = path.open("wb")
        self._open.append(output)
        return output

    def publish(self) -> None:
        """Sync all, then let the folder take its name; an earlier one goes after that."""
        for output in self._open:
            synced(output)
        self._open = []
        if self._folder.exists():
            shutil.rmtree(self._old, ignore_errors=True)
            self._folder.rename(self._old)
            try:
                self._part.rename(self._folder)
            except OSError:
                self._old.rename(self._folder)
                raise
            shutil.rmtree(self._old, ignore_errors=True)
        else:
            self._part.rename(self._folder)
        self._built = False

    def abandon(self) -> None:
        """Remove what is not published."""
        for output in self._open:
            with suppress(OSError):
                output.close()
        if self._built:
            shutil.rmtree(self._part, ignore_errors=True)


def _foreign(folder: Path) -> str | None:
    """Return the name of something in the folder that its manifest does not list."""
    try:
        written = json.loads((folder / MANIFEST).read_bytes())
        listed = {str(file["name"]) for file in written["files"]} | {MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        listed = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() and path.relative_to(folder).as_posix() not in listed:
            return path.relative_to(folder).as_posix()
    return None


class StreamPlace:
    """A stream that is open already; what was written cannot be taken back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def create(self, name: str) -> BinaryIO:
        """Return the stream, whatever the file is called."""
        del name
        return self._stream

    def publish(self) -> None:
        """Pass on what is buffered."""
        self._stream.flush()

    def abandon(self) -> None:
        """Leave the stream to its owner."""
