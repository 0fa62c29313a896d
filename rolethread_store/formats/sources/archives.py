"""Zip archives: every file within is a source of its own, read where it lies.

Nothing is unpacked to disk, so a name that climbs out of a folder does no harm here; but it
would stand in every entry's origin and mislead whoever reads it, so such an archive is
refused as a whole, like one that is encrypted or damaged.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import RawIOBase
from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from rolethread_store.formats.sources.failures import ArchiveRefused, Reaching, SourceNotText
from rolethread_store.formats.sources.source import SourceFile, SourceOptions, text_stream
from rolethread_store.formats.sources.stream import Stream
from rolethread_store.formats.sources.unpacking import Bound, Checked, Unpacked

__all__ = ["ARCHIVE_MARK", "members"]

ARCHIVE_MARK = b"PK\x03\x04"
_METHODS = {ZIP_STORED: "stored", ZIP_DEFLATED: "deflate", ZIP_BZIP2: "bzip2"}
_ENCRYPTED = 0x1 | 0x40
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_DRIVE = re.compile(r"[A-Za-z]:")
# Files that are zip archives by accident of their format, told by a name they all hold.
_DOCUMENTS = {"[Content_Types].xml": "an office document", "mimetype": "a document or book"}
_MOST_MEMBERS = 100_000


@dataclass(frozen=True, slots=True)
class _Archive:
    """Where an archive is, and how it is read."""

    name: str
    opener: Callable[[], BinaryIO]
    options: SourceOptions


def members(
    name: str, opener: Callable[[], BinaryIO], options: SourceOptions
) -> list[SourceFile] | None:
    """Return the files in an archive, ``None`` if it is a character card in one.

    Folders, files whose name begins with a dot, and what macOS adds are left out.

    Args:
        name: The archive's, without its folder.
        opener: Gives its bytes; they can be jumped about in.
        options: How its files are to be read.

    Raises:
        ArchiveRefused: it is damaged or encrypted, a name in it would mislead, or it is
            packed in a way that is not known.
        SourceExpands: it says itself that it unpacks to too much.
        SourceNotText: it is a document of another kind.
    """
    with Reaching(name), opener() as raw:
        size = raw.seek(0, 2)
        try:
            found = ZipFile(raw).infolist()
        except (BadZipFile, ValueError, NotImplementedError) as error:
            raise ArchiveRefused(
                f"{name} is a damaged zip archive ({error})", hint="try to repair or get it again"
            ) from None
    names = {info.filename for info in found}
    if name.casefold().endswith(".charx") or "card.json" in names:
        return None
    for mark, what in _DOCUMENTS.items():
        if mark in names:
            raise SourceNotText(f"{name} is {what}", hint="export its text as JSON or CSV first")
    if len(found) > _MOST_MEMBERS:
        raise ArchiveRefused(f"{name} holds more than {_MOST_MEMBERS:,} files")
    for info in found:
        _require_harmless(name, info)
    kept = [info for info in found if not info.is_dir() and not _is_hidden(info.filename)]
    if not kept:
        raise ArchiveRefused(f"{name} holds no file to read")
    Bound(name, options.limit).check(size, sum(info.file_size for info in kept))
    archive = _Archive(name, opener, options)
    return [_member(archive, info) for info in kept]


def _is_hidden(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)


def _require_harmless(archive: str, info: ZipInfo) -> None:
    # The name as it was written: ``ZipInfo`` tidies the other one.
    name = info.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name) or "\0" in name:
        reason = "a name that leads out of the archive"
    elif not name.isprintable():
        reason = "a name with characters that cannot be shown"
    elif info.flag_bits & _ENCRYPTED:
        reason = "an encrypted file"
    elif info.compress_type not in _METHODS and not info.is_dir():
        reason = f"a file packed by method {info.compress_type}, which is not known here,"
    else:
        return
    raise ArchiveRefused(
        f"{archive} holds {reason}: {name!r}",
        hint="nothing was imported; unpack it yourself and import the files",
    )


def _member(archive: _Archive, info: ZipInfo) -> SourceFile:
    shown = f"{archive.name}/{info.filename}"

    def opened() -> Stream:
        return _text(archive, info, shown)[0]

    stream, own = _text(archive, info, shown)
    with stream:
        nested = stream.peek(len(ARCHIVE_MARK)) == ARCHIVE_MARK
    if nested and not shown.casefold().endswith(".charx"):
        raise SourceNotText(
            f"{shown} is an archive within an archive", hint="unpack the outer one yourself"
        )
    return SourceFile(shown, opened, info.file_size if own else None, archive.options.table)


def _text(archive: _Archive, info: ZipInfo, shown: str) -> tuple[Stream, bool]:
    return text_stream(_checked(archive, info, shown), shown, archive.options)


def _checked(archive: _Archive, info: ZipInfo, shown: str) -> Stream:
    """Return the unpacked bytes of a member, held against its checksum at their end."""
    with Reaching(shown):
        raw = archive.opener()
        raw.seek(info.header_offset)
        header = raw.read(_LOCAL_HEADER.size)
    try:
        mark, name_size, extra_size = _LOCAL_HEADER.unpack(header)
    except struct.error:
        mark = b""
    if mark != ARCHIVE_MARK:
        raw.close()
        raise ArchiveRefused(f"{shown} is not where the archive says", hint="it is damaged")
    with Reaching(shown):
        raw.seek(name_size + extra_size, 1)
    stream = Stream(_Slice(raw, info.compress_size), shown)
    method = _METHODS[info.compress_type]
    if method != "stored":
        bound = Bound(shown, archive.options.limit)
        stream = Stream(Unpacked(stream, method, bound), shown)
    return Stream(Checked(stream, info.CRC, info.file_size), shown)


class _Slice(RawIOBase):
    """So many bytes of a file from where it stands."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        super().__init__()
        self._raw = raw
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, room: object, /) -> int:
        view = memoryview(room).cast("B")  # type: ignore[arg-type]
        part = self._raw.read(min(len(view), self._left))
        view[: len(part)] = part
        self._left -= len(part)
        return len(part)

    def close(self) -> None:
        self._raw.close()
        super().close()
