"""Every change to an entry, and whether it counts where one looks from."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest

import rolethread_store
from rolethread_store.errors import InvalidInput
from rolethread_store.model import Reverted
from rolethread_store.store import ChangeStanding, Store
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.editions import EntryMissing
from tests.scenes import PASSPHRASE, chat, jsonl

Open = Callable[[], Store]

bulk_tags = importlib.import_module("rolethread_store.editing.bulk_tags")

IN_EFFECT, UNDONE = ChangeStanding.IN_EFFECT, ChangeStanding.UNDONE


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Dataset:
    records = [chat("one", "uno", tags=["t"]), chat("two"), chat("three")]
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", records))
    return dataset


def told(store: Store, entry_id: UUID) -> list[tuple[str, ChangeStanding]]:
    return [(item.what, item.standing) for item in store.blame(entry_id)]


def test_every_kind_of_change_is_told_in_order(
    inn: Dataset, fresh_store: Store, open_again: Open
) -> None:
    key = inn.page(1, 1)[0].entry_id
    other = inn.page(1)[0].entry_id
    inn.edit(key, message=0, content="TWO")
    inn.edit(other, message=0, content="ONE")
    inn.edit(key, entry=chat("a", "b", "c"))
    inn.add_tags(["x", "y"], entries=[key, other])
    with patch.object(bulk_tags, "INLINE_LIMIT", 2):
        inn.add_tags(["all"])
    inn.remove_tags(["x"], entries=[key])
    inn.delete([key])
    fresh_store.checkpoint()
    inn.undo()
    expected = [
        ("imported from inn.jsonl, record 2", IN_EFFECT),
        ("message 0 edited", IN_EFFECT),
        ("rewritten with 3 messages", IN_EFFECT),
        ("tags +x +y", IN_EFFECT),
        ("tags set to x, y, all", IN_EFFECT),
        ("tags -x", IN_EFFECT),
        ("deleted", UNDONE),
    ]
    for store in (fresh_store, open_again()):
        assert told(store, key) == expected
    items = fresh_store.blame(key)
    assert [item.seq for item in items] == [1, 2, 4, 5, 6, 7, 8]
    assert items[0].summary == "import inn.jsonl: 3 entries"
    assert items[4].kind == "tags-patched"
    assert {(item.dataset, item.working_copy) for item in items} == {("inn", "main")}
    inn.redo()
    assert told(fresh_store, key)[-1] == ("deleted", IN_EFFECT)
    assert [what for what, _ in told(fresh_store, other)] == [
        "imported from inn.jsonl, record 1", "message 0 edited", "tags +x +y",
        "tags set to t, x, y, all",
    ]  # fmt: skip


def test_a_change_counts_where_one_looks_from(
    inn: Dataset, fresh_store: Store, tmp_path: Path
) -> None:
    key = inn.page(1)[0].entry_id
    inn.edit(key, message=0, content="shared")
    draft = inn.fork("draft")
    draft.edit(key, message=0, content="drafted")
    inn.edit(key, message=0, content="mine")
    assert [(item.working_copy, item.standing) for item in fresh_store.blame(key)] == [
        ("main", IN_EFFECT),
        ("main", IN_EFFECT),
        ("draft", ChangeStanding.NOT_IN_EFFECT),
        ("main", IN_EFFECT),
    ]
    inn.undo()
    inn.undo()
    fresh_store.close()
    with rolethread_store.open(tmp_path / "store", PASSPHRASE, working_copy="draft") as store:
        assert [item.standing for item in store.blame(key)] == [
            IN_EFFECT, IN_EFFECT, IN_EFFECT, UNDONE,
        ]  # fmt: skip


def test_a_checkout_leaves_changes_behind(inn: Dataset, fresh_store: Store) -> None:
    key = inn.page(1)[0].entry_id
    inn.publish()
    inn.edit(key, message=0, content="later")
    inn.checkout(1)
    assert told(fresh_store, key)[-1] == ("message 0 edited", ChangeStanding.NOT_IN_EFFECT)


def test_a_reverted_change_is_told_as_such(inn: Dataset, fresh_store: Store) -> None:
    key = inn.page(1)[0].entry_id
    edited = inn.edit(key, message=0, content="later")
    change = Reverted(dataset_id=inn._fold.dataset_id, target=edited.set_id)
    fresh_store._parts.journal.commit((change,), "revert")
    assert told(fresh_store, key)[-1] == ("message 0 edited", ChangeStanding.REVERTED)


def test_an_entry_that_never_was(inn: Dataset, fresh_store: Store) -> None:
    with pytest.raises(EntryMissing):
        fresh_store.blame(UUID(int=7))
    with pytest.raises(InvalidInput):
        fresh_store.blame("no id")
    key = inn.page(1)[0].entry_id
    inn.undo()
    assert told(fresh_store, key) == [("imported from inn.jsonl, record 1", UNDONE)]
