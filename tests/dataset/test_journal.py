"""One writer, on the newest state; what a crash leaves is never half a change."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from rolethread_store.dataset import Journal
from rolethread_store.errors import Conflict, Locked, NotFound
from rolethread_store.store import Store
from tests.scenes import chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def tavern(fresh_store: Store, tmp_path: Path) -> Store:
    path = jsonl(tmp_path / "tavern.jsonl", [chat("one", "two"), chat("three", tags=["t"])])
    fresh_store.dataset("tavern").import_file(path)
    return fresh_store


def first_text(store: Store, dataset: str = "tavern") -> str | None:
    return store.dataset(dataset).page(1)[0].messages[0].content


def test_a_handle_that_lags_behind_writes_on_the_newest_state(
    tavern: Store, open_again: Open
) -> None:
    entry_id = tavern.dataset("tavern").page(1)[0].entry_id
    lagging = open_again()
    assert first_text(lagging) == "one"
    tavern.edit(entry_id, message=0, content="uno")
    tavern.close()
    assert first_text(lagging) == "one"
    lagging.edit(entry_id, message=1, content="due")
    assert [message.content for message in lagging.entry(entry_id).entry.messages] == ["uno", "due"]


def test_a_checkpoint_by_a_lagging_handle_loses_no_change(tavern: Store, open_again: Open) -> None:
    entry_id = tavern.dataset("tavern").page(1)[0].entry_id
    tavern.edit(entry_id, message=0, content="uno")
    tavern.close()
    lagging, other = open_again(), open_again()
    assert first_text(lagging) == "uno"
    other.edit(entry_id, message=0, content="eins")
    other.close()
    lagging.checkpoint()
    assert first_text(lagging) == "eins"
    lagging.close()
    assert first_text(open_again()) == "eins"


def test_an_undo_by_a_lagging_handle_leaves_nothing_of_its_old_rows(
    tavern: Store, open_again: Open
) -> None:
    tavern.delete([tavern.dataset("tavern").page(1)[0].entry_id])
    lagging = open_again()
    assert lagging.dataset("tavern").count() == 1
    tavern.close()
    lagging.undo()
    lagging.checkpoint()
    assert lagging.dataset("tavern").count() == 2


def test_the_second_writer_is_told_who_writes(tavern: Store, open_again: Open) -> None:
    second = open_again()
    with pytest.raises(Locked, match="process"):
        second.undo()
    assert first_text(second) == "one"
    tavern.close()
    assert second.undo().kind == "undo"


@pytest.mark.parametrize("died_before", ["publish", "commit"])
def test_an_import_that_dies_between_two_steps_leaves_the_store_as_it_was(
    died_before: str,
    tavern: Store,
    open_again: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    more = jsonl(tmp_path / "more.jsonl", [chat("late"), "{"])
    with monkeypatch.context() as patched:
        patched.setattr(Journal, died_before, dies)
        with pytest.raises(KeyboardInterrupt):
            tavern.dataset("tavern").import_file(more)
    assert tavern.dataset("tavern").count() == 2
    assert tavern.quarantine() == []
    tavern.close()
    store = open_again()
    assert store.dataset("tavern").count() == 2
    store.dataset("tavern").import_file(more)
    assert store.dataset("tavern").count() == 3
    assert [entry.position for entry in store.dataset("tavern").page()] == [1024, 2048, 3072]


def test_a_bulk_tag_that_dies_after_its_batch_leaves_no_tag(
    tavern: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("rolethread_store.editing.bulk_tags"), "INLINE_LIMIT", 1)
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "commit", dies)
        with pytest.raises(KeyboardInterrupt):
            tavern.dataset("tavern").add_tags(["new"])
    tavern.close()
    store = open_again()
    assert [entry.tags for entry in store.dataset("tavern").page()] == [None, ("t",)]
    store.dataset("tavern").add_tags(["new"])
    assert [entry.tags for entry in store.dataset("tavern").page()] == [("new",), ("t", "new")]


def test_undo_and_redo_cross_a_checkpoint_and_a_new_start(tavern: Store, open_again: Open) -> None:
    entry_id = tavern.dataset("tavern").page(1)[0].entry_id
    for text in ("a", "b", "c"):
        tavern.edit(entry_id, message=0, content=text)
        if text == "b":
            tavern.checkpoint()
    seen = []
    for step in ("undo", "undo", "undo", "redo", "redo", "redo"):
        tavern.close()
        tavern = open_again()
        (tavern.undo if step == "undo" else tavern.redo)()
        seen.append(first_text(tavern))
    assert seen == ["b", "a", "one", "a", "b", "c"]


def test_an_undone_dataset_comes_back_with_its_place(tavern: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "inn.jsonl", [chat("x")])
    tavern.dataset("inn").import_file(path)
    tavern.dataset("tavern").undo()
    assert [info.name for info in tavern.datasets()] == ["inn"]
    with pytest.raises(NotFound, match="tavern"):
        tavern.dataset("tavern").count()
    assert [item.undone for item in tavern.dataset("tavern").log()] == [False, True]
    tavern.dataset("tavern").redo()
    assert [info.name for info in tavern.datasets()] == ["tavern", "inn"]


def test_an_undone_dataset_gives_its_name_away(tavern: Store, tmp_path: Path) -> None:
    tavern.undo()
    tavern.dataset("Tavern").import_file(jsonl(tmp_path / "b.jsonl", [chat("new")]))
    with pytest.raises(NotFound):
        tavern.redo()
    assert [info.name for info in tavern.datasets()] == ["Tavern"]
    with pytest.raises(Conflict):
        tavern.dataset("TAVERN").import_file(tmp_path / "b.jsonl")


def test_a_delete_over_two_datasets_is_undone_as_one(tavern: Store, tmp_path: Path) -> None:
    tavern.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", [chat("x"), chat("y")]))
    both = [tavern.dataset(name).page(1)[0].entry_id for name in ("tavern", "inn")]
    item = tavern.delete(both)
    assert item.datasets == ("tavern", "inn")
    rest = tavern.dataset("inn").page()[0].entry_id
    tavern.edit(rest, message=0, content="z")
    with pytest.raises(Conflict, match="edit message 0"):
        tavern.dataset("tavern").undo()
    tavern.undo()
    tavern.dataset("tavern").undo()
    assert [info.entries for info in tavern.datasets()] == [2, 2]
    tavern.redo()
    assert [info.entries for info in tavern.datasets()] == [1, 1]
