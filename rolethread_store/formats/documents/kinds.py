"""The kinds of documents, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.documents import (
    adventure,
    charx,
    limarp,
    png,
    sillytavern,
    transcript,
    whatsapp,
)
from rolethread_store.formats.documents.document import DocumentKind

__all__ = ["KINDS"]

# Transcripts are last: whatever says of itself what it is comes before what merely looks so.
KINDS: tuple[DocumentKind, ...] = (
    png.KIND,
    charx.KIND,
    sillytavern.KIND,
    whatsapp.KIND,
    limarp.KIND,
    adventure.KIND,
    transcript.KIND,
)
