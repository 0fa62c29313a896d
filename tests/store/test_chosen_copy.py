"""A store opened in a working copy changes nothing outside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.changelog import NothingToUndo, WorkingCopyMissing
from rolethread_store.store import Store
from rolethread_store.store.parts import DatasetUnclear
from tests.scenes import PASSPHRASE, chat, jsonl


@pytest.fixture
def in_draft(fresh_store: Store, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Close the store, and open it in the working copy ``draft``, which only ``inn`` has."""
    for name in ("inn", "other"):
        path = jsonl(tmp_path / f"{name}.jsonl", [chat(f"{name} one"), chat("two")])
        fresh_store.dataset(name).import_file(path)
    fresh_store.dataset("inn").fork("draft")
    with ExitStack() as opened:

        def open_() -> Store:
            fresh_store.close()
            return opened.enter_context(
                rolethread_store.open(tmp_path / "store", PASSPHRASE, working_copy="draft")
            )

        yield open_


def test_an_import_goes_where_one_works(in_draft: Callable[[], Store], tmp_path: Path) -> None:
    store = in_draft()
    more = jsonl(tmp_path / "more.jsonl", [chat("more")])
    store.dataset("inn").import_file(more)
    assert store.dataset("inn").count() == 3
    assert store.dataset("inn", "main").count() == 2
    before = len(store.log())
    for name in ("other", "brand new"):
        for dry_run in (True, False):
            with pytest.raises(WorkingCopyMissing):
                store.dataset(name).import_file(more, dry_run=dry_run)
    assert store.dataset_names() == ["inn", "other"]
    assert len(store.log()) == before
    store.dataset("brand new", "main").import_file(more)
    assert store.dataset("brand new", "main").exists


def test_what_has_no_such_copy_is_neither_named_nor_changed(
    in_draft: Callable[[], Store],
) -> None:
    store = in_draft()
    elsewhere = store.sql("SELECT entry_id FROM entries WHERE dataset = 'other'").fetchall()[0][0]
    before = len(store.log())
    other = store.dataset("other")
    for refused in (
        lambda: store.edit(elsewhere, message=0, content="x"),
        lambda: store.delete([elsewhere]),
        lambda: store.sql("SELECT 1", dataset="other"),
        lambda: other.add_tags(["x"]),
        other.count,
        other.publish,
    ):
        with pytest.raises(WorkingCopyMissing):
            refused()
    assert len(store.log()) == before
    assert other.exists
    # The history is that of all working copies.
    assert len(other.log()) == 1


def test_undo_stays_in_the_working_copy(fresh_store: Store, in_draft: Callable[[], Store]) -> None:
    main = fresh_store.dataset("inn")
    key = main.page(1)[0].entry_id
    fresh_store.dataset("inn", "draft").edit(key, message=0, content="drafted")
    main.edit(key, message=0, content="mine")
    store = in_draft()
    assert "edit message 0" in store.undo().summary
    assert store.dataset("inn").page(1)[0].messages[0].content == "inn one"
    with pytest.raises(NothingToUndo):
        store.undo()
    store.redo()
    assert store.dataset("inn").page(1)[0].messages[0].content == "drafted"
    assert store.dataset("inn", "main").page(1)[0].messages[0].content == "mine"


def test_undo_of_which_dataset(fresh_store: Store, in_draft: Callable[[], Store]) -> None:
    fresh_store.dataset("other").fork("draft")
    store = in_draft()
    store.dataset("other").add_tags(["x"])
    with pytest.raises(DatasetUnclear):
        store.undo()
    store.undo("other")
    assert store.dataset("other").page(1)[0].tags is None


def test_where_every_dataset_stands(in_draft: Callable[[], Store]) -> None:
    store = in_draft()
    inn = store.dataset("inn")
    inn.publish()
    inn.add_tags(["x"])
    found = [(one.name, one.working_copy, one.version, one.changes) for one in store.datasets()]
    assert found == [("inn", "draft", 1, 1), ("other", "main", None, 1)]
    assert [(one.dataset, one.version) for one in store.status().standings] == [
        ("inn", 1), ("other", None),
    ]  # fmt: skip
