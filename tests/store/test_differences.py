"""What differs between two states of a dataset, against a comparison of all entries."""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.changelog import NothingToRedo, NothingToUndo, VersionMissing
from rolethread_store.dataset.blocks import TransactionOpen
from rolethread_store.model import Entry, EntryMoved
from rolethread_store.query import (
    Difference,
    DifferenceOutdated,
    EntryFate,
    MessageFate,
    PageInvalid,
)
from rolethread_store.store import Store
from rolethread_store.store.datasets import Dataset
from rolethread_store.store.versions import NothingPublished, NothingToPublish
from tests.scenes import PASSPHRASE, chat, jsonl

bulk_tags = importlib.import_module("rolethread_store.editing.bulk_tags")


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Dataset:
    records = [chat("one", "uno", tags=["t"]), chat("two"), chat("three", mood="calm")]
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", records))
    dataset.publish()
    return dataset


def move(dataset: Dataset, entry_id: UUID, position: int) -> None:
    """Put an entry elsewhere, as the change says it."""
    journal = dataset._parts.journal
    change = EntryMoved(dataset_id=dataset._fold.dataset_id, entry_id=entry_id, position=position)
    journal.commit((change,), "move")


def numbers(found: Difference) -> tuple[int, int, int, int]:
    return found.added, found.removed, found.edited, found.moved


def content(entry: Entry) -> object:
    return entry.messages, entry.tags, entry.extra, entry.origin.format


def passed(one: int, before: Sequence[UUID], after: Sequence[UUID]) -> bool:
    """Whether an entry, by its place in ``before``, stands after or before others than it did."""
    key = before[one]
    return set(before[:one]) != set(after[: after.index(key)])


def check(dataset: Dataset, a: int | None, b: int | None) -> None:
    """Compare a difference with one made from all entries of both states."""
    old = dataset.page(1_000, at=a)
    new = dataset.page(1_000, at=b)
    found = dataset.diff(a, b)
    olds, news = ({one.entry_id: one for one in side} for side in (old, new))
    shared = olds.keys() & news.keys()
    edited = {key for key in shared if content(olds[key]) != content(news[key])}
    order = [[one.entry_id for one in side if one.entry_id in shared] for side in (old, new)]
    moved = {
        key
        for place, key in enumerate(order[0])
        if olds[key].position != news[key].position and passed(place, *order)
    }
    entries = list(found)
    assert {one.entry_id for one in entries if one.fate is EntryFate.ADDED} == news.keys() - shared
    assert {e.entry_id for e in entries if e.fate is EntryFate.REMOVED} == olds.keys() - shared
    assert {one.entry_id for one in entries if one.edited} == edited
    assert {one.entry_id for one in entries if one.moved} == moved
    assert numbers(found) == (
        len(news.keys() - shared), len(olds.keys() - shared), len(edited), len(moved)
    )  # fmt: skip
    for one in entries:
        assert one.before == olds.get(one.entry_id)
        assert one.after == news.get(one.entry_id)
    places = [(one.after or one.before) for one in entries]
    assert places == sorted(places, key=lambda e: (e.position, e.entry_id))  # type: ignore[union-attr]


def test_nothing_to_compare_with(fresh_store: Store, tmp_path: Path) -> None:
    dataset = fresh_store.dataset("inn")
    dataset.import_file(jsonl(tmp_path / "inn.jsonl", [chat("one")]))
    with pytest.raises(NothingPublished):
        dataset.diff()
    with pytest.raises(VersionMissing):
        dataset.diff(1)
    dataset.publish()
    with pytest.raises(VersionMissing):
        dataset.diff(1, 2)
    assert numbers(dataset.diff()) == (0, 0, 0, 0)
    assert list(dataset.diff(1, 1)) == []


