"""Where records come from: files, archives, compressed files, URLs, standard input."""

from rolethread_store.formats.sources.decoding import BAD_BYTES
from rolethread_store.formats.sources.failures import (
    ArchiveRefused,
    EncodingUnknown,
    SourceDriverMissing,
    SourceExpands,
    SourceMissing,
    SourceNotText,
    SourceSpent,
    SourceUnavailable,
    SourceUnreadable,
)
from rolethread_store.formats.sources.finding import find_sources
from rolethread_store.formats.sources.source import SourceFile, SourceOptions
from rolethread_store.formats.sources.stream import Stream, Watcher

__all__ = [
    "BAD_BYTES",
    "ArchiveRefused",
    "EncodingUnknown",
    "SourceDriverMissing",
    "SourceExpands",
    "SourceFile",
    "SourceMissing",
    "SourceNotText",
    "SourceOptions",
    "SourceSpent",
    "SourceUnavailable",
    "SourceUnreadable",
    "Stream",
    "Watcher",
    "find_sources",
]
