"""The kinds of documents, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.documents.document import DocumentKind

__all__ = ["KINDS"]

KINDS: tuple[DocumentKind, ...] = ()