def test_an_edit_is_told_field_by_field_and_word_by_word(inn: Dataset) -> None:
    key = inn.page(1)[0].entry_id
    inn.edit(key, message=0, content="one and a half")
    inn.add_tags(["new"], entries=[key])
    inn.remove_tags(["t"], entries=[key])
    (one,) = inn.diff()
    assert (one.fate, one.edited, one.moved) == (EntryFate.CHANGED, True, False)
    assert (one.tags_added, one.tags_removed) == (("new",), ("t",))
    (message,) = one.messages
    assert (message.fate, message.before, message.after) == (MessageFate.EDITED, 0, 0)
    assert [piece.text for piece in message.fields[0].pieces()] == ["one", " and a half"]
    check(inn, None if inn.versions() == [] else 1, None)


def test_what_came_to_nothing_is_no_difference(inn: Dataset) -> None:
    entry = inn.page(1)[0]
    inn.edit(entry.entry_id, message=0, content="else")
    inn.edit(entry.entry_id, message=0, content="one")
    move(inn, entry.entry_id, entry.position + 1)
    assert numbers(inn.diff()) == (0, 0, 0, 0)
    inn.delete([entry.entry_id])
    assert numbers(inn.diff()) == (0, 1, 0, 0)
    inn.undo()
    inn.undo(to=1)
    assert len(inn.diff()) == 0


def test_an_entry_that_passed_others_has_moved(inn: Dataset) -> None:
    first, second, third = inn.page(3)
    move(inn, first.entry_id, third.position + 5)
    assert [(one.entry_id, one.moved) for one in inn.diff()] == [(first.entry_id, True)]
    move(inn, second.entry_id, third.position + 7)
    check(inn, 1, None)
    inn.delete([third.entry_id])
    # The two that are left stand as they stood.
    assert numbers(inn.diff()) == (0, 1, 0, 0)


def test_two_that_changed_places_around_one_that_only_shifted(inn: Dataset) -> None:
    first, second, third = inn.page(3)
    move(inn, first.entry_id, third.position + 5)
    move(inn, third.entry_id, first.position)
    move(inn, second.entry_id, second.position + 1)
    # The second has as many before it as ever, but not the same.
    assert inn.diff().moved == 3
    check(inn, 1, None)


def test_imports_are_added_and_removed_whole(inn: Dataset, tmp_path: Path) -> None:
    more = [chat(f"more {number}") for number in range(20)]
    inn.import_file(jsonl(tmp_path / "more.jsonl", more))
    inn.delete([inn.page(1, 5)[0].entry_id])
    inn.edit(inn.page(1, 7)[0].entry_id, message=0, content="edited")
    inn.publish()
    assert numbers(inn.diff(1, 2)) == (19, 0, 0, 0)
    back = inn.diff(2, 1)
    assert numbers(back) == (0, 19, 0, 0)
    assert [len(back.page(10, offset)) for offset in (0, 10, 20)] == [10, 9, 0]
    with pytest.raises(PageInvalid):
        back.page(-1)
    check(inn, 1, 2)


def test_a_bulk_tag_is_compared_by_tags_alone(inn: Dataset, tmp_path: Path) -> None:
    more = [chat(f"more {number}", tags=["t"] if number % 2 else []) for number in range(20)]
    inn.import_file(jsonl(tmp_path / "more.jsonl", more))
    inn.publish()
    with patch.object(bulk_tags, "INLINE_LIMIT", 2):
        inn.add_tags(["t"])
        inn.edit(inn.page(1, 1)[0].entry_id, message=0, content="edited")
        inn.publish()
        check(inn, 2, None)
        assert inn.diff(2).edited == 12
        inn.remove_tags(["t"])
        check(inn, 3, None)
        check(inn, 1, None)


def test_versions_of_other_working_copies_compare(inn: Dataset) -> None:
    draft = inn.fork("draft")
    draft.edit(draft.page(1)[0].entry_id, message=0, content="drafted")
    version = draft.publish().number
    inn.delete([inn.page(1, 1)[0].entry_id])
    check(inn, version, None)
    check(draft, 1, None)
    assert draft.diff().before.label == "version 2"
    assert inn.diff(version).after.label == "working copy main"
    assert numbers(draft.diff()) == (0, 0, 0, 0)


