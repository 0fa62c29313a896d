"""The one door to the file system of a store, with durability spelled out.

A file becomes part of the store in four steps (stage, sync, publish the name, sync the
folder); a crash between any two leaves an orphan in the staging folder, never a
half-written file under a final name. Files are created for their owner only.

Every system call that can fail is announced to :meth:`Disk.step` first, so that a test
can make the n-th one fail and prove what is left behind.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path

from rolethread_store.storage.failures import translated

try:
    import fcntl
except ImportError:  # Windows has no fcntl, and its fsync already reaches the medium.
    _FULL_SYNC: int | None = None
else:
    # On macOS fsync stops at the drive's cache; only F_FULLFSYNC survives a power cut.
    _FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)

__all__ = ["Disk"]

_NEW_FILE = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
_OWNER_FILE = stat.S_IRUSR | stat.S_IWUSR
_OWNER_FOLDER = stat.S_IRWXU


class Disk:
    """Named bytes on one file system.

    Unless said otherwise the public methods raise the errors of
    :func:`~rolethread_store.storage.failures.translated`.

    Args:
        staging: Folder for unpublished files, on the same file system as what they become.
    """

    def __init__(self, staging: Path) -> None:
        self._staging = staging

    def step(self, operation: str, path: Path) -> None:
        """Do nothing; tests override this to fail before ``operation`` touches ``path``."""

    def read(self, path: Path) -> bytes:
        """Return the whole file."""
        with translated(path):
            self.step("read", path)
            return path.read_bytes()

    def size(self, path: Path) -> int:
        """Return the file's length in bytes."""
        with translated(path):
            self.step("size", path)
            return path.stat().st_size

    def make_folder(self, path: Path) -> None:
        """Create one folder for its owner only; one that exists is left as it is."""
        with translated(path):
            self.step("make_folder", path)
            path.mkdir(mode=_OWNER_FOLDER, exist_ok=True)

    def put_new(self, path: Path, content: bytes) -> None:
        """Publish a file under a name that must be free, durably.

        When the error comes from the last step, the folder's sync, the file may have been
        published; the caller finds out by reading.

        Raises:
            AlreadyThere: The name is taken; what is there is untouched.
        """
        staged = self._stage(path, content)
        try:
            with translated(path):
                self._publish(staged, path)
        finally:
            self.discard(staged)
        self.sync_folder(path.parent)

    def replace(self, path: Path, content: bytes) -> None:
        """Put a file under a name, in place of whatever has it, durably and at once."""
        staged = self._stage(path, content)
        try:
            with translated(path):
                self.rename(staged, path)
        finally:
            self.discard(staged)
        self.sync_folder(path.parent)

    def adopt(self, staged: Path, final: Path) -> None:
        """Give a finished file of another writer its final name, contents durable first.

        The name is durable after :meth:`sync_folder`, which the caller runs once for all.
        """
        with translated(staged):
            self.step("chmod", staged)
            staged.chmod(_OWNER_FILE)
        self.sync_file(staged)
        with translated(final):
            self.rename(staged, final)

    def carry(self, source: Path, final: Path) -> None:
        """Give a finished, immutable file a second name, or copy it where links are not possible.

        The name is durable after :meth:`sync_folder`. One that is there already is left.
        """
        with translated(final):
            try:
                self.link(source, final)
            except FileExistsError:
                return
            except OSError as error:
                if error.errno not in _NO_LINKS and error.errno != errno.EXDEV:
                    raise
            else:
                return
            staged = self._staging / f"{secrets.token_hex(8)}.part"
            shutil.copyfile(source, staged)
        self.adopt(staged, final)

    def remove_tree(self, path: Path) -> None:
        """Delete a folder with all that is in it; one that is gone already is no error."""
        with translated(path):
            self.step("remove_tree", path)
            for folder, _, names in os.walk(path, topdown=False):
                for name in names:
                    self.unlink(Path(folder) / name)
                Path(folder).rmdir()

    def stage_in(self, staging: Path) -> None:
        """Stage in another folder of the same file system from now on."""
        self._staging = staging

    def sync_file(self, path: Path) -> None:
        """Make the present contents of a closed file durable."""
        with translated(path):
            self.step("open", path)
            # Windows flushes only through a handle that may write.
            descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
            try:
                self.sync(descriptor, path)
            finally:
                os.close(descriptor)

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable (a no-op on Windows, which has no such call)."""
        if sys.platform == "win32":
            return
        with translated(path):
            self.step("sync_folder", path)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            except OSError as error:
                # Some network file systems cannot sync a folder and say so with EINVAL.
                if error.errno not in _NO_FOLDER_SYNC:
                    raise
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Delete a file; one that is gone already is no error."""
        with translated(path):
            self.step("remove", path)
            self.unlink(path)

    def discard(self, path: Path) -> None:
        """Delete a file that means nothing any more, if the disk lets us."""
        with suppress(OSError):
            self.unlink(path)

    def unlink(self, path: Path) -> None:
        """Take a name away; one that is gone already is no error.

        Raises:
            OSError: Untranslated.
        """
        path.unlink(missing_ok=True)

    def link(self, source: Path, name: Path) -> None:
        """Give a file a second name, which must be free.

        Raises:
            OSError: Untranslated.
        """
        self.step("link", name)
        os.link(source, name)

    def rename(self, source: Path, name: Path) -> None:
        """Give a file another name, in place of whatever has it.

        Raises:
            OSError: Untranslated.
        """
        self.step("rename", name)
        source.replace(name)

    def open_new(self, path: Path) -> int:
        """Create a file that must not exist and return its descriptor, for its owner only."""
        with translated(path):
            return self.create(path)

    def seek(self, descriptor: int, offset: int) -> None:
        """Say where the next write to a descriptor goes."""
        os.lseek(descriptor, offset, os.SEEK_SET)

    def write(self, descriptor: int, content: bytes, path: Path) -> None:
        """Write all bytes to a descriptor, after those it wrote last.

        Raises:
            OSError: Untranslated, for the caller adds what it knows; a part may be written.
        """
        self.step("write", path)
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, memoryview(content)[written:])

    def sync(self, descriptor: int, path: Path) -> None:
        """Make contents and size of an open file durable.

        Raises:
            OSError: Untranslated.
        """
        self.step("sync", path)
        if _FULL_SYNC is not None:
            fcntl.fcntl(descriptor, _FULL_SYNC)
        else:
            os.fsync(descriptor)

    def datasync(self, descriptor: int, path: Path) -> None:
        """Make contents durable, and of the metadata only what reading them needs.

        Raises:
            OSError: Untranslated.
        """
        if sys.platform != "linux":
            self.sync(descriptor, path)
            return
        self.step("datasync", path)
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int, path: Path) -> None:
        """Cut an open file to ``size`` bytes.

        Raises:
            OSError: Untranslated.
        """
        self.step("truncate", path)
        os.ftruncate(descriptor, size)

    def _stage(self, final: Path, content: bytes) -> Path:
        """Write a durable file in the staging folder and return its path."""
        staged = self._staging / f"{secrets.token_hex(8)}.part"
        with translated(final):
            descriptor = self.create(staged)
            try:
                self.write(descriptor, content, staged)
                self.sync(descriptor, staged)
            except BaseException:
                self.discard(staged)
                raise
            finally:
                os.close(descriptor)
        return staged

    def create(self, path: Path, flags: int = 0) -> int:
        """Open a file that must not exist, for writing.

        Raises:
            OSError: Untranslated.
        """
        self.step("open", path)
        return os.open(path, _NEW_FILE | os.O_WRONLY | flags, _OWNER_FILE)

    def _publish(self, staged: Path, final: Path) -> None:
        """Give a staged file its name unless the name is taken."""
        try:
            self.link(staged, final)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # FAT and some shares have no hard links. The writer lock makes the check and
            # the rename one step for everyone who honours it.
            if final.exists():
                raise FileExistsError(errno.EEXIST, "File exists", str(final)) from error
            self.rename(staged, final)

    def list(self, folder: Path) -> tuple[str, ...]:
        """Return the names in a folder, sorted."""
        with translated(folder):
            self.step("list", folder)
            return tuple(sorted(path.name for path in folder.iterdir()))
