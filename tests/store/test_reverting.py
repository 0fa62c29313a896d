"""Revert: which changes can be taken back alone, and what depends on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from rolethread_store.changelog import NothingToUndo, UndoBlocked
from rolethread_store.model import EntriesDeleted, FactPut, FactRemoved, Reverted
from rolethread_store.model.facts import FactKind, Note, Tag
from rolethread_store.store import Store
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.overview import ChangeMissing
from rolethread_store.store.reverting import NothingToRevert, RevertConflict
from tests.scenes import chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Dataset:
    records = [chat("one", "1"), chat("two", "2"), chat("three", "3")]
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", records))
    return dataset


def more(dataset: Dataset, folder: Path, *texts: str) -> int:
    """Import more entries; returns the number of the change."""
    dataset.import_file(jsonl(folder / f"{texts[0]}.jsonl", [chat(text) for text in texts]))
    return dataset.log(1)[0].seq


def texts(dataset: Dataset) -> list[str]:
    """All texts, entry by entry, in order."""
    return [
        " ".join(message.content or "" for message in entry.messages) for entry in dataset.page()
    ]


def tags(dataset: Dataset) -> list[list[str]]:
    return [list(entry.tags or ()) for entry in dataset.page()]


def edit(dataset: Dataset, place: int, message: int, text: str) -> int:
    key = dataset.page(1, place)[0].entry_id
    return dataset.edit(key, message=message, content=text).seq


def rewrite(dataset: Dataset, place: int, *said: str) -> int:
    return dataset.edit(dataset.page(1, place)[0].entry_id, entry=chat(*said)).seq


def tag(dataset: Dataset, *added: str, remove: bool = False, place: int | None = None) -> int:
    chosen = None if place is None else [dataset.page(1, place)[0].entry_id]
    work = dataset.remove_tags if remove else dataset.add_tags
    done = work(added, entries=chosen)
    assert done is not None
    return done.seq


def refused(dataset: Dataset, change: int) -> tuple[int, ...]:
    """What stands in the way of a revert, which must change nothing."""
    before = texts(dataset), tags(dataset), len(dataset.log())
    with pytest.raises(RevertConflict) as told:
        dataset.revert(change)
    assert (texts(dataset), tags(dataset), len(dataset.log())) == before
    for number in told.value.changes[:5]:
        assert f"{number} “" in str(told.value)
    return told.value.changes


def test_an_earlier_edit_goes_and_later_ones_stay(inn: Dataset, open_again: Open) -> None:
    first = edit(inn, 0, 0, "ONE")
    edit(inn, 0, 1, "later")
    edit(inn, 1, 0, "TWO")
    done = inn.revert(first)
    assert done.summary.startswith(f"revert change {first}")
    expected = ["one later", "TWO 2", "three 3"]
    for dataset in (inn, open_again().dataset("inn")):
        assert texts(dataset) == expected
        assert {item.seq for item in dataset.log() if item.undone} == {first}


def test_a_revert_is_undone_redone_and_reverted(inn: Dataset, open_again: Open) -> None:
    first = edit(inn, 0, 0, "ONE")
    edit(inn, 1, 0, "TWO")
    inn.revert(first)
    inn.undo()
    assert texts(inn)[:2] == ["ONE 1", "TWO 2"]
    inn.redo()
    assert texts(inn)[:2] == ["one 1", "TWO 2"]
    again = inn.revert(inn.log(3)[2].seq)
    assert texts(inn)[:2] == ["ONE 1", "TWO 2"]
    assert not any(item.undone for item in inn.log() if item.seq == first)
    inn.revert(again.seq)
    assert texts(open_again().dataset("inn"))[:2] == ["one 1", "TWO 2"]
    for _ in range(3):
        inn.undo()
    assert texts(inn)[:2] == ["ONE 1", "TWO 2"]


def test_what_is_not_there_is_not_reverted(inn: Dataset, fresh_store: Store) -> None:
    first = edit(inn, 0, 0, "ONE")
    inn.undo()
    undo = inn.log(1)[0].seq
    with pytest.raises(NothingToRevert):
        inn.revert(first)
    for number in (undo, 99):
        with pytest.raises(ChangeMissing):
            inn.revert(number)
    inn.publish()
    with pytest.raises(NothingToRevert):
        inn.revert(inn.log(1)[0].seq)
    fresh_store.add_remote("disk", "memory://there")
    with pytest.raises(NothingToRevert):
        fresh_store.revert(fresh_store.log(limit=1)[0].seq)
    second = edit(inn, 0, 0, "ONE")
    inn.revert(second)
    with pytest.raises(NothingToRevert):
        inn.revert(second)


def test_a_text_that_was_written_again_is_named(inn: Dataset) -> None:
    first = edit(inn, 0, 0, "ONE")
    second = edit(inn, 0, 0, "1")
    edit(inn, 0, 1, "other message")
    whole = rewrite(inn, 0, "all", "new")
    assert refused(inn, first) == (second, whole)
    inn.revert(whole)
    inn.revert(second)
    inn.revert(first)
    assert texts(inn)[0] == "one other message"


def test_a_rewriting_is_depended_on_by_every_later_edit_but_a_deletion(inn: Dataset) -> None:
    whole = rewrite(inn, 0, "all", "new")
    later = (edit(inn, 0, 1, "!"), tag(inn, "t", place=0))
    assert refused(inn, whole) == later
    for number in reversed(later):
        inn.revert(number)
    inn.delete([inn.page(1)[0].entry_id])
    deletion = inn.log(1)[0].seq
    inn.revert(whole)
    inn.revert(deletion)
    assert texts(inn)[0] == "one 1"


def test_tags_depend_by_name(inn: Dataset) -> None:
    first = tag(inn, "a", place=0)
    tag(inn, "b", place=0)
    tag(inn, "a", place=1)
    inn.revert(first)
    assert tags(inn) == [["b"], ["a"], []]
    second = tag(inn, "c", "d", place=2)
    third = tag(inn, "d", remove=True, place=2)
    assert refused(inn, second) == (third,)
    inn.revert(third)
    inn.revert(second)
    assert tags(inn) == [["b"], ["a"], []]


def test_a_tag_batch_depends_on_the_tags_before(inn: Dataset, tmp_path: Path) -> None:
    more(inn, tmp_path, "four", "five", "six")
    one = tag(inn, "x", place=4)
    text = edit(inn, 0, 0, "ONE")
    with patch("rolethread_store.editing.bulk_tags.INLINE_LIMIT", 1):
        batch = inn.add_tags(["all"], where="position < 5000")
        other = inn.add_tags(["late"], where="position > 5000")
        again = inn.add_tags(["more"], where="position < 3000")
    assert batch is not None
    assert other is not None
    assert again is not None
    inn.revert(text)
    last = inn.page(1, 4)[0]
    assert last.tags == ("x", "late")
    assert refused(inn, one) == (other.seq,)
    assert refused(inn, batch.seq) == (again.seq,)
    single = tag(inn, "all", remove=True, place=3)
    assert refused(inn, batch.seq) == (again.seq, single)
    inn.revert(single)
    inn.revert(again.seq)
    inn.revert(batch.seq)
    assert tags(inn) == [[], [], [], [], ["x", "late"], ["late"]]


def test_an_import_under_later_changes(inn: Dataset, tmp_path: Path, open_again: Open) -> None:
    second = more(inn, tmp_path, "four", "five")
    edit(inn, 0, 0, "ONE")
    third = more(inn, tmp_path, "six")
    inn.revert(second)
    expected = ["ONE 1", "two 2", "three 3", "six"]
    assert texts(inn) == expected
    fourth = more(inn, tmp_path, "seven")
    inn.revert(inn.log(2)[1].seq)
    expected = ["ONE 1", "two 2", "three 3", "four", "five", "six", "seven"]
    for dataset in (inn, open_again().dataset("inn")):
        assert texts(dataset) == expected
    gone = inn.delete([inn.page(1, 3)[0].entry_id]).seq
    assert refused(inn, second) == (gone,)
    inn.revert(gone)
    with patch("rolethread_store.editing.bulk_tags.INLINE_LIMIT", 1):
        batch = tag(inn, "everywhere")
    assert refused(inn, second) == (batch,)
    assert refused(inn, third) == (batch,)
    assert refused(inn, fourth) == (batch,)


def test_deleted_entries_keep_their_places(inn: Dataset, tmp_path: Path) -> None:
    gone = inn.delete([inn.page(1, 2)[0].entry_id]).seq
    more(inn, tmp_path, "four")
    inn.revert(gone)
    assert texts(inn) == ["one 1", "two 2", "three 3", "four"]
    positions = [entry.position for entry in inn.page()]
    assert positions == sorted(set(positions))


def test_the_import_that_made_the_dataset_is_for_undo(inn: Dataset) -> None:
    made = inn.log(1)[0].seq
    assert refused(inn, made) == ()
    later = edit(inn, 0, 0, "ONE")
    assert refused(inn, made) == (later,)


def test_below_a_checkpoint(inn: Dataset, fresh_store: Store, open_again: Open) -> None:
    first = edit(inn, 0, 0, "ONE")
    edit(inn, 1, 0, "TWO")
    fresh_store.checkpoint()
    edit(inn, 2, 0, "THREE")
    inn.revert(first)
    assert texts(inn) == ["one 1", "TWO 2", "THREE 3"]
    fresh_store.checkpoint()
    assert texts(open_again().dataset("inn")) == ["one 1", "TWO 2", "THREE 3"]
    inn.undo()
    assert texts(inn) == ["ONE 1", "TWO 2", "THREE 3"]


def test_below_a_version_a_checkout_and_a_fork(inn: Dataset, open_again: Open) -> None:
    first = edit(inn, 0, 0, "ONE")
    inn.publish()
    edit(inn, 1, 0, "TWO")
    inn.checkout(1)
    back = inn.log(1)[0].seq
    edit(inn, 2, 0, "THREE")
    inn.revert(first)
    assert texts(inn) == ["one 1", "two 2", "THREE 3"]
    draft = inn.fork("draft", at=1)
    draft.revert(first)
    assert texts(draft) == ["one 1", "two 2", "three 3"]
    draft.undo()
    with pytest.raises(NothingToUndo):
        draft.undo()
    assert texts(draft) == ["ONE 1", "two 2", "three 3"]
    assert len(refused(inn, back)) == 2
    again = open_again()
    assert texts(again.dataset("inn")) == ["one 1", "two 2", "THREE 3"]
    assert again.dataset("inn").sql("SELECT 1 FROM messages WHERE content = 'ONE'", at=1).fetchall()


def test_a_checkout_is_reverted_as_the_newest_only(inn: Dataset) -> None:
    inn.publish()
    edit(inn, 0, 0, "ONE")
    out = inn.checkout(1).seq
    inn.revert(out)
    assert texts(inn)[0] == "ONE 1"
    revert = inn.log(1)[0].seq
    later = edit(inn, 1, 0, "TWO")
    assert refused(inn, revert) == (later,)
    inn.undo()
    inn.revert(revert)
    assert texts(inn)[0] == "one 1"
    assert [copy.changes for copy in inn.working_copies()] == [1]


def test_a_change_comes_back_only_on_what_it_was_made_on(inn: Dataset) -> None:
    first = edit(inn, 0, 0, "ONE")
    second = rewrite(inn, 0, "all", "new")
    out_second = inn.revert(second).seq
    out_first = inn.revert(first).seq
    assert refused(inn, out_second) == (first,)
    inn.revert(out_first)
    inn.revert(out_second)
    assert texts(inn)[0] == "all new"


def test_two_reverts_of_one_change(inn: Dataset) -> None:
    first = edit(inn, 0, 0, "ONE")
    out = inn.revert(first).seq
    back = inn.revert(out).seq
    inn.revert(first)
    with pytest.raises(NothingToRevert):
        inn.revert(back)
    assert texts(inn)[0] == "one 1"


def test_a_delete_over_two_datasets_is_reverted_in_both(
    inn: Dataset, fresh_store: Store, tmp_path: Path, open_again: Open
) -> None:
    other = fresh_store.dataset("other")
    more(other, tmp_path, "alone", "together")
    gone = [inn.page(1)[0].entry_id, other.page(1)[0].entry_id]
    deletion = fresh_store.delete(gone).seq
    edit(inn, 0, 0, "TWO")
    done = fresh_store.revert(deletion)
    assert set(done.datasets) == {"inn", "other"}
    again = open_again()
    for store in (fresh_store, again):
        assert texts(store.dataset("inn")) == ["one 1", "TWO 2", "three 3"]
        assert texts(store.dataset("other")) == ["alone", "together"]
    assert set(fresh_store.undo().datasets) == {"inn", "other"}
    assert texts(inn) == ["TWO 2", "three 3"]
    assert texts(other) == ["together"]
    with pytest.raises(UndoBlocked):
        other.undo()


def test_a_fork_reverts_what_it_inherited_for_itself(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    other = fresh_store.dataset("other")
    more(other, tmp_path, "alone", "together")
    deletion = fresh_store.delete([inn.page(1)[0].entry_id, other.page(1)[0].entry_id]).seq
    draft = inn.fork("draft")
    draft.revert(deletion)
    assert texts(draft)[0] == "one 1"
    assert texts(inn)[0] == "two 2"
    assert texts(other) == ["together"]


def test_registry_facts_follow(inn: Dataset, fresh_store: Store, open_again: Open) -> None:
    journal = fresh_store._parts.journal
    journal.begin_write()
    slow = journal.commit([FactPut(fact=Tag(key="slow", name="slow"))], "define slow")
    fold = journal.fold_named("inn")
    entry = inn.page(1)[0].entry_id
    edit(inn, 0, 0, "ONE")
    note = Note(key="n", about=entry, text="look")
    deletion = EntriesDeleted(dataset_id=fold.dataset_id, entry_ids=(entry,))
    both = journal.commit([FactPut(fact=note), deletion], "note and delete")
    assert journal.facts.get(FactKind.NOTE, "n") == note
    done = fresh_store.revert(both.seq)
    assert done.registry
    assert done.datasets == ("inn",)
    assert texts(inn)[0] == "ONE 1"
    for facts in (journal.facts, open_again()._parts.journal.facts):
        assert facts.get(FactKind.NOTE, "n") is None
        assert facts.get(FactKind.TAG, "slow") is not None
    fresh_store.undo()
    assert journal.facts.get(FactKind.NOTE, "n") == note
    changed = journal.commit([FactRemoved(fact_kind=FactKind.TAG, key="slow")], "forget slow")
    with pytest.raises(RevertConflict) as told:
        fresh_store.revert(slow.seq)
    assert told.value.changes == (changed.seq,)
    fresh_store.revert(changed.seq)
    assert journal.facts.get(FactKind.TAG, "slow") is not None
    fresh_store.revert(slow.seq)
    assert journal.facts.get(FactKind.TAG, "slow") is None


def test_the_record_names_the_set_and_nothing_more(inn: Dataset, fresh_store: Store) -> None:
    first = edit(inn, 0, 0, "ONE")
    done = inn.revert(first)
    record = fresh_store._parts.journal.history.get(done.set_id)
    (change,) = record.changes
    assert isinstance(change, Reverted)
    assert len(record.model_dump_json()) < 1_000
