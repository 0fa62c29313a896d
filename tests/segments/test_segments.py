"""A batch: written encrypted, described, checked, and read only with its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.crypto import Keyring, Secret
from rolethread_store.engine import QueryInvalid, SegmentUnreadable, Session, SessionFolders
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch, BatchKind
from rolethread_store.segments import (
    COLUMNS_OF,
    BatchWriter,
    add_keys,
    check_segments,
    column_list,
    empty_relation,
    scan,
)
from rolethread_store.storage import Disk, Layout

STORE, BATCH = UUID(int=1), UUID(int=2)


@dataclass
class Place:
    layout: Layout
    disk: Disk
    keyring: Keyring
    session: Session

    def writer(self, kind: BatchKind = BatchKind.TAGS, batch_id: UUID = BATCH) -> BatchWriter:
        where = (self.layout, self.disk)
        return BatchWriter(self.session, where, self.keyring, batch_id, kind)

    def written(self, *selects: str, kind: BatchKind = BatchKind.TAGS) -> Batch:
        writer = self.writer(kind)
        for select in selects:
            writer.write(select)
        batch = writer.finish()
        assert batch is not None
        return batch

    def fresh_session(self) -> Session:
        return Session(SessionFolders((self.layout.segments,), self.layout.spill))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    layout = Layout(tmp_path)
    for folder in layout.folders:
        folder.mkdir(parents=True, exist_ok=True)
    session = Session(SessionFolders((layout.segments, layout.staging), layout.spill))
    yield Place(layout, Disk(layout.staging), Keyring(Secret(bytes(32)), STORE), session)
    session.close()


def ids(first: int, count: int) -> str:
    return (
        f"SELECT CAST(format('00000000-0000-7000-8000-{{:012x}}', range) AS UUID) AS entry_id, "
        f"['tag ' || range] AS tags FROM range({first}, {first + count})"
    )


def test_a_batch_knows_its_files(place: Place) -> None:
    batch = place.written(ids(0, 100), ids(100, 50))
    assert [segment.rows for segment in batch.segments] == [100, 50]
    assert [segment.number for segment in batch.segments] == [0, 1]
    assert batch.segments[1].first_id == UUID("00000000-0000-7000-8000-000000000064")
    assert batch.segments[1].last_id == UUID("00000000-0000-7000-8000-000000000095")
    assert list(place.layout.staging.iterdir()) == []
    for segment in batch.segments:
        assert place.layout.segment(BATCH, segment.number).stat().st_size == segment.size
    assert check_segments([batch], place.layout, place.disk, whole=True) == []


def test_rows_come_back_with_the_key_and_only_with_it(place: Place) -> None:
    batch = place.written(ids(0, 10), ids(10, 10))
    reader = place.fresh_session()
    question = f"SELECT count(*), max(tags[1]) FROM ({scan([batch], place.layout, 'tags')})"
    with pytest.raises((QueryInvalid, SegmentUnreadable)):
        reader.rows(question)
    add_keys(reader, [batch], place.keyring)
    assert reader.rows(question) == [(20, "tag 9")]
    with pytest.raises(Corrupt):
        add_keys(place.fresh_session(), [batch], Keyring(Secret(b"\x01" * 32), STORE))
    other = batch.model_copy(update={"batch_id": UUID(int=9)})
    with pytest.raises(Corrupt):
        add_keys(place.fresh_session(), [other], place.keyring)
    reader.close()


def test_nothing_readable_reaches_the_disk(place: Place) -> None:
    place.written("SELECT uuid() AS entry_id, ['a very secret tag'] AS tags FROM range(3000)")
    for path in place.layout.root.rglob("*.parquet"):
        content = path.read_bytes()
        assert b"secret" not in content
        assert b"entry_id" not in content


def test_a_select_without_rows_makes_no_file(place: Place) -> None:
    writer = place.writer()
    assert writer.write(f"SELECT * FROM ({ids(0, 3)}) WHERE false") == 0
    assert writer.write(ids(0, 3)) == 3
    batch = writer.finish()
    assert batch is not None
    assert [segment.number for segment in batch.segments] == [0]
    empty = place.writer(batch_id=UUID(int=7))
    assert empty.finish() is None


def test_an_abandoned_batch_leaves_nothing(place: Place) -> None:
    writer = place.writer()
    writer.write(ids(0, 1000))
    with pytest.raises(QueryInvalid):
        writer.write("SELECT nonsense")
    writer.abandon()
    assert list(place.layout.root.rglob("*.parquet")) == []


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("how", ["gone", "cut", "footer", "body"])
def test_a_changed_file_is_noticed_at_the_promised_depth(
    how: str, whole: bool, place: Place
) -> None:
    # Incompressible ids make the file longer than the tail that is always checked.
    batch = place.written("SELECT uuid() AS entry_id, ['t'] AS tags FROM range(20000)")
    path = place.layout.segment(BATCH, 0)
    content = path.read_bytes()
    assert len(content) > 3 << 16
    if how == "gone":
        path.unlink()
    else:
        middle = {"cut": None, "footer": len(content) - 9, "body": 1000}[how]
        changed = bytearray(content[:-1] if middle is None else content)
        if middle is not None:
            changed[middle] ^= 1
        path.write_bytes(changed)
    damages = check_segments([batch], place.layout, place.disk, whole=whole)
    if how == "body" and not whole:
        assert damages == []
    else:
        assert [(damage.path, damage.rows) for damage in damages] == [(path, 20000)]


def test_segments_of_two_batches_cannot_stand_in_for_each_other(place: Place) -> None:
    first = place.written(ids(0, 10))
    writer = place.writer(batch_id=UUID(int=3))
    writer.write(ids(0, 10))
    assert writer.finish() is not None
    stolen = place.layout.segment(UUID(int=3), 0).read_bytes()
    place.layout.segment(BATCH, 0).write_bytes(stolen)
    reader = place.fresh_session()
    add_keys(reader, [first], place.keyring)
    with pytest.raises(SegmentUnreadable):
        reader.rows(f"SELECT * FROM ({scan([first], place.layout, 'tags')})")
    reader.close()


@pytest.mark.parametrize("kind", list(BatchKind))
def test_an_empty_relation_has_the_columns_of_its_kind(kind: BatchKind, place: Place) -> None:
    result = place.session.result(empty_relation(kind))
    assert result.columns == list(COLUMNS_OF[kind])
    assert result.fetchall() == []
    assert scan([], place.layout, kind) == empty_relation(kind)
    assert (
        place.session.rows(f"SELECT {column_list(COLUMNS_OF[kind])} FROM ({empty_relation(kind)})")
        == []
    )


def test_plain_messages_are_read_as_all_others(place: Place) -> None:
    def rows(first: int, message: str) -> str:
        return (
            f"SELECT e.entry_id, 1024 * row_number() OVER () AS position, [{message}] AS messages, "
            f"['t'] AS tags, NULL AS origin, TIMESTAMPTZ '2026-01-01' AS created_at, "
            f"TIMESTAMPTZ '2026-01-01' AS updated_at, NULL AS extra, 1 AS message_count "
            f"FROM ({ids(first, 3)}) e"
        )

    writer = place.writer(BatchKind.ENTRIES)
    short = "{'role': 'user', 'content': 'hi'}"
    long = (
        "{'role': 'user', 'content': 'ho', 'name': 'Ada', 'character': NULL, 'weight': 1, "
        "'alternatives': NULL, 'extra': NULL}"
    )
    assert writer.write(rows(0, short), plain=True) == 3
    assert writer.write(rows(3, long)) == 3
    assert writer.write(rows(6, short), plain=True) == 3
    batch = writer.finish()
    assert batch is not None
    assert [segment.plain for segment in batch.segments] == [True, False, True]
    assert Batch.model_validate_json(batch.model_dump_json()) == batch
    for part in (batch, batch.only({0}), batch.only({1})):
        found = place.session.rows(
            f"SELECT m.content, m.name, m.weight, m.extra, m.alternatives FROM "
            f"(SELECT entry_id, unnest(messages) AS m FROM ({scan([part], place.layout)})) "
            f"ORDER BY entry_id"
        )
        expected = [("hi", None, None, None, None)] * 3, [("ho", "Ada", 1.0, None, None)] * 3
        numbers = [segment.number for segment in part.segments]
        assert found == [row for number in numbers for row in expected[number % 2]]
    types = place.session.rows(f"DESCRIBE {scan([batch.only({2})], place.layout)}")
    assert {name: kind for name, kind, *_ in types} == {
        name: kind for name, kind, *_ in place.session.rows(f"DESCRIBE {empty_relation('entries')}")
    }
