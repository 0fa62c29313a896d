"""Versions, working copies, and how undo goes through them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.changelog import NothingToUndo, VersionMissing, WorkingCopyMissing
from rolethread_store.store import Store
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.overview import ChangeMissing
from rolethread_store.store.versions import (
    NothingPublished,
    NothingToDiscard,
    NothingToPublish,
    UnpublishedChanges,
    WorkingCopyNameInvalid,
    WorkingCopyNameTaken,
)
from tests.scenes import PASSPHRASE, chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Dataset:
    records = [chat("one"), chat("two"), chat("three")]
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", records))
    return dataset


def texts(dataset: Dataset, at: int | None = None) -> list[str]:
    """First words of every entry, in order."""
    rows = dataset.sql("SELECT messages[1].content FROM entries ORDER BY position", at=at)
    return [row[0] for row in rows.fetchall()]


def edit(dataset: Dataset, number: int, text: str) -> None:
    """Give the entry at a place another text."""
    entry = dataset.page(1, number)[0]
    dataset.edit(entry.entry_id, message=0, content=text)


def test_a_version_stays_what_it_was(inn: Dataset, open_again: Open) -> None:
    assert inn.publish("first").number == 1
    edit(inn, 0, "ONE")
    assert inn.publish().number == 2
    inn.delete([inn.page(1, 2)[0].entry_id])
    inn.undo()
    inn.undo()
    assert texts(inn) == ["one", "two", "three"]
    for dataset in (inn, open_again().dataset("inn")):
        assert texts(dataset, at=1) == ["one", "two", "three"]
        assert texts(dataset, at=2) == ["ONE", "two", "three"]
        assert [(v.number, v.message) for v in dataset.versions()] == [(2, None), (1, "first")]
        assert dataset.count(at=2) == 3


def test_what_cannot_be_published_checked_out_or_discarded(inn: Dataset) -> None:
    with pytest.raises(NothingPublished):
        inn.discard()
    inn.publish()
    before = len(inn.log())
    with pytest.raises(NothingToPublish):
        inn.publish()
    with pytest.raises(NothingToDiscard):
        inn.discard()
    for number in (0, 2, -1):
        with pytest.raises(VersionMissing):
            inn.checkout(number)
        with pytest.raises(VersionMissing):
            inn.sql("SELECT 1", at=number)
    assert len(inn.log()) == before


def test_a_checkout_is_a_change_like_any_other(inn: Dataset, open_again: Open) -> None:
    inn.publish()
    edit(inn, 0, "ONE")
    edit(inn, 1, "TWO")
    inn.checkout(1)
    assert texts(inn) == ["one", "two", "three"]
    edit(inn, 2, "THREE")
    assert texts(open_again().dataset("inn")) == ["one", "two", "THREE"]
    for expected in (
        ["one", "two", "three"],
        ["ONE", "TWO", "three"],
        ["ONE", "two", "three"],
        ["one", "two", "three"],
    ):
        inn.undo()
        assert texts(inn) == expected
    for expected in (
        ["ONE", "two", "three"],
        ["ONE", "TWO", "three"],
        ["one", "two", "three"],
        ["one", "two", "THREE"],
    ):
        inn.redo()
        assert texts(inn) == expected


def test_discard_goes_back_to_the_version_and_can_be_undone(inn: Dataset) -> None:
    inn.publish()
    edit(inn, 0, "ONE")
    inn.add_tags(["kept"])
    done = inn.discard()
    assert "2 changes" in done.summary
    assert texts(inn) == ["one", "two", "three"]
    assert inn.page(1)[0].tags is None
    with pytest.raises(NothingToDiscard):
        inn.discard()
    inn.undo()
    assert texts(inn) == ["ONE", "two", "three"]
    assert inn.page(1)[0].tags == ("kept",)


def test_working_copies_do_not_see_each_other(inn: Dataset, open_again: Open) -> None:
    edit(inn, 0, "ONE")
    draft = inn.fork("draft")
    edit(draft, 1, "draft two")
    edit(inn, 2, "main three")
    assert texts(inn) == ["ONE", "two", "main three"]
    assert texts(draft) == ["ONE", "draft two", "three"]
    draft.undo()
    with pytest.raises(NothingToUndo):
        draft.undo()
    assert texts(draft) == ["ONE", "two", "three"]
    draft.redo()
    inn.undo()
    inn.undo()
    other = open_again()
    assert texts(other.dataset("inn")) == ["one", "two", "three"]
    assert texts(other.dataset("inn", "draft")) == ["ONE", "draft two", "three"]
    listed = [(c.name, c.source, c.version) for c in inn.working_copies()]
    assert listed == [("main", None, None), ("draft", "main", None)]


def test_a_fork_of_a_version_and_a_version_of_a_fork(inn: Dataset) -> None:
    inn.publish()
    edit(inn, 0, "ONE")
    old = inn.fork("old", at=1)
    assert texts(old) == ["one", "two", "three"]
    edit(old, 1, "TWO")
    assert old.publish("from the fork").number == 2
    inn.checkout(2)
    assert texts(inn) == ["one", "TWO", "three"]
    inn.undo()
    assert texts(inn) == ["ONE", "two", "three"]
    assert [(v.number, v.working_copy) for v in inn.versions()] == [(2, "old"), (1, "main")]


def test_names_of_working_copies(inn: Dataset) -> None:
    inn.fork(" draft ")
    for taken in ("draft", "Draft", "main", "MAIN"):
        with pytest.raises(WorkingCopyNameTaken):
            inn.fork(taken)
    for bad in ("", " ", "a\nb", "x" * 121):
        with pytest.raises(WorkingCopyNameInvalid):
            inn.fork(bad)
    with pytest.raises(VersionMissing):
        inn.fork("other", at=1)
    assert [copy.name for copy in inn.working_copies()] == ["main", "draft"]


def test_deleting_a_working_copy(inn: Dataset, fresh_store: Store) -> None:
    with pytest.raises(WorkingCopyNameInvalid):
        inn.delete_working_copy()
    draft = inn.fork("draft")
    edit(draft, 0, "precious")
    with pytest.raises(UnpublishedChanges):
        draft.delete_working_copy()
    version = draft.publish().number
    draft.delete_working_copy()
    with pytest.raises(WorkingCopyMissing):
        draft.count()
    assert texts(inn, at=version) == ["precious", "two", "three"]
    again = inn.fork("draft")
    edit(again, 0, "gone")
    again.delete_working_copy(force=True)
    fresh_store.undo()
    assert not inn.exists


def test_the_store_is_opened_in_a_working_copy(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    other = fresh_store.dataset("other")
    other.import_file(jsonl(tmp_path / "other.jsonl", [chat("alone")]))
    edit(inn.fork("draft"), 0, "drafted")
    fresh_store.close()
    opened = rolethread_store.open(tmp_path / "store", PASSPHRASE, working_copy="draft")
    with opened as store:
        rows = store.sql("SELECT dataset, messages[1].content FROM entries ORDER BY ALL").fetchall()
        assert ("inn", "drafted") in rows
        assert ("other", "alone") in rows
        entry = next(hit.entry_id for hit in store.search("drafted"))
        store.edit(entry, message=0, content="more")
        assert texts(store.dataset("inn")) == ["more", "two", "three"]
        assert texts(store.dataset("inn", "main")) == ["one", "two", "three"]
    with pytest.raises(WorkingCopyMissing):
        rolethread_store.open(tmp_path / "store", PASSPHRASE, working_copy="nobody")


def test_undo_to_a_change_is_one_record(inn: Dataset, open_again: Open) -> None:
    for text in "abcd":
        edit(inn, 0, text)
    first, kept = inn.log()[-1], inn.log()[2]
    records = len(inn.log())
    inn.undo(to=kept.seq)
    assert texts(inn)[0] == "b"
    assert len(inn.log()) == records + 1
    assert texts(open_again().dataset("inn"))[0] == "b"
    inn.redo()
    assert texts(inn)[0] == "d"
    inn.undo(to=first.seq)
    assert texts(inn)[0] == "one"
    for number in (999, inn.log()[0].seq):
        with pytest.raises(ChangeMissing):
            inn.undo(to=number)
    with pytest.raises(NothingToUndo):
        inn.undo(to=first.seq)


def test_versions_and_copies_survive_a_checkpoint(
    inn: Dataset, fresh_store: Store, open_again: Open
) -> None:
    inn.publish()
    edit(inn, 0, "ONE")
    draft = inn.fork("draft")
    edit(draft, 1, "TWO")
    inn.publish()
    edit(inn, 2, "THREE")
    fresh_store.checkpoint()
    edit(inn, 0, "1")
    fresh_store.checkpoint()
    again = open_again()
    for dataset in (inn, again.dataset("inn")):
        assert texts(dataset) == ["1", "two", "THREE"]
        assert texts(dataset, at=1) == ["one", "two", "three"]
        assert texts(dataset, at=2) == ["ONE", "two", "three"]
    assert texts(again.dataset("inn", "draft")) == ["ONE", "TWO", "three"]
    inn.checkout(1)
    edit(inn, 1, "after")
    fresh_store.checkpoint()
    assert texts(inn) == ["one", "after", "three"]
    inn.undo()
    inn.undo()
    assert texts(inn) == ["1", "two", "THREE"]
