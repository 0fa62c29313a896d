"""A remote: named bytes at an fsspec URL. The only door out of the store's folder.

A handful of verbs, chosen so that the dumbest backend can serve them: list, size, read,
write under a new name, remove. No locks, no conditional updates, no trust in cached
listings. An object that is too large for one buffer is uploaded under a temporary name and
moved where the backend cannot put it at once.

Backends differ in one more way that matters: opening a file for writing in a ``with`` block
publishes what was written so far when the block fails. So no object is written that way.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.request import url2pathname

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from rolethread_store.errors import InvalidInput, StoreError, Unsupported
from rolethread_store.sync.chunks import file_chunks
from rolethread_store.sync.failures import (
    Reaching,
    RemoteObjectExists,
    RemoteObjectMissing,
)
from rolethread_store.sync.folder import land

__all__ = ["ExtraMissing", "Remote", "RemoteUrlInvalid"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_SECRET = re.compile(r"(://[^/@:]*):[^/@]*@")
_EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "sftp": "sftp",
    "ssh": "sftp",
    "webdav": "webdav",
}
# Object stores publish a put as a whole and list any prefix in one request.
_OBJECT_STORES = frozenset({"abfs", "az", "gcs", "gs", "memory", "oss", "s3", "s3a"})
_BLOCK = 4 * 2**20
_STAGING = "v1/staging"


class RemoteUrlInvalid(InvalidInput):
    """The address of a remote cannot be understood."""

    code: ClassVar[str] = "sync.remote-url-invalid"


class ExtraMissing(Unsupported):
    """The library that speaks this protocol is not installed."""

    code: ClassVar[str] = "sync.extra-missing"


class Remote:
    """Named bytes somewhere else.

    Use :meth:`open`. Names are relative, with ``/``. The verbs raise the errors of
    :class:`~rolethread_store.sync.failures.reaching`, and on a plain folder also
    ``DiskFull``, ``DiskFailed`` and ``ReadOnly``.

    Attributes:
        url: Canonical address without a password; names the remote in messages.
        requests: How many verbs were asked for so far.
    """

    def __init__(
        self, url: str, system: AbstractFileSystem, root: str, folder: Path | None
    ) -> None:
        self.url = url
        self.requests = 0
        self._system: Any = system
        self._root = root.rstrip("/")
        self._folder = folder
        protocols = {system.protocol} if isinstance(system.protocol, str) else system.protocol
        self._object_store = not _OBJECT_STORES.isdisjoint(protocols)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the remote at an address; nothing is asked of it yet.

        Args:
            url: ``file:///path``, ``/plain/path``, ``~/path``, ``memory://name`` or the URL
                of an installed extra. Credentials come from the backend's own settings.

        Raises:
            ExtraMissing: The protocol needs an extra that is not installed.
            RemoteUrlInvalid: It is no address, or of an unknown protocol.
            RemoteUnavailable: The backend cannot be set up.
        """
        match = _URL.fullmatch(url)
        protocol = match[1].lower() if match else "file"
        if protocol in {"file", "local"}:
            return cls._open_folder(url, url2pathname(match[2]) if match else url)
        shown = _SECRET.sub(r"\1@", url).rstrip("/")
        try:
            with Reaching(shown, "the folder"):
                system, root = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
        except ImportError as error:
            raise _missing_extra(protocol, error) from error
        except (TypeError, ValueError) as error:
            raise RemoteUrlInvalid(
                f"{shown} is not the address of a remote ({error})",
                hint="Use file:///path, a plain path, s3://…, sftp://… or webdav://….",
            ) from error
        return cls(shown, system, root, None)

    @classmethod
    def _open_folder(cls, url: str, path: str) -> Self:
        if not path.strip():
            raise RemoteUrlInvalid(f"{url!r} names no folder", hint="Give the path of a folder.")
        try:
            folder = Path(path).expanduser().resolve()
        except RuntimeError as error:
            raise RemoteUrlInvalid(f"{url} names a home folder that does not exist") from error
        system, root = url_to_fs(folder.as_posix(), use_listings_cache=False)
        return cls(folder.as_uri(), system, root, folder)

    def listing(self, prefix: str) -> dict[str, int]:
        """Return the names of all objects below a prefix with their sizes in bytes.

        Always fresh. A prefix that does not exist holds nothing; a listing that fails
        half-way is an error, never a shorter list.
        """
        self.requests += 1
        top = self._path(prefix)
        with Reaching(self.url, prefix):
            self._system.invalidate_cache()
            found = self._find(top) if self._object_store else self._walk(top)
            skip = len(self._root) + 1
            return {name[skip:]: int(size) for name, size in found}

    def size(self, name: str) -> int | None:
        """Return an object's size in bytes, ``None`` if it is not there."""
        self.requests += 1
        with Reaching(self.url, name):
            self._system.invalidate_cache()
            try:
                return int(self._system.info(self._path(name))["size"])
            except FileNotFoundError:
                return None

    def read(self, name: str) -> bytes:
        """Return a whole small object; the caller knows its size from a listing or a head."""
        self.requests += 1
        with Reaching(self.url, name):
            return bytes(self._system.cat_file(self._path(name)))

    def read_chunks(self, name: str) -> Iterator[bytes]:
        """Return an object of any size, block by block."""
        self.requests += 1
        with Reaching(self.url, name):
            file = self._system.open(self._path(name), "rb", block_size=_BLOCK)
        with file:
            while True:
                with Reaching(self.url, name):
                    chunk = bytes(file.read(_BLOCK))
                if not chunk:
                    return
                yield chunk

    def write_new(self, name: str, content: bytes) -> None:
        """Write a small object whole under a name that must be free.

        Backends that cannot check write the same bytes again: names carry their digest.
        When it fails the object may be there all the same; the caller finds out by reading.

        Raises:
            RemoteObjectExists: The name is taken.
        """
        self.requests += 1
        with Reaching(self.url, name):
            if self._folder is not None:
                land(self._folder, name, (content,))
            elif self._object_store:
                self._system.pipe_file(self._path(name), content, mode="create")
            else:
                staged = self._staged(name)
                try:
                    self._system.pipe_file(staged, content)
                    self._system.mv(staged, self._path(name))
                finally:
                    self._forget(staged)

    def upload_new(self, name: str, source: Path, digest: str) -> None:
        """Upload a file of any size under a name that must be free.

        Args:
            name: Where to.
            source: The file.
            digest: SHA-256 (hex) it must have; otherwise nothing is published.

        Raises:
            LocalFileDamaged: The file has another digest.
            RemoteObjectExists: The name is taken.
        """
        self.requests += 1
        chunks = file_chunks(source, digest)
        with Reaching(self.url, name):
            if self._folder is not None:
                land(self._folder, name, chunks)
                return
            for _ in chunks:  # Backends read the file themselves: prove it before.
                pass
            if self._object_store:
                if self._system.exists(self._path(name)):
                    raise RemoteObjectExists(f"{name} on {self.url} exists already")
                self._system.put_file(str(source), self._path(name))
                return
            staged = self._staged(name)
            try:
                self._system.put_file(str(source), staged)
                self._system.mv(staged, self._path(name))
            finally:
                self._forget(staged)

    def remove(self, name: str) -> None:
        """Remove an object that is not what its name says; one that is gone is no error."""
        self.requests += 1
        with suppress(RemoteObjectMissing), Reaching(self.url, name):
            self._system.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _staged(self, name: str) -> str:
        """Return a fresh temporary name, and make the folders it and the final name need."""
        if self._system.exists(self._path(name)):
            raise RemoteObjectExists(f"{name} on {self.url} exists already")
        self._system.makedirs(self._path(_STAGING), exist_ok=True)
        self._system.makedirs(self._path(name).rsplit("/", 1)[0], exist_ok=True)
        return self._path(f"{_STAGING}/{secrets.token_hex(8)}.part")

    def _forget(self, staged: str) -> None:
        """Remove a temporary object if it is still there and the remote lets us."""
        with suppress(StoreError), Reaching(self.url, staged):
            self._system.rm_file(staged)

    def _find(self, top: str) -> list[tuple[str, int]]:
        """List an object store, which has one flat list of names."""
        found = self._system.find(top, detail=True)
        return [(str(name), entry["size"]) for name, entry in found.items()]

    def _walk(self, top: str) -> list[tuple[str, int]]:
        """List folder by folder; fsspec's own walk takes a failing folder for an empty one."""
        try:
            entries = self._system.ls(top, detail=True)
        except FileNotFoundError:
            return []
        found: list[tuple[str, int]] = []
        for entry in entries:
            name = str(entry["name"]).rstrip("/")
            if entry["type"] == "directory":
                found += self._walk(name)
            else:
                found.append((name, entry["size"]))
        return found


def _missing_extra(protocol: str, error: ImportError) -> StoreError:
    extra = _EXTRAS.get(protocol)
    if extra is None:
        return ExtraMissing(
            f"Remotes of the kind {protocol}:// need a library that is not installed ({error})",
            hint="Install the fsspec library for this protocol.",
        )
    return ExtraMissing(
        f"Remotes of the kind {protocol}:// need an extra that is not installed",
        hint=f"Run: pip install 'rolethread-store[{extra}]'",
    )
