"""What an exact export needs, where the history of its import expires.

A source's own bytes outlive that history as long as some state has the record as it was:
they say nothing then that the state does not say. Texts of entries that were deleted or
edited go, for whoever lets history go wants them gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from rolethread_store.dataset import Beginning, row_slices, with_originals
from rolethread_store.errors import StoreError
from rolethread_store.formats import content_sql
from rolethread_store.model import Batch, BatchAttached, BatchKind, ChangeSet
from rolethread_store.segments import scan
from rolethread_store.store.parts import Parts

__all__ = ["Outliving", "outliving"]

_WHOLE = "records_as_they_were"
_LIVING = "entries_that_live"
_SEEN = "records_of_a_state"


@dataclass
class Outliving:
    """What stays of the bytes that imports kept; only while :func:`outliving` is open.

    Attributes:
        sources: Import and file name of what some state still has an entry of.
        thinned: Batches of originals that lose rows, and how many stay.
    """

    parts: Parts
    sources: set[tuple[UUID, str]] = field(default_factory=set)
    thinned: dict[UUID, int] = field(default_factory=dict)

    def write(self) -> dict[UUID, Batch | None]:
        """Write what stays of each batch that loses rows; ``None`` where nothing does."""
        made: dict[UUID, Batch | None] = {}
        for batch_id, rows in self.thinned.items():
            kept = _staying_sql(_rows_of(self.parts, batch_id))
            slices = row_slices(self.parts.reader, kept, "entry_id", "UUID") if rows else []
            made[batch_id] = self.parts.room.write_slices(BatchKind.ORIGINALS, slices)
        return made

    def told(
        self, records: Iterable[ChangeSet], batches: Mapping[UUID, UUID | None]
    ) -> list[ChangeSet]:
        """Return records of which the expired ones name what stays.

        Args:
            records: All records; those that stay as they are remain the same objects.
            batches: What takes the place of a batch of originals.
        """
        return [
            with_originals(one, batches, self.sources) if one.expired else one for one in records
        ]


@contextmanager
def outliving(
    parts: Parts, expired: Iterable[ChangeSet], beginnings: Sequence[Beginning]
) -> Iterator[Outliving]:
    """Find out what stays of the originals that expired records name.

    Args:
        parts: The open store.
        expired: The records as they are to be.
        beginnings: What every state that can still be asked for begins with.
    """
    reader, session = parts.reader, parts.reader.session
    found = Outliving(parts)
    imports = [
        change
        for record in expired
        for change in record.changes
        if isinstance(change, BatchAttached) and _keeps(change)
    ]
    session.execute(f"CREATE OR REPLACE TABLE {_WHOLE} (lead_id UUID)")
    session.execute(f"CREATE OR REPLACE TABLE {_LIVING} (entry_id UUID)")
    try:
        for beginning in beginnings if imports else ():
            _look_through(found, beginning)
        for batch_id in {one.originals_id for one in imports if one.originals_id is not None}:
            rows = _rows_of(parts, batch_id)
            ((lost, kept),) = reader.rows(
                f"SELECT (SELECT count(*) FROM ({rows}) ANTI JOIN {_WHOLE} USING (lead_id)), "
                f"(SELECT count(*) FROM ({_staying_sql(rows)}))"
            )
            if lost:
                found.thinned[batch_id] = kept
        yield found
    finally:
        # A session that failed is closed, and its tables with it.
        with suppress(StoreError):
            for table in (_WHOLE, _LIVING, _SEEN):
                session.execute(f"DROP TABLE IF EXISTS {table}")


def _keeps(change: BatchAttached) -> bool:
    return change.originals_id is not None or any(one.framing for one in change.sources)


def _look_through(found: Outliving, beginning: Beginning) -> None:
    """Add what one state has of imports that kept originals."""
    reader = found.parts.reader
    fold = beginning.fold(reader.journal)
    framed = [change.import_id for _, change in fold.attached if _keeps(change)]
    if not framed:
        return
    entries, originals = reader.relation(fold), reader.originals_relation(fold)
    try:
        rows = reader.rows(
            f"SELECT DISTINCT CAST(origin.import_id AS VARCHAR), origin.source FROM ({entries}) "
            f"WHERE origin.import_id IS NOT NULL"
        )
        found.sources.update((UUID(import_id), name) for import_id, name in rows)
        unknown = f"({originals}) ANTI JOIN {_WHOLE} USING (lead_id)"
        joined = (
            f"SELECT o.entry_id, o.lead_id, e.entry_id IS NOT NULL AS lives, "
            f"coalesce(o.content = e.now, o.content IS NULL) AS same FROM "
            f"(SELECT entry_id, lead_id, content FROM {unknown}) o LEFT JOIN "
            f"(SELECT entry_id, {content_sql()} AS now FROM ({entries})) e USING (entry_id)"
        )
        with reader.diagnosing():
            reader.session.execute(f"CREATE OR REPLACE TABLE {_SEEN} AS {joined}")
            reader.session.execute(
                f"INSERT INTO {_WHOLE} SELECT lead_id FROM {_SEEN} GROUP BY lead_id "
                f"HAVING bool_and(lives AND same)"
            )
            reader.session.execute(
                f"INSERT INTO {_LIVING} SELECT entry_id FROM {_SEEN} WHERE lives"
            )
    finally:
        reader.forget(fold)


def _rows_of(parts: Parts, batch_id: UUID) -> str:
    batch = parts.journal.batch(batch_id)
    parts.reader.admit([batch])
    return scan([batch], parts.journal.layout, "originals")


def _staying_sql(rows: str) -> str:
    """Return SQL for rows that stay: of records as they were all, else what stood before them."""
    return (
        f"SELECT * FROM ({rows}) SEMI JOIN {_WHOLE} USING (lead_id) UNION ALL "
        f"SELECT entry_id, lead_id, before, NULL AS raw, NULL AS content FROM ({rows}) "
        f"ANTI JOIN {_WHOLE} USING (lead_id) WHERE before IS NOT NULL "
        f"AND entry_id IN (SELECT entry_id FROM {_LIVING})"
    )
