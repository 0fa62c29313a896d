"""Every workflow on a disk that fails, at each of its operations, once or from then on.

A refused act is a typed error and changed nothing; acknowledged ones are there. When the
disk is well again the refused act succeeds, in the same process as in a new one.
"""

from __future__ import annotations

import errno
import random
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.crypto import WrongPassphrase
from rolethread_store.dataset import StoreHeader, StoreRebuilt
from rolethread_store.dataset.trees import exchange_header
from rolethread_store.errors import Unavailable
from rolethread_store.storage import Disk, Layout
from rolethread_store.store import LogItem
from rolethread_store.store.slot_list import SlotMissing
from rolethread_store.testing.disk import Fault, FaultyDisk
from rolethread_store.testing.workflows import WORKFLOWS, Place
from tests.crash.crash_states import edit_once_more, require_whole

QUICK_FAULTS = 1
LAST_OF_A_SLOT = slice(-24, -4)
"""Operations around the removal of a slot, which comes before the edit that ends a workflow."""
History = list[tuple[str, str, bool]]


def shape(log: list[LogItem]) -> History:
    """Return a history without what differs between two runs of a workflow."""
    return [(item.kind, item.summary, item.undone) for item in log]


def found_now(place: Place) -> History:
    """Open with a disk that is well, beside the open store if there is one."""
    kept, place.disk = place.disk, Disk
    try:
        with place.opened() as store:
            require_whole(store)
            return shape(store.log())
    finally:
        place.disk = kept


def rehearsed(place: Place, name: str) -> tuple[int, list[History]]:
    """Return how many operations of the disk a workflow takes, and the history after each act."""
    disk = FaultyDisk(place.layout.staging)
    place.lay_down(place.setting.tree)
    place.disk = lambda staging: disk
    expected = [found_now(place)]
    for act in WORKFLOWS[name]:
        act(place)
        expected.append(found_now(place))
    place.let_go()
    return len(disk.operations), expected


def endure(place: Place, name: str, expected: list[History], fault: Fault) -> bool:
    """Carry a workflow out with one fault; return whether an act was refused."""
    disk = FaultyDisk(place.layout.staging, fault)
    place.lay_down(place.setting.tree)
    place.disk = lambda staging: disk
    refused = False
    for number, act in enumerate(WORKFLOWS[name]):
        try:
            act(place)
        except Unavailable:
            assert not refused or fault.lasting, "it is refused again though the disk is well"
            refused = True
            now = found_now(place)
            # A disk that also refuses to cut the frame off may keep what it refused.
            assert now == expected[number] or (fault.lasting and now == expected[number + 1])
            if now != expected[number]:
                break
            disk.arm(None)
            try:
                act(place)
            except (SlotMissing, StoreRebuilt, WrongPassphrase):
                # A slot or header that such a disk also refused to put back.
                assert fault.lasting
                break
        assert found_now(place) == expected[number + 1]
    disk.arm(None)
    place.let_go()
    edit_once_more(place)
    return refused


def faults(name: str, operations: int) -> list[Fault]:
    """Return every fault, in an order that depends on the workflow only."""
    every = [
        Fault(at, code, lasting=lasting, torn=at % 40)
        for at in range(operations)
        for code in (errno.EIO, errno.ENOSPC)
        for lasting in (False, True)
    ]
    random.Random(name).shuffle(every)
    return every


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_disk_that_fails(place: Place, name: str) -> None:
    operations, expected = rehearsed(place, name)
    for fault in faults(name, operations)[:QUICK_FAULTS]:
        endure(place, name, expected, fault)


@pytest.mark.parametrize("name", ["key slots", "passphrase"])
def test_whoever_is_refused_keeps_their_slots(place: Place, name: str) -> None:
    """A change of slots is no change set; that it can be repeated shows that it was undone."""
    operations, expected = rehearsed(place, name)
    refused = [
        endure(place, name, expected, Fault(at, errno.EIO, lasting=False))
        for at in range(operations)[LAST_OF_A_SLOT]
    ]
    assert sum(refused) > 2


def test_a_header_that_is_refused_is_the_old_one(tmp_path: Path) -> None:
    layout, header = Layout(tmp_path), StoreHeader(UUID(int=7))
    layout.staging.mkdir()
    refused = 0
    for at in range(12):
        layout.header.write_bytes(header.encode())
        disk = FaultyDisk(layout.staging, Fault(at, errno.EIO, lasting=False))
        new = StoreHeader(UUID(int=7), tree="tree-00000001")
        try:
            exchange_header(layout, disk, new)
        except Unavailable:
            refused += 1
            assert layout.header.read_bytes() == header.encode()
        else:
            assert layout.header.read_bytes() == new.encode()
    assert refused >= 4


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_disk_that_fails_at_every_operation(place: Place, name: str) -> None:
    operations, expected = rehearsed(place, name)
    refused = [endure(place, name, expected, fault) for fault in faults(name, operations)]
    assert sum(refused) > len(refused) // 4
