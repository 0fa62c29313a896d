"""Fetching: the files of one head, from a remote into a folder, every digest compared."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rolethread_store.dataset import StoreHeader
from rolethread_store.model.progress import Progress, ProgressListener
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import translated
from rolethread_store.storage.layout import Layout
from rolethread_store.sync.bundle import KeyBundle
from rolethread_store.sync.chunks import Tally
from rolethread_store.sync.failures import RemoteDamaged, RemoteObjectMissing
from rolethread_store.sync.local import BUFFERED, is_store_file
from rolethread_store.sync.records import Head, Part, RemoteFile, keys_name, object_name
from rolethread_store.sync.remote import Remote

__all__ = ["Fetch", "not_whole", "require_listed"]


def require_listed(head: Head, listed: Mapping[str, int]) -> None:
    """Name everything that is missing before anything is fetched.

    Raises:
        RemoteDamaged: A file cannot be restored from what a listing shows.
    """
    missing: list[str] = []
    damaged: list[str] = []
    for file in head.files:
        if not is_store_file(file.path) or file.size != sum(part.size for part in file.parts):
            damaged.append(file.path)
        for part in file.parts:
            size = listed.get(object_name(part.sha256))
            what = f"{file.path} (object {part.sha256[:12]}…)"
            if size is None:
                missing.append(what)
            elif size != part.size:
                damaged.append(what)
    if keys_name(head.keys.sha256) not in listed:
        missing.append("the key slots (keys/ and STORE)")
    if missing or damaged:
        raise not_whole(tuple(missing), tuple(damaged))


def not_whole(missing: tuple[str, ...], damaged: tuple[str, ...]) -> RemoteDamaged:
    """Return the error for a backup that cannot be restored."""
    named = [f"missing: {what}" for what in missing] + [f"damaged: {what}" for what in damaged]
    return RemoteDamaged(
        "The backup is not whole, nothing was restored; " + "; ".join(named),
        hint="Push again from a device that still has the store, or restore another remote.",
        missing=missing,
        damaged=damaged,
    )


class Fetch:
    """Writes the files of one head into a new folder.

    Args:
        remote: Where they come from.
        folder: Where they go; created by :meth:`run`.
        listener: Told about the bytes written.

    Attributes:
        files: Files written so far.
        bytes: Bytes written so far.
    """

    def __init__(self, remote: Remote, folder: Path, listener: ProgressListener) -> None:
        self._remote = remote
        self._folder = folder
        self._listener = listener
        self._disk = Disk(Layout(folder).staging)  # Until the bundle's header names a tree.
        self.files = 0
        self.bytes = 0

    def run(self, head: Head, bundle: KeyBundle) -> Layout:
        """Fetch everything, durably, into the tree that the header names; return where.

        Raises:
            HeaderDamaged: The header in the bundle is none.
            RemoteDamaged: An object is missing or differs; the error names its file.
            RemoteUnavailable: The remote failed.
            DiskFull: No space is left.
        """
        layout = Layout(self._folder, StoreHeader.decode(bundle.header).tree)
        self._disk.stage_in(layout.staging)
        for inner in layout.folders:
            self._disk.make_folder(inner)
        self._write(layout.header, (bundle.header,))
        for name, content in bundle.slots.items():
            self._write(layout.keys / name, (content,))
        total = sum(file.size for file in head.files) + self.bytes
        for file in head.files:
            self._listener(Progress(self.bytes, total, "bytes restored"))
            self._write(layout.top / file.path, self._content(file))
        self._listener(Progress(self.bytes, total, "bytes restored"))
        return layout

    def _content(self, file: RemoteFile) -> Iterator[bytes]:
        for part in file.parts:
            yield from self._part(part, file.path)

    def _part(self, part: Part, path: str) -> Iterator[bytes]:
        """Yield an object's bytes; too many or other ones end the restore."""
        what = f"{path} (object {part.sha256[:12]}…)"
        name = object_name(part.sha256)
        tally = Tally()
        try:
            small = part.size <= BUFFERED
            chunks = (self._remote.read(name),) if small else self._remote.read_chunks(name)
            for chunk in tally.over(chunks):
                if tally.size > part.size:
                    break
                yield chunk
        except RemoteObjectMissing as error:
            raise not_whole((what,), ()) from error
        if (tally.sha256, tally.size) != (part.sha256, part.size):
            raise not_whole((), (what,))

    def _write(self, path: Path, chunks: Iterable[bytes]) -> None:
        descriptor = self._disk.open_new(path)
        try:
            with translated(path):
                for chunk in chunks:
                    self._disk.write(descriptor, chunk, path)
                    self.bytes += len(chunk)
                self._disk.sync(descriptor, path)
        finally:
            os.close(descriptor)
        self.files += 1
