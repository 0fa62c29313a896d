"""Files that are one document instead of a row of records: chats, cards, transcripts."""

from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.kinds import KINDS

__all__ = ["KINDS", "Document", "DocumentKind"]
