"""Several changes in one block: together or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.dataset import TransactionOpen, TransactionOver
from rolethread_store.editing import TooManyEntries
from rolethread_store.errors import Locked, NotFound, Unavailable
from rolethread_store.model import Entry
from rolethread_store.storage import Disk
from rolethread_store.store import Store
from tests.scenes import chat, jsonl

Open = Callable[[], Store]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Store:
    records = [chat(f"ask {n}", f"answer {n}", tags=["t"]) for n in range(6)]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", records))
    return fresh_store


def rows(store: Store, dataset: str = "inn") -> list[Entry]:
    return store.dataset(dataset).page(100)


def ids(store: Store) -> list[UUID]:
    return [entry.entry_id for entry in rows(store)]


def change_everything(store: Store) -> None:
    """Edit twice, rewrite, delete and tag, each seeing the one before."""
    inn = store.dataset("inn")
    first, second, third, fourth, *_ = ids(store)
    inn.edit(first, message=0, content="once")
    inn.edit(first, message=0, content="twice")
    store.edit(second, entry=chat("a", "b", "c"))
    store.edit(second, message=2, content="C")
    inn.delete([third])
    inn.add_tags(["new"], where="list_contains(tags, 't')")
    inn.remove_tags(["t"], entries=[fourth])


def test_a_block_is_one_change_on_disk_and_in_the_log(inn: Store, open_again: Open) -> None:
    before = rows(inn)
    with inn.transaction() as block:
        change_everything(inn)
        inside = rows(inn)
        assert len(inn.log()) == 1
    after = rows(inn)
    assert [len(entry.messages) for entry in after] == [2, 3, 2, 2, 2]
    assert [entry.messages[0].content for entry in after][:2] == ["twice", "a"]
    assert after[1].messages[2].content == "C"
    assert [entry.tags for entry in after] == [
        ("t", "new"), None, ("new",), ("t", "new"), ("t", "new")
    ]  # fmt: skip
    assert inside == after
    assert block.change is not None
    assert [item.seq for item in inn.log()] == [2, 1]
    assert inn.log()[0] == block.change
    inn.close()
    with open_again() as again:
        assert rows(again) == after
        again.undo()
        assert rows(again) == before
        again.redo()
        assert rows(again) == after


def test_a_block_changes_one_working_copy_of_a_dataset(inn: Store, open_again: Open) -> None:
    """A change for one of two copies must not come into effect in the other."""
    first = ids(inn)[0]
    main, side = inn.dataset("inn"), inn.dataset("inn").fork("side")
    with inn.transaction():
        main.edit(first, message=0, content="in main")
        with pytest.raises(TransactionOpen, match="one working copy"):
            side.edit(first, message=1, content="in side")
    with inn.transaction():
        side.edit(first, message=1, content="in side")
        with pytest.raises(TransactionOpen, match="one working copy"):
            main.add_tags(["in main"], entries=[first])
    inn.close()
    with open_again() as again:
        copies = [again.dataset("inn", name).page(1)[0] for name in ("main", "side")]
        texts = [[message.content for message in entry.messages] for entry in copies]
        assert texts == [["in main", "answer 0"], ["ask 0", "in side"]]
        assert [entry.tags for entry in copies] == [("t",), ("t",)]


def test_an_exception_drops_the_whole_block(inn: Store, open_again: Open) -> None:
    before, log = rows(inn), inn.log()

    def failing() -> None:
        with inn.transaction():
            change_everything(inn)
            assert rows(inn) != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert (rows(inn), inn.log(), inn.status().pending) == (before, log, 0)
    inn.edit(before[0].entry_id, message=0, content="after")
    inn.close()
    with open_again() as again:
        assert [entry.messages[0].content for entry in rows(again)][:2] == ["after", "ask 1"]
        assert [item.seq for item in again.log()] == [2, 1]


def test_what_a_block_did_before_an_error_it_caught_is_kept(inn: Store) -> None:
    first = ids(inn)[0]
    with inn.transaction("by hand") as block:
        inn.delete([first])
        with pytest.raises(NotFound):
            inn.edit(first, message=0, content="gone")
        with pytest.raises(NotFound):
            inn.delete([ids(inn)[0], first])
    assert len(rows(inn)) == 5
    assert block.change is not None
    assert block.change.summary == "by hand"


def test_an_empty_block_is_no_change(inn: Store) -> None:
    with inn.transaction() as block:
        pass
    assert block.change is None
    assert len(inn.log()) == 1


def test_a_change_inside_tells_what_it_is_part_of(inn: Store) -> None:
    first, second, *_ = ids(inn)
    with inn.transaction() as block:
        one = inn.edit(first, message=0, content="x")
        two = inn.dataset("inn").add_tags(["x"], entries=[second])
    assert two is not None
    assert block.change is not None
    assert one.set_id == two.set_id == block.change.set_id
    assert (one.seq, one.undone, one.datasets) == (2, False, ("inn",))
    assert one.summary == f"edit message 0 of {first}"
    assert block.change.summary == f"{one.summary}, and 1 more in one transaction"


def test_what_a_block_cannot_hold_is_refused_and_leaves_it_open(inn: Store, tmp_path: Path) -> None:
    first = ids(inn)[0]
    more = jsonl(tmp_path / "more.jsonl", [chat("more")])
    refused: list[Callable[[], object]] = [
        lambda: inn.dataset("inn").import_file(more),
        lambda: inn.dataset("other").import_file(more),
        inn.undo,
        inn.redo,
        inn.checkpoint,
        lambda: inn.add_remote("usb", f"file://{tmp_path}/usb"),
        lambda: inn.dataset("inn").publish("v1"),
        lambda: inn.transaction().__enter__(),
    ]
    with inn.transaction():
        inn.edit(first, message=0, content="kept")
        for call in refused:
            with pytest.raises(TransactionOpen):
                call()
    assert rows(inn)[0].messages[0].content == "kept"
    assert (len(inn.log()), len(inn.datasets()), inn.remotes()) == (2, 1, [])


def test_many_tags_are_named_one_by_one_inside(fresh_store: Store, tmp_path: Path) -> None:
    """A tag batch is published before its frame, and cannot wait for the block's end."""
    records = [chat(f"{n}") for n in range(1_200)]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "many.jsonl", records))
    with fresh_store.dataset("inn").transaction():
        fresh_store.dataset("inn").add_tags(["all"])
        fresh_store.dataset("inn").remove_tags(["all"], where="position < 3 * 1024")
    tagged = "SELECT count(*) FROM entries WHERE list_contains(tags, 'all')"
    few = fresh_store.sql(tagged).fetchall()
    assert 1_100 < few[0][0] < 1_200
    fresh_store.undo()
    assert fresh_store.sql(tagged).fetchall() == [(0,)]


