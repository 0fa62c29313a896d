"""Which sets are in effect: every case of undo and redo over one and several datasets."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog import (
    History,
    HistoryInconsistent,
    NothingToRedo,
    NothingToUndo,
    UndoBlocked,
)
from rolethread_store.model import (
    Change,
    ChangeSet,
    EntriesDeleted,
    FactPut,
    FactRemoved,
    Setting,
)
from rolethread_store.model.facts import FactKind, Tag
from tests.scenes import created, history_set

A, B = UUID(int=101), UUID(int=102)


def touch(*datasets: UUID) -> list[Change]:
    return [EntriesDeleted(dataset_id=one, entry_ids=(UUID(int=7),)) for one in datasets]


def history(*records: ChangeSet) -> History:
    made = History()
    for record in records:
        made.append(record)
    return made


def seqs(made: History, dataset: UUID) -> list[int]:
    return [record.seq for record in made.effective(dataset)]


def test_an_empty_history_offers_nothing() -> None:
    made = History()
    assert made.last_seq == 0
    assert made.dataset_ids() == []
    with pytest.raises(NothingToUndo):
        made.undo_target()
    with pytest.raises(NothingToRedo):
        made.redo_target()


def test_undo_takes_the_newest_set_and_redo_puts_it_back() -> None:
    made = history(history_set(1, *touch(A)), history_set(2, *touch(A)))
    assert made.undo_target().first.seq == 2
    made.append(history_set(3, undo=2))
    assert seqs(made, A) == [1]
    assert made.is_undone(UUID(int=2))
    assert made.redo_target()[0].first.seq == 2
    made.append(history_set(4, redo=2))
    assert seqs(made, A) == [1, 2]
    assert not made.is_undone(UUID(int=2))


def test_a_new_change_forgets_what_could_be_redone_in_its_dataset_only() -> None:
    made = history(
        history_set(1, *touch(A)),
        history_set(2, *touch(B)),
        history_set(3, undo=2),
        history_set(4, undo=1),
        history_set(5, *touch(A)),
    )
    with pytest.raises(NothingToRedo):
        made.redo_target(A)
    assert made.redo_target()[0].first.seq == 2
    assert made.redo_target(B)[0].first.seq == 2


def test_redo_brings_back_what_was_undone_last_whatever_its_age() -> None:
    made = history(
        history_set(1, *touch(A)),
        history_set(2, *touch(B)),
        history_set(3, undo=1),
        history_set(4, undo=2),
    )
    assert made.redo_target()[0].first.seq == 2


def test_a_set_over_two_datasets_leaves_both_or_none() -> None:
    made = history(
        history_set(1, *touch(A)), history_set(2, *touch(A, B)), history_set(3, *touch(B))
    )
    with pytest.raises(UndoBlocked) as caught:
        made.undo_target(A)
    assert "change 3" in str(caught.value)
    made.append(history_set(4, undo=3))
    made.append(history_set(5, undo=2))
    assert (seqs(made, A), seqs(made, B)) == ([1], [])
    made.append(history_set(6, redo=2))
    assert (seqs(made, A), seqs(made, B)) == ([1, 2], [2])


def test_a_set_over_two_datasets_cannot_return_once_one_of_them_went_on() -> None:
    made = history(history_set(1, *touch(A, B)), history_set(2, undo=1), history_set(3, *touch(A)))
    for which in (None, A, B):
        with pytest.raises(NothingToRedo):
            made.redo_target(which)


def test_settings_are_no_step_and_block_none() -> None:
    setting = FactPut(fact=Setting(key="remote", value="{}"))
    gone = FactRemoved(fact_kind=FactKind.SETTING, key="remote")
    made = history(history_set(1, *touch(A)), history_set(2, setting), history_set(3, gone))
    assert made.undo_target().first.seq == 1
    assert not made.get(UUID(int=2)).undoable


def test_registry_facts_are_steps_of_their_own() -> None:
    tag = FactPut(fact=Tag(key="storm", name="Storm"))
    made = history(history_set(1, *touch(A)), history_set(2, tag))
    assert made.undo_target().first.seq == 2
    assert made.undo_target(A).first.seq == 1
    assert made.dataset_ids() == [A]


def test_an_undone_dataset_cannot_return_beside_a_namesake() -> None:
    made = history(
        history_set(1, created(1, "Tavern")),
        history_set(2, undo=1),
        history_set(3, created(2, "tavern")),
    )
    with pytest.raises(NothingToRedo):
        made.redo_target()
    assert made.dataset_created("Tavern") == UUID(int=1)
    assert made.dataset_created("inn") is None


def test_an_undone_dataset_returns_beside_others() -> None:
    made = history(
        history_set(1, created(11, "tavern")),
        history_set(2, undo=1),
        history_set(3, created(12, "inn")),
    )
    assert made.redo_target()[0].first.seq == 1


def test_records_of_a_dataset_include_their_undoing() -> None:
    made = history(history_set(1, *touch(A)), history_set(2, *touch(B)), history_set(3, undo=1))
    assert [record.seq for record in made.records(A)] == [3, 1]
    assert [record.seq for record in made.records()] == [3, 2, 1]
    assert [record.seq for record in made.records() if not made.is_undone(record.set_id)] == [3, 2]


@pytest.mark.parametrize(
    "records",
    [
        [history_set(2, *touch(A))],
        [history_set(1, *touch(A)), history_set(3, *touch(A))],
        [history_set(1, *touch(A)), history_set(2, undo=9)],
        [history_set(1, *touch(A)), history_set(2, redo=1)],
        [history_set(1, *touch(A)), history_set(2, *touch(A)), history_set(3, undo=1)],
        [history_set(1, *touch(A)), history_set(2, undo=1), history_set(3, undo=2)],
        [history_set(1, *touch(A)), history_set(2, undo=1), history_set(3, undo=1)],
    ],
    ids=["gap-first", "gap", "unknown", "not-undone", "not-newest", "undo-of-undo", "twice"],
)
def test_records_that_contradict_each_other_are_refused(records: list[ChangeSet]) -> None:
    with pytest.raises(HistoryInconsistent):
        history(*records)


@given(st.lists(st.sampled_from(["a", "b", "ab", "undo", "redo"]), max_size=40))
def test_undo_and_redo_never_leave_the_order_of_making(commands: list[str]) -> None:
    made = History()
    for command in commands:
        seq = made.last_seq + 1
        if command == "undo":
            try:
                target = made.undo_target().first
            except NothingToUndo:
                continue
            made.append(history_set(seq, undo=target.seq))
        elif command == "redo":
            try:
                target = made.redo_target()[0].first
            except NothingToRedo:
                continue
            made.append(history_set(seq, redo=target.seq))
        else:
            made.append(history_set(seq, *touch(*(A if one == "a" else B for one in command))))
        for dataset in (A, B):
            assert seqs(made, dataset) == sorted(set(seqs(made, dataset)))
        assert set(seqs(made, A)) | set(seqs(made, B)) == {
            record.seq
            for record in made.records()
            if record.kind == "change" and not made.is_undone(record.set_id)
        }
