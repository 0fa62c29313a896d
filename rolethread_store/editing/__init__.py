"""Entry operations: each checks its input and returns changes."""

from rolethread_store.editing.bulk_tags import BulkTags, TooManyEntries, among, bulk_tags
from rolethread_store.editing.entries import (
    ContentInvalid,
    MessageOutOfRange,
    deletion,
    message_edit,
)

__all__ = [
    "BulkTags",
    "ContentInvalid",
    "MessageOutOfRange",
    "TooManyEntries",
    "among",
    "bulk_tags",
    "deletion",
    "message_edit",
]