def test_a_full_disk_at_the_end_drops_the_block(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(inn)
    inn.edit(before[5].entry_id, message=0, content="first")  # The log file is there.
    before = rows(inn)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def filling(patch: pytest.MonkeyPatch) -> None:
        with inn.transaction():
            change_everything(inn)
            patch.setattr(Disk, "write", full)

    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        filling(patch)
    assert rows(inn) == before
    with inn.transaction():
        inn.edit(before[0].entry_id, message=0, content="second")
    inn.close()
    with open_again() as again:
        assert rows(again)[0].messages[0].content == "second"
        assert [item.seq for item in again.log()] == [3, 2, 1]


def test_closing_the_store_inside_drops_the_block(inn: Store, open_again: Open) -> None:
    before = rows(inn)

    def closing() -> None:
        with inn.transaction():
            inn.edit(before[0].entry_id, message=0, content="lost")
            inn.close()

    with pytest.raises(TransactionOver):
        closing()
    with open_again() as again:
        assert rows(again) == before


def test_others_see_the_state_before(inn: Store, open_again: Open) -> None:
    first = ids(inn)[0]
    with inn.transaction():
        inn.edit(first, message=0, content="mine")
        with open_again() as other:
            assert rows(other)[0].messages[0].content == "ask 0"
            with pytest.raises(Locked):
                other.edit(first, message=0, content="theirs")
    with open_again() as other:
        assert rows(other)[0].messages[0].content == "mine"


def test_a_block_over_two_datasets_undoes_as_one(inn: Store, tmp_path: Path) -> None:
    inn.dataset("bar").import_file(jsonl(tmp_path / "bar.jsonl", [chat("drink?")]))
    with inn.transaction():
        inn.edit(ids(inn)[0], message=0, content="A")
        inn.edit(rows(inn, "bar")[0].entry_id, message=0, content="B")
    assert inn.log()[0].datasets == ("inn", "bar")
    inn.undo()
    assert rows(inn)[0].messages[0].content == "ask 0"
    assert rows(inn, "bar")[0].messages[0].content == "drink?"


def test_too_many_tags_in_one_step_are_refused(inn: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["rolethread_store.editing.bulk_tags"]  # Its function has its name.
    monkeypatch.setattr(module, "MOST_INLINE", 3)
    with inn.transaction():
        with pytest.raises(TooManyEntries):
            inn.dataset("inn").add_tags(["x"])
        inn.dataset("inn").add_tags(["y"], where="position < 3 * 1024")
    assert all("x" not in (entry.tags or ()) for entry in rows(inn))
    assert any("y" in (entry.tags or ()) for entry in rows(inn))
