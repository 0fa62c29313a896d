"""Segments under another key: the same rows in the same order, in a file of their own.

What is written is read back and compared with what it was made from before anything names
it: count and a hash over every value and its place. Like the content digest this guards
against our own mistakes and the engine's; bytes are guarded by the manifest's digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto import Keyring
from rolethread_store.engine import Session
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch, Segment
from rolethread_store.segments.relation import file_rows, key_name
from rolethread_store.segments.schema import COLUMNS_OF, column_list
from rolethread_store.segments.writer import copy_statement
from rolethread_store.storage import Disk, Layout, sha256_file, tail_digest

__all__ = ["ResealMismatch", "SealedPlace", "reseal_segment"]


class ResealMismatch(Corrupt):
    """A segment under its new key does not hold what it held under the old one."""

    code: ClassVar[str] = "segments.reseal-mismatch"


@dataclass(frozen=True, slots=True)
class SealedPlace:
    """A tree of a store and the keys of what lies in it.

    Attributes:
        layout: Where its segments lie.
        keyring: Its keys.
    """

    layout: Layout
    keyring: Keyring

    def admit(self, session: Session, batch: Batch) -> str:
        """Make a batch's data key known to a session and return its name there.

        The same batch has another key in another tree, hence the tree in the name.
        """
        name = f"{key_name(batch.batch_id)}_{self.layout.tree or 'root'}"
        data_key = self.keyring.unwrap(bytes.fromhex(batch.wrapped_key), batch.batch_id)
        session.add_key(name, data_key.reveal())
        return name

    def segment(self, batch_id: UUID, number: int) -> Path:
        """Return where a segment lies."""
        return self.layout.segment(batch_id, number)


def reseal_segment(
    session: Session,
    disk: Disk,
    source: tuple[SealedPlace, Batch],
    target: tuple[SealedPlace, Batch],
    segment: Segment,
) -> Segment:
    """Write one segment of a batch anew under the batch's key in another tree.

    Args:
        session: Keeps the order of rows, and reaches the segments of both trees and the
            staging folder of the new one.
        disk: How files are made durable.
        source: The tree it is read from, and the batch there.
        target: The tree it is written to, and the batch there.
        segment: The segment of the source.

    Returns:
        The new segment; its file is published, its folder not yet synced.

    Raises:
        ResealMismatch: the new file holds something else; it is not published.
        Corrupt: the old file cannot be read.
        Unavailable: the disk is full or fails.
    """
    old, new = source[0], target[0]
    old_key, new_key = old.admit(session, source[1]), new.admit(session, target[1])
    batch_id, kind = target[1].batch_id, target[1].kind
    path = old.segment(batch_id, segment.number)
    final = new.segment(batch_id, segment.number)
    staged = new.layout.staging / final.name
    disk.remove(staged)
    select = f"SELECT {column_list(COLUMNS_OF[kind])} FROM {file_rows(path, old_key)}"
    session.execute(copy_statement(select, staged, new_key, kind, segment.rows))
    before, after = (
        _fingerprint(session, kind, place, key)
        for place, key in ((path, old_key), (staged, new_key))
    )
    if before != after or after[0] != segment.rows:
        disk.remove(staged)
        raise ResealMismatch(
            f"segment {final.name} came out different under its new key; nothing was changed",
            hint="please report this, with the output of: rolethread doctor",
        )
    digest, size = sha256_file(staged)
    tail = tail_digest(staged)
    disk.adopt(staged, final)
    return segment.model_copy(update={"size": size, "digest": digest, "tail_digest": tail})


def _fingerprint(session: Session, kind: str, path: Path, key: str) -> tuple[int, int]:
    """Return the number of rows, and a hash over all of them with their places."""
    columns = column_list(COLUMNS_OF[kind])
    count, mixed = session.rows(
        f"SELECT count(*), coalesce(sum(CAST(hash(file_row_number, {columns}) AS HUGEINT)), 0) "
        f"FROM {file_rows(path, key, ', file_row_number=true')}"
    )[0]
    return int(count), int(mixed)
