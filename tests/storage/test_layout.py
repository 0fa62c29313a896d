"""Every path of a store, and what is not one."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.storage import Layout, LogName

LAYOUT = Layout(Path("store"))


def test_every_folder_lies_in_the_root() -> None:
    assert LAYOUT.folders[0] == LAYOUT.root
    assert all(folder.parent == LAYOUT.root for folder in LAYOUT.folders[1:])
    assert len(set(LAYOUT.folders)) == len(LAYOUT.folders)


def test_single_files_lie_in_the_root() -> None:
    for path in (LAYOUT.header, LAYOUT.lock, LAYOUT.lock_info):
        assert path.parent == LAYOUT.root


@given(st.uuids(), st.integers(0, 10**8 - 1))
def test_log_names_are_read_back(log_id: UUID, number: int) -> None:
    path = LAYOUT.log(number, log_id)
    assert path.parent == LAYOUT.logs
    assert LAYOUT.log_of(path.name) == LogName(number, log_id)


@given(st.uuids(), st.integers(0, 9999))
def test_segment_names_are_read_back(batch_id: UUID, number: int) -> None:
    path = LAYOUT.segment(batch_id, number)
    assert path.parent == LAYOUT.segments
    assert LAYOUT.segment_of(path.name) == (batch_id, number)


@given(st.integers(0, 2**64 - 1))
def test_generations_are_read_back_and_sort_by_name(generation: int) -> None:
    path = LAYOUT.manifest(generation)
    assert path.parent == LAYOUT.manifests
    assert LAYOUT.generation_of(path.name) == generation
    assert (LAYOUT.manifest(2**63).name > path.name) == (generation < 2**63)


@given(st.uuids())
def test_slot_names_are_read_back(slot_id: UUID) -> None:
    assert LAYOUT.slot_of(LAYOUT.slot(slot_id).name) == slot_id


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name + ".bak",
        lambda name: "x" + name,
        lambda name: name + "\n",
        lambda name: name.upper(),
        lambda name: name.replace(".", " (conflicted copy)."),
        lambda name: "",
    ],
)
def test_other_names_are_no_part_of_the_store(change: object) -> None:
    assert callable(change)
    some = UUID(int=0xABCDEF << 40)
    assert LAYOUT.log_of(change(LAYOUT.log(1, some).name)) is None
    assert LAYOUT.segment_of(change(LAYOUT.segment(some, 1).name)) is None
    assert LAYOUT.slot_of(change(LAYOUT.slot(some).name)) is None
    assert LAYOUT.generation_of(change(LAYOUT.manifest(0xABC).name)) is None


def test_digits_of_other_scripts_are_refused() -> None:
    name = LAYOUT.log(1, UUID(int=1)).name
    assert LAYOUT.log_of(name.replace("1", "\u0661")) is None
