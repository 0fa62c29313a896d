"""The store folder as a push sees it: files, and the objects they are cut into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from rolethread_store.storage.layout import Layout
from rolethread_store.sync.bundle import KeyBundle
from rolethread_store.sync.chunks import file_range, sha256
from rolethread_store.sync.records import Head, Part, RemoteFile

__all__ = [
    "BUFFERED",
    "LocalFiles",
    "PlannedFile",
    "Source",
    "gathered",
    "is_store_file",
    "key_bundle",
]

BUFFERED = 16 * 2**20
"""Largest part of a log file; up to this an object is sent from memory."""

_MERGED = 32 * 2**10
"""Trailing parts of a log are joined with what follows up to this size.

A push after every edit would otherwise leave as many objects as edits. The price is that
such a push sends at most this much again.
"""


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """A consistent snapshot of a store's files, made by the store that is open.

    The process that made it holds the writer lock until the push is over, or two pushes of
    one device could choose the same number.

    Attributes:
        layout: Where the store lies, and its tree.
        store_id: The store.
        device_id: This copy of the store; a restored copy has another.
        generation: The manifest's.
        segments: Path, size in bytes and SHA-256 (hex) of every segment the manifest names.
        manifest: The current manifest.
        header: The public header.
        slots: The key slots.
        logs: Log files with the bytes that are acknowledged.
    """

    layout: Layout
    store_id: UUID
    device_id: UUID
    generation: int
    segments: tuple[tuple[Path, int, str], ...]
    manifest: Path
    header: Path
    slots: tuple[Path, ...]
    logs: tuple[tuple[Path, int], ...]

    def relative(self, path: Path) -> str:
        """Return a file's path inside the store's tree, with ``/``.

        A rebuilt tree has another name but mostly the same files, which then need not be
        sent again.
        """
        return path.relative_to(self.layout.top).as_posix()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of an object come from.

    Attributes:
        part: The object.
        path: The file.
        offset: Where in it the object begins.
        whole: Whether it is the whole file, which may be too large for memory.
    """

    part: Part
    path: Path
    offset: int
    whole: bool


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as the next head will name it, with the sources of its parts."""

    file: RemoteFile
    sources: tuple[Source, ...]


def gathered(local: LocalFiles, previous: Head | None) -> tuple[PlannedFile, ...]:
    """Return every file of the snapshot, cut into objects.

    Reads the manifest and what the logs have grown by; segments are known by their digests.

    Args:
        local: The snapshot.
        previous: What this device pushed last; its parts of logs are kept.

    Raises:
        FileMissing: A file of the snapshot is not there.
        LocalFileDamaged: A log is shorter than the snapshot says.
    """
    before = {file.path: file for file in previous.files} if previous is not None else {}
    files = [_whole(local, path, size, digest) for path, size, digest in local.segments]
    for path, size in local.logs:
        files.append(_log(local, path, size, before.get(local.relative(path))))
    size = local.manifest.stat().st_size if local.manifest.is_file() else 0
    digest = sha256(file_range(local.manifest, 0, size))
    files.append(_whole(local, local.manifest, size, digest))
    return tuple(files)


def key_bundle(local: LocalFiles) -> KeyBundle:
    """Return header and slots of the snapshot.

    Raises:
        FileMissing: One of them is not there.
    """
    slots = {path.name: _content(path) for path in local.slots}
    return KeyBundle(local.store_id, _content(local.header), slots)


def is_store_file(path: str) -> bool:
    """Return whether a head may name this path: a manifest, log or segment, nothing else.

    A restore writes to these paths, so nothing that climbs out of the folder is among them.
    """
    layout = Layout(Path())
    folder, slash, name = path.partition("/")
    if not slash:
        return False
    parsers = {
        layout.manifests.name: layout.generation_of,
        layout.logs.name: layout.log_of,
        layout.segments.name: layout.segment_of,
    }
    parser = parsers.get(folder)
    return parser is not None and parser(name) is not None


def _content(path: Path) -> bytes:
    return file_range(path, 0, path.stat().st_size if path.is_file() else 0)


def _whole(local: LocalFiles, path: Path, size: int, digest: str) -> PlannedFile:
    part = Part(sha256=digest, size=size)
    file = RemoteFile(path=local.relative(path), size=size, parts=(part,))
    return PlannedFile(file, (Source(part, path, 0, whole=True),))


def _log(local: LocalFiles, path: Path, size: int, before: RemoteFile | None) -> PlannedFile:
    """Keep the parts that were pushed and cut what follows into new ones."""
    kept = _kept(before, size)
    start = sum(part.size for part in kept)
    parts = list(kept)
    while start < size:
        length = min(BUFFERED, size - start)
        parts.append(Part(sha256=sha256(file_range(path, start, length)), size=length))
        start += length
    file = RemoteFile(path=local.relative(path), size=size, parts=tuple(parts))
    return PlannedFile(file, _sources(path, parts))


def _kept(before: RemoteFile | None, size: int) -> Sequence[Part]:
    """Return which pushed parts of a log stay as they are.

    A log that is shorter than what was pushed lost its closing mark in a power failure,
    which it may; it is sent again.
    """
    if before is None or before.size > size:
        return ()
    kept = list(before.parts)
    grown = size - before.size
    while grown and kept and kept[-1].size + grown <= _MERGED:
        grown += kept.pop().size
    return kept


def _sources(path: Path, parts: Sequence[Part]) -> tuple[Source, ...]:
    sources = []
    offset = 0
    for part in parts:
        sources.append(Source(part, path, offset, whole=False))
        offset += part.size
    return tuple(sources)