def test_a_difference_of_what_has_changed_since_is_refused(inn: Dataset) -> None:
    inn.edit(inn.page(1)[0].entry_id, message=0, content="a")
    inn.publish()
    versions, found = inn.diff(1, 2), inn.diff(1)
    inn.edit(inn.page(1)[0].entry_id, message=0, content="b")
    with pytest.raises(DifferenceOutdated):
        found.page()
    assert len(versions.page()) == 1
    inn.undo()
    assert len(found.page()) == 1


def test_a_transaction_cannot_be_compared_before_its_end(inn: Dataset, fresh_store: Store) -> None:
    found = inn.diff()
    with fresh_store.transaction():
        inn.edit(inn.page(1)[0].entry_id, message=0, content="a")
        with pytest.raises(TransactionOpen):
            inn.diff()
        with pytest.raises(TransactionOpen):
            found.page()
    assert inn.diff().edited == 1


OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["edit", "rewrite", "delete", "tag"]), st.integers(0, 9)),
    st.tuples(st.just("move"), st.integers(0, 80)),
    st.tuples(
        st.sampled_from(["bulk", "import", "undo", "redo", "publish", "checkpoint"]), st.just(0)
    ),
    st.tuples(st.just("checkout"), st.integers(1, 4)),
)


def step(store: Store, dataset: Dataset, name: str, number: int, folder: Path) -> None:
    """Carry one random operation out."""
    entries = dataset.page(1_000)
    one = entries[number % len(entries)] if entries else None
    match name:
        case "edit" if one is not None:
            dataset.edit(one.entry_id, message=0, content=f"text {number % 3}")
        case "rewrite" if one is not None:
            dataset.edit(one.entry_id, entry=chat("anew", str(number % 2), mood=number))
        case "delete" if one is not None:
            dataset.delete([one.entry_id])
        case "tag" if one is not None:
            dataset.add_tags([f"t{number % 2}"], entries=[one.entry_id])
        case "move" if one is not None:
            move(dataset, one.entry_id, 1024 * (number // 8) + number)
        case "bulk":
            dataset.add_tags(["bulk"])
        case "import":
            path = jsonl(folder / "more.jsonl", [chat(f"more {n}") for n in range(4)])
            dataset.import_file(path)
        case "checkout" if number <= len(dataset.versions()):
            dataset.checkout(number)
        case "checkpoint":
            store.checkpoint()
        case _:
            pass


@contextmanager
def random_store(empty_store: Path) -> Iterator[tuple[Store, Path]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(empty_store, folder / "store")
        with rolethread_store.open(folder / "store", PASSPHRASE) as store:
            yield store, folder


@pytest.mark.timeout(0)
@settings(max_examples=settings().max_examples // 5)
@given(operations=st.lists(OPERATIONS, min_size=1, max_size=14))
def test_any_two_states_differ_as_their_entries_do(
    empty_store: Path, operations: list[tuple[str, int]]
) -> None:
    with (
        random_store(empty_store) as (store, folder),
        patch.object(bulk_tags, "INLINE_LIMIT", 2),
    ):
        dataset = store.dataset("inn")
        records = [chat(f"entry {number}", "answer") for number in range(8)]
        dataset.import_file(jsonl(folder / "inn.jsonl", records))
        dataset.publish()
        for name, number in operations:
            if name == "publish":
                try:
                    dataset.publish()
                except NothingToPublish:
                    continue
            elif name in {"undo", "redo"}:
                try:
                    dataset.undo(to=1) if number else getattr(dataset, name)()
                except (NothingToUndo, NothingToRedo):
                    continue
                if not dataset.exists:
                    dataset.redo()
            else:
                step(store, dataset, name, number, folder)
        versions = [version.number for version in dataset.versions()][:2]
        for a, b in product(versions, [*versions, None]):
            check(dataset, a, b)
