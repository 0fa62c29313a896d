"""``salvage`` of damaged segments: the row groups around the damage are not lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.dataset import FileDamage
from rolethread_store.store import SalvageReport, Store
from tests.scenes import PASSPHRASE, chat, jsonl

ENTRIES = 15_000
"""Seven row groups of a small file."""
SPOILT = 64 << 10


def filled(store: Store, folder: Path, *, tags: int = 0) -> Path:
    """Import many records, each with its number in it, and close the store.

    Returns:
        The segment file of the texts.
    """
    chance = Random(7)
    records = []
    for number in range(ENTRIES):
        extra = {"tags": [chance.randbytes(tags).hex()]} if tags else {}
        records.append(chat(f"q{number}", chance.randbytes(60).hex(), **extra))
    store.dataset("tavern").import_file(jsonl(folder / "chats.jsonl", records))
    journal = store._parts.journal
    (batch,) = [one for one in journal.manifest.batches if one.kind == "entries"]
    store.close()
    return journal.layout.segment(batch.batch_id, 0)


def flip(path: Path, *places: float) -> None:
    """Change one byte at each of some fractions of a file."""
    raw = bytearray(path.read_bytes())
    for place in places:
        raw[int(place * len(raw))] ^= 0x10
    path.write_bytes(raw)


def spoil(path: Path, *places: float) -> None:
    """Change more bytes than all columns but the texts take in a row group."""
    raw = bytearray(path.read_bytes())
    for place in places:
        start = int(place * len(raw))
        raw[start : start + SPOILT] = bytes(SPOILT)
    path.write_bytes(raw)


def salvaged(path: Path, to: Path) -> SalvageReport:
    return rolethread_store.salvage(path, to, PASSPHRASE, new_passphrase="new", kdf=floor_params())


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of the records that a new store holds, in order."""
    with rolethread_store.open(path, "new") as store:
        rows = store.sql(
            "SELECT messages[1].content[2:]::BIGINT, origin.record FROM entries ORDER BY position"
        ).fetchall()
    # Of a few the origin could not be read.
    assert all(record in (number + 1, None) for number, record in rows)
    return [number for number, _ in rows]


def missing_from(kept: list[int], damage: FileDamage) -> int:
    """Count the records that were not saved, among which must be those that the report names."""
    assert kept == sorted(set(kept))
    missing = set(range(ENTRIES)) - set(kept)
    assert damage.rescued is not None
    lost = damage.rescued.lost
    assert damage.rescued.segment.rows == len(kept)
    # Where the origin cannot be read either, nobody knows which records they were.
    assert sum(one.count for one in lost) <= len(missing)
    for one in lost:
        assert sum(one.first <= number + 1 <= one.last for number in missing) >= one.count > 0
    assert {one.source for one in lost} <= {"chats.jsonl"}
    return len(missing)


def test_one_row_group_is_lost_and_its_records_are_named(
    fresh_store: Store, tmp_path: Path
) -> None:
    path = filled(fresh_store, tmp_path)
    spoil(path, 0.4)
    report = salvaged(fresh_store.path, tmp_path / "new")
    (damage,) = report.damages
    assert damage.path == path
    lost = missing_from(numbers_in(tmp_path / "new"), damage)
    assert 0 < lost < 6_000  # The stretch may lie across two.
    assert [one.entries for one in report.datasets] == [ENTRIES - lost]
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".rolethread")]
    assert rolethread_store.check_local(tmp_path / "new", "new").damages == ()


def test_damage_in_several_places(fresh_store: Store, tmp_path: Path) -> None:
    spoil(filled(fresh_store, tmp_path), 0.1, 0.8)
    report = salvaged(fresh_store.path, tmp_path / "new")
    lost = missing_from(numbers_in(tmp_path / "new"), report.damages[0])
    assert 3_000 < lost < 12_000


def test_texts_are_saved_without_tags_that_cannot_be_read(
    fresh_store: Store, tmp_path: Path
) -> None:
    # Nearly all bytes are tags; one of the flips may hit something else.
    flip(filled(fresh_store, tmp_path, tags=300), 0.2, 0.35, 0.5, 0.65, 0.8)
    report = salvaged(fresh_store.path, tmp_path / "new")
    assert report.damages[0].rescued is not None
    bare = report.damages[0].rescued.bare
    assert bare > 0
    lost = missing_from(numbers_in(tmp_path / "new"), report.damages[0])
    assert lost < ENTRIES // 2
    with rolethread_store.open(tmp_path / "new", "new") as store:
        dataset = store.dataset("tavern")
        assert store.sql("SELECT count(*) FROM entries WHERE len(tags) = 0").fetchall() == [(bare,)]
        assert len(dataset.page(limit=10)) == 10


@pytest.mark.parametrize("kept", [0.0, 0.7], ids=["nothing", "no footer"])
def test_a_file_without_its_footer_is_lost(kept: float, fresh_store: Store, tmp_path: Path) -> None:
    path = filled(fresh_store, tmp_path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(kept * len(raw))])
    report = salvaged(fresh_store.path, tmp_path / "new")
    assert [(one.path, one.rescued) for one in report.damages] == [(path, None)]
    assert [one.entries for one in report.datasets] == [0]
