"""Chains of sets: stretches and places on them are found as a plain list would find them."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog.places import Place, Stretch, numbered_place, stands, walk
from rolethread_store.model import DatasetRenamed, EntriesDeleted
from tests.scenes import history_set

DATASET = UUID(int=101)
EDIT = EntriesDeleted(dataset_id=DATASET, entry_ids=(UUID(int=7),))
RENAME = DatasetRenamed(dataset_id=DATASET, name="renamed")


@given(gaps=st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=70))
def test_a_chain_answers_as_a_list(gaps: list[tuple[int, bool]]) -> None:
    chain: list[Place] = []
    seq = 0
    for gap, edit in gaps:
        seq += gap
        change = EDIT if edit else RENAME
        chain.append(Place(history_set(seq, change), chain[-1] if chain else None))
    top = chain[-1]
    assert [place.depth for place in chain] == list(range(len(chain)))
    by_number = {place.record.seq: place for place in chain}
    for number in range(seq + 3):
        assert numbered_place(top, number) is by_number.get(number)
    for steps in range(1, len(chain) + 1):
        found = Stretch.under(top, steps)
        assert found is not None
        assert (found.oldest, found.newest, found.steps) == (chain[-steps], top, steps)
        assert found.sets() == [place.record for place in chain[-steps:]]
        rare = [record for record in found.sets() if not record.is_one_edit]
        assert found.uncommon() == rare
    assert Stretch.under(top, len(chain) + 1) is None


STEERING = st.none() | st.tuples(st.booleans(), st.integers(0, 40))


@given(steering=st.lists(STEERING, min_size=1, max_size=25), without=st.integers(0, 30))
def test_what_stands_is_what_a_walk_meets(
    steering: list[tuple[bool, int] | None], without: int
) -> None:
    chain: list[Place] = []
    for seq, steers in enumerate(steering, 1):
        place = Place(history_set(seq, EDIT), chain[-1] if chain else None)
        if steers is not None and chain:
            place.marked = place
            place.checked_out, which = steers
            if place.checked_out:
                place.resumes = None if which % 7 == 0 else chain[which % len(chain)]
            else:
                place.reverts = 1 + which % len(chain)
        chain.append(place)
    for top in (None, *chain):
        met = {one.record.seq for one, holds in walk(top, {without}) if holds}
        for seq in range(len(chain) + 2):
            assert stands(top, seq, {without}) == (seq in met)


def test_a_place_is_found_in_few_steps() -> None:
    top = Place(history_set(1, EDIT), None)
    for seq in range(2, 20_001):
        top = Place(history_set(seq, EDIT), top)
    steps, place = 0, top
    while place.depth > 7:
        place = place.jump if place.jump.depth >= 7 else place.below or place
        steps += 1
    assert (place.depth, numbered_place(top, 8)) == (7, place)
    assert steps < 60
