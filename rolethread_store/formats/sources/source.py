"""A source as a value: what it is called, and how to get at its bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from rolethread_store.formats.sources.decoding import Decoded, encoding_of
from rolethread_store.formats.sources.failures import Reaching, SourceNotText
from rolethread_store.formats.sources.stream import Feed, Stream, Watcher
from rolethread_store.formats.sources.unpacking import Bound, Unpacked, compression_of
from rolethread_store.formats.tables_options import TableOptions

__all__ = ["SourceFile", "SourceOptions", "text_stream"]

_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How sources are to be read.

    Attributes:
        encoding: Of their text, where that is not Unicode.
        table: What the user says of tables.
        limit: Bytes that a compressed source may unpack to; ``None`` for 200 times its own,
            and always 1 GiB.
        stdin: What ``-`` stands for; ``None`` where there is no such thing.
    """

    encoding: str | None = None
    table: TableOptions = field(default_factory=TableOptions)
    limit: int | None = None
    stdin: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One row of records, wherever it is: a file, an archive's member, a URL, standard input.

    Attributes:
        name: What stands in an entry's origin: the file's name without its folder, for an
            archive's member ``archive.zip/folder/file.jsonl``.
        opener: Gives the bytes, unpacked and as UTF-8. Nothing is ever written to a source.
        size: Bytes it will give, ``None`` when that is known only at the end.
        table: What the user says of tables.
        seekable: Gives the bytes as they lie on the disk or at the URL for readers that
            jump about in them; ``None`` when they cannot be had so.
        once: Whether it can be read only once, as standard input.
        near: Whether it is a file of this machine, which can be read again from any byte.
    """

    name: str
    opener: Callable[[], Stream]
    size: int | None
    table: TableOptions = field(default_factory=TableOptions)
    seekable: Callable[[], BinaryIO] | None = None
    once: bool = False
    near: bool = False

    def open(self, watcher: Watcher | None = None) -> Stream:
        """Return a fresh reader; standard input can be had until it is read from.

        Args:
            watcher: Hears of all bytes as they are read.

        Raises:
            SourceMissing: nothing is there any more.
            SourceUnreadable: reading is forbidden.
            SourceUnavailable: the disk or the remote fails.
            SourceSpent: standard input was read already.
        """
        stream = self.opener()
        stream.watcher = watcher
        return stream

    def open_at(self, place: int, watcher: Watcher | None = None) -> Stream:
        """Return a reader from a byte on, of a source that is near.

        Raises:
            SourceMissing: nothing is there any more.
            SourceUnreadable: reading is forbidden.
            SourceUnavailable: the disk or the remote fails.
        """
        if self.seekable is None:
            raise ValueError(f"{self.name} cannot be jumped about in")
        with Reaching(self.name):
            raw = self.seekable()
            raw.seek(place)
        return Stream(cast(Feed, raw), self.name, watcher)


def text_stream(feed: Feed, shown: str, options: SourceOptions) -> tuple[Stream, bool]:
    """Return a source's text as UTF-8, and whether these are its own bytes, unchanged.

    Args:
        feed: Its bytes as they are.
        shown: What messages call it.
        options: How it is to be read.

    Raises:
        SourceNotText: it is compressed twice, or an archive within.
    """
    stream, own = Stream(feed, shown), True
    kind = compression_of(stream.peek(_HEAD_BYTES))
    if kind is not None:
        stream = Stream(Unpacked(stream, kind, Bound(shown, options.limit)), shown)
        own = False
        head = stream.peek(_HEAD_BYTES)
        within = compression_of(head) or ("zip" if head.startswith(b"PK\x03\x04") else None)
        if within is not None:
            stream.close()
            raise SourceNotText(
                f"{shown} holds a {within} file within a {kind} file",
                hint="unpack it once yourself",
            )
    encoding = encoding_of(stream.peek(_HEAD_BYTES), options.encoding)
    if encoding is not None:
        stream, own = Stream(Decoded(stream, encoding), shown), False
    return stream, own
