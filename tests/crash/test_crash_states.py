"""Every workflow, stopped after every operation of the disk, in every way a disk may forget.

After each crash the store opens by itself, holds what was acknowledged and nothing by
halves, takes another edit, and has it when it is opened again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from rolethread_store.errors import StoreError
from rolethread_store.storage import Disk
from rolethread_store.testing.recording import Recorded, Recorder, Tree, Verb
from rolethread_store.testing.replaying import Crash, Left, crashes, killed
from rolethread_store.testing.workflows import (
    WORKFLOWS,
    Performed,
    Place,
    perform,
)
from tests.crash.crash_states import edit_once_more, require_allowed, require_rows, require_whole

QUICK_STATES = 22
"""States of each workflow that the quick tests look at, no two of them alike."""
EDITED_ONE_IN = 2
"""Of the states that the quick tests look at; the deep tests edit in all of theirs."""
ROWS_OF_ONE_IN = 25
QUICK_FIRSTS = 5
"""Crashes after which the quick tests stop the recovery too, per workflow."""
DEEP_STATES = 3_000
"""Most that the deep tests look at of one workflow: long ones have 35,000."""
DEEP_FIRSTS = 40
DEEP_SECONDS = 30
"""Crashes, and crashes of the recovery after each, in the deep tests of one workflow."""


def sampled(states: list[Left], count: int, seed: str) -> list[Left]:
    """Choose states, of each kind of crash some."""
    chance = random.Random(seed)
    torn = [left for left in states if left.crash in (Crash.TORN, Crash.DROPPED)]
    others = [left for left in states if left.crash not in (Crash.TORN, Crash.DROPPED)]
    chance.shuffle(torn)
    chance.shuffle(others)
    half = max(count // 2, count - len(torn))
    chosen = others[:half]
    return chosen + torn[: count - len(chosen)]


def spread(states: list[Left], most: int, seed: str) -> list[Left]:
    """Choose states so that every operation keeps as many of each kind of crash."""
    groups: dict[tuple[int, Crash], list[Left]] = {}
    for left in states:
        groups.setdefault((left.after, left.crash), []).append(left)
    limit = max(map(len, groups.values()))
    while sum(min(len(group), limit) for group in groups.values()) > most and limit > 1:
        limit -= 1
    chance = random.Random(seed)
    return [
        left
        for group in groups.values()
        for left in (chance.sample(group, limit) if len(group) > limit else group)
    ]


def survive(place: Place, run: Performed, left: Left, number: int, *, edited: bool) -> None:
    """Lay one state down and demand of it what the module says, the edit only if ``edited``."""
    place.lay_down(left.tree)
    allowed = run.allowed(left.after)
    try:
        store = place.open()
        require_allowed(store, allowed)
        store.close()
        if number % ROWS_OF_ONE_IN == 0:
            require_rows(place, allowed)
        if edited:
            edit_once_more(place)
    except Exception as error:
        error.add_note(f"state {number}: {left.crash} after {left.after} operations")
        error.add_note(f"last: {run.operations[max(0, left.after - 4) : left.after]}"[:2000])
        raise


@pytest.mark.parametrize("name", WORKFLOWS)
def test_crash_after_every_operation(place: Place, name: str) -> None:
    run = perform(place, WORKFLOWS[name])
    states = sampled(list(crashes(run.base, run.operations, 1)), QUICK_STATES, name)
    assert len({left.tree.digest() for left in states}) == QUICK_STATES
    for number, left in enumerate(states):
        survive(place, run, left, number, edited=number % EDITED_ONE_IN == 0)


def test_the_quick_tests_look_at_enough_states() -> None:
    assert len(WORKFLOWS) >= 12
    assert QUICK_STATES * len(WORKFLOWS) >= 500


@pytest.mark.parametrize("forgotten", [Verb.SYNC, Verb.SYNC_FOLDER])
@pytest.mark.parametrize("name", ["edits", "import"])
def test_a_forgotten_sync_would_be_found(place: Place, name: str, forgotten: Verb) -> None:
    """The same workflow on a disk that does not do what a sync asks for loses changes."""
    run = perform(place, WORKFLOWS[name])
    nothing = Recorded(Verb.SYNC_FOLDER, "elsewhere")
    operations = [nothing if item.verb is forgotten else item for item in run.operations]
    assert any(
        _is_broken(place, run, left)
        for left in crashes(run.base, operations, 1, first=run.marks[0])
    )


def _is_broken(place: Place, run: Performed, left: Left) -> bool:
    place.lay_down(left.tree)
    try:
        store = place.open()
        require_allowed(store, run.allowed(left.after))
        store.close()
    except (AssertionError, StoreError):
        return True
    return False


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_many_crashes_after_every_operation(place: Place, name: str) -> None:
    run = perform(place, WORKFLOWS[name])
    count: Counter[Crash] = Counter()
    states = list(crashes(run.base, run.operations, 2, thorough=True))
    for number, left in enumerate(spread(states, DEEP_STATES, name)):
        survive(place, run, left, number, edited=True)
        count[left.crash] += 1
    assert count.total() > 1_000, count


def recovered(place: Place, tree: Tree) -> tuple[tuple[Recorded, ...], int]:
    """Open what is there, write once, close; return the record and when it was acknowledged."""
    place.lay_down(tree)
    recorder = Recorder(place.root)
    place.disk = recorder.disk
    try:
        store = place.open()
        store.add_remote("found", "file:///after")
        acknowledged = len(recorder.operations)
        store.close()
    finally:
        place.disk = Disk
    return tuple(recorder.operations), acknowledged


def second_crashes(
    place: Place, run: Performed, first: Left, *, thorough: bool = False
) -> Iterator[tuple[Left, bool]]:
    """Crash at every operation of the recovery; tell whether its edit was acknowledged by then.

    When only the process died, what it had not synced is still not on the medium, and the
    second crash may take it away; after a power cut all that is there is durable.
    """
    done, acknowledged = recovered(place, first.tree)
    base, before = first.tree, run.operations[:0]
    if first.crash is Crash.CLEAN:
        base, before = run.base, run.operations[: first.after]
        assert killed(base, before).digest() == first.tree.digest()
    for second in crashes(base, before + done, 3, first=len(before), thorough=thorough):
        yield second, second.after - len(before) >= acknowledged


def survive_twice(
    place: Place, run: Performed, first: Left, second: Left, *, acknowledged: bool
) -> None:
    """Demand of a second crash what is demanded of the first, and the edit between the two."""
    place.lay_down(second.tree)
    found = place.open()
    log = found.log()
    if log and log[0].summary == "add remote found":
        log = log[1:]
    else:
        assert not acknowledged, "an acknowledged change is gone"
    assert log in [state.log for state in run.allowed(first.after)]
    require_whole(found)
    found.close()
    edit_once_more(place)


def pairs(place: Place, name: str, *, thorough: bool) -> int:
    """Crash a workflow and then its recovery; return how many pairs were looked at."""
    run = perform(place, WORKFLOWS[name])
    firsts = sampled(
        list(crashes(run.base, run.operations, 4)), DEEP_FIRSTS if thorough else QUICK_FIRSTS, name
    )
    looked_at = 0
    for first in firsts:
        seconds = list(second_crashes(place, run, first))
        if thorough:
            seconds = random.Random(name).sample(seconds, min(len(seconds), DEEP_SECONDS))
        else:
            seconds = seconds[::4]
        for second, acknowledged in seconds:
            try:
                survive_twice(place, run, first, second, acknowledged=acknowledged)
            except Exception as error:
                error.add_note(f"{first.crash} after {first.after}, then {second.crash}")
                raise
            looked_at += 1
    return looked_at


@pytest.mark.parametrize("name", ["bulk tag", "killed and reopened"])
def test_crash_during_recovery(place: Place, name: str) -> None:
    assert pairs(place, name, thorough=False) > 20


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", WORKFLOWS)
def test_many_pairs_of_crashes(place: Place, name: str) -> None:
    assert pairs(place, name, thorough=True) > 500
