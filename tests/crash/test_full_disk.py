"""With no byte free a store opens, and undo and delete still work."""

from __future__ import annotations

from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.errors import Unavailable
from rolethread_store.storage import RESERVE_BYTES
from rolethread_store.store import Store
from rolethread_store.testing.answers import answers
from rolethread_store.testing.failing import FullDisk
from rolethread_store.testing.workflows import Place, Setting
from tests.crash.filling import fill


@pytest.fixture
def place(place: Place) -> Place:
    place.lay_down(place.setting.tree)
    return place


def summaries(store: Store) -> list[str]:
    return [item.summary for item in store.log()]


@pytest.mark.parametrize("already", [True, False], ids=["writing already", "opened when full"])
@pytest.mark.parametrize("free", [0, 1, 13, 200])
def test_room_for_undo_and_delete(place: Place, already: bool, free: int) -> None:
    full = FullDisk(place.layout.staging, None)
    place.disk = lambda staging: full
    ids = place.setting.entries
    with place.opened() as store:
        if already:
            store.edit(ids[1], message=0, content="last before the flood")
        before = summaries(store)
        full.free = free
        with pytest.raises(Unavailable):
            store.edit(ids[2], message=0, content="x" * 1000)
        assert summaries(store) == before
        store.undo()
        store.delete([ids[3], ids[4]])
        store.delete([ids[5]])
        store.undo()
        assert full.refused
        expected = answers(store)
        assert len(expected.pages["tavern"]) == 4
        assert len(store.log()) == len(before) + 4
        assert not place.layout.reserve.exists()
    full.free = None
    with place.opened() as store:
        assert answers(store) == expected
        store.edit(ids[2], message=0, content="room again")
    assert place.layout.reserve.stat().st_size == RESERVE_BYTES


def test_what_is_no_undo_does_not_take_the_reserve(place: Place) -> None:
    full = FullDisk(place.layout.staging)
    place.disk = lambda staging: full
    with place.opened() as store:
        for _ in range(3):
            with pytest.raises(Unavailable):
                store.edit(place.setting.entries[0], message=0, content="x")
        with pytest.raises(Unavailable):
            store.add_remote("stick", "file:///nowhere")
    assert place.layout.reserve.stat().st_size == RESERVE_BYTES


def test_without_a_reserve_an_undo_is_refused_whole(place: Place) -> None:
    """A disk that was full before there was one; the store opens all the same."""
    full = FullDisk(place.layout.staging)
    place.disk = lambda staging: full
    place.layout.reserve.unlink()
    with place.opened() as store:
        before = answers(store)
        with pytest.raises(Unavailable):
            store.undo()
        assert answers(store) == before


def test_room_on_a_file_system_without_any(setting: Setting, small_disk: Path) -> None:
    """The same on a file system that really has no block left, through the public door."""
    setting.tree.write_to(small_disk)
    path = small_disk / "store"
    code = setting.recovery_code
    fill(small_disk / "ballast")
    for round_ in range(3):
        with rolethread_store.open(path, recovery_code=code) as store:
            assert len(store.dataset("tavern").page()) == len(setting.entries) - round_
            store.delete([setting.entries[round_]])
    with rolethread_store.open(path, recovery_code=code) as store:
        for _ in range(3):
            store.undo()
        assert len(store.dataset("tavern").page()) == len(setting.entries)
        expected = answers(store)
    with rolethread_store.open(path, recovery_code=code) as store:
        assert answers(store) == expected
