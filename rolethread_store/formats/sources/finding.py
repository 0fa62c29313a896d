"""From what a user names to the sources it stands for, all found before any is read."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.sources.addresses import is_address, places
from rolethread_store.formats.sources.archives import ARCHIVE_MARK, members
from rolethread_store.formats.sources.decoding import checked_encoding
from rolethread_store.formats.sources.failures import Reaching, SourceMissing, SourceSpent
from rolethread_store.formats.sources.source import SourceFile, SourceOptions, text_stream
from rolethread_store.formats.sources.stream import Feed, Stream

__all__ = ["find_sources"]

_STDIN = "-"


def find_sources(
    patterns: Sequence[str | Path | SourceFile], options: SourceOptions | None = None
) -> list[SourceFile]:
    """Return the sources that paths, patterns, URLs and ``-`` stand for, in order.

    A path that exists is never taken for a pattern. Compressed files are unpacked as they
    are read, zip archives are as many sources as they hold files; what a file is, its
    content tells. Archives within archives are not followed.

    Args:
        patterns: What the user named; a source stays what it is.
        options: How they are to be read.

    Raises:
        SourceMissing: a file is not there, or none matches.
        SourceUnreadable: one may not be read.
        SourceUnavailable: the disk or a remote fails.
        SourceNotText: one is a folder, or nothing that can be read.
        SourceDriverMissing: a URL needs an extra that is not installed.
        SourceExpands: an archive or compressed file unpacks to too much.
        ArchiveRefused: an archive is damaged, encrypted, or its names mislead.
        EncodingUnknown: the encoding is not known.
    """
    options = options or SourceOptions()
    if options.encoding is not None:
        checked_encoding(options.encoding)
    found: list[SourceFile] = []
    if [str(pattern) for pattern in patterns].count(_STDIN) > 1:
        raise SourceSpent("standard input can be read only once", hint="name - once")
    for pattern in patterns:
        if isinstance(pattern, SourceFile):
            found.append(pattern)
        elif str(pattern) == _STDIN:
            found.append(_standard_input(options))
        elif is_address(str(pattern)) and isinstance(pattern, str):
            found += _at_address(pattern, options)
        else:
            for path in _paths(Path(pattern)):
                found += _at_path(path, options)
    return found


def _paths(path: Path) -> list[Path]:
    # ``lexists``: a link that leads nowhere is a missing file, not a pattern.
    if path.exists() or path.is_symlink() or not glob.has_magic(str(path)):
        return [path]
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  (takes any pattern)
    files = [one for one in map(Path, matches) if one.is_file()]
    if not files:
        raise SourceMissing(f"no file matches {path}", hint="check the pattern and the folder")
    return files


def _opened(path: Path) -> BinaryIO:
    if path.is_dir():
        raise IsADirectoryError
    return path.open("rb", buffering=0)


def _at_path(path: Path, options: SourceOptions) -> list[SourceFile]:
    opener = partial(_opened, path)
    if path.is_fifo() or path.is_char_device():
        # What another program writes as we read is there once.
        with Reaching(str(path)):
            return [_once(path.name, opener(), options)]
    found = _sources(path.name, str(path), opener, options)
    return [replace(one, near=one.seekable is not None) for one in found]


def _at_address(url: str, options: SourceOptions) -> list[SourceFile]:
    if url.lower().startswith("file://"):
        return _at_path(Path(url2pathname(urlsplit(url).path)), options)
    return [
        source
        for place in places(url)
        for source in _sources(place.name, place.shown, place.opener, options, place.size)
    ]


def _sources(
    name: str,
    shown: str,
    opener: Callable[[], BinaryIO],
    options: SourceOptions,
    size: int | None = None,
) -> list[SourceFile]:
    """Return the one source a file is, or those in it."""
    with Reaching(shown), opener() as raw:
        head = raw.read(len(ARCHIVE_MARK))
        if size is None and raw.seekable():
            size = raw.seek(0, 2)
    if head == ARCHIVE_MARK and (inner := members(name, opener, options)) is not None:
        return inner

    def opened() -> tuple[Stream, bool]:
        with Reaching(shown):
            feed = cast(Feed, opener())
        return text_stream(feed, shown, options)

    stream, own = opened()
    stream.close()
    return [
        SourceFile(
            name,
            lambda: opened()[0],
            size if own else None,
            options.table,
            opener if own else None,
        )
    ]


def _standard_input(options: SourceOptions) -> SourceFile:
    if options.stdin is None:
        raise InvalidInput("there is no standard input to read", hint="name a file instead")
    return _once("stdin", options.stdin, options)


def _once(name: str, raw: BinaryIO, options: SourceOptions) -> SourceFile:
    """Return a source that is there once; looking ahead keeps it whole."""
    kept: list[Stream] = []
    feed = cast(Feed, raw)

    def opened() -> Stream:
        if not kept:
            kept.append(_Lasting(text_stream(feed, name, options)[0], name))
        if kept[0].begun:
            raise SourceSpent(f"{name} can be read only once", hint="name it once")
        return kept[0]

    return SourceFile(name, opened, None, options.table, once=True)


class _Lasting(Stream):
    """A stream that stays open when whoever looked at its beginning closes it."""

    def close(self) -> None:
        """Leave standard input to whoever owns it."""
