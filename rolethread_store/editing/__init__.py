"""Entry operations: each checks its input and returns changes."""

from rolethread_store.editing.bulk_tags import BulkTags, bulk_tags
from rolethread_store.editing.entries import (
    ContentInvalid,
    MessageOutOfRange,
    deletion,
    message_edit,
    rewrite,
    tag_change,
)

__all__ = [
    "BulkTags",
    "ContentInvalid",
    "MessageOutOfRange",
    "bulk_tags",
    "deletion",
    "message_edit",
    "rewrite",
    "tag_change",
]
