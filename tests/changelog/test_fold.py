"""Taking a set out of a fold is exact: as if it had never been put in."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog import DatasetFold
from rolethread_store.model import (
    BatchAttached,
    BatchKind,
    Change,
    DatasetDropped,
    DatasetRenamed,
    EntriesDeleted,
    EntryAdded,
    FactPut,
    MessageEdited,
    Source,
    TagsChanged,
    TagsPatched,
)
from rolethread_store.model.facts import Tag
from tests.scenes import created, entry, history_set

ME, OTHER = UUID(int=1), UUID(int=2)


def attached(batch: int | None, quarantine: int | None = None) -> BatchAttached:
    return BatchAttached(
        dataset_id=ME,
        import_id=UUID(int=5),
        batch_id=None if batch is None else UUID(int=batch),
        quarantine_id=None if quarantine is None else UUID(int=quarantine),
        sources=(Source(name="a", records=3, kept=2, quarantined=1),),
    )


def patched(batch: int) -> TagsPatched:
    return TagsPatched(dataset_id=ME, batch_id=UUID(int=batch), rows=1)


def edited(number: int, dataset: UUID = ME) -> MessageEdited:
    return MessageEdited(dataset_id=dataset, entry_id=UUID(int=number), message=0, content="x")


changes: st.SearchStrategy[Change] = st.one_of(
    st.integers(50, 60).map(attached),
    st.integers(50, 60).map(patched),
    st.integers(1, 4).map(edited),
    st.integers(1, 4).map(lambda n: EntryAdded(dataset_id=ME, entry=entry(n, "a"))),
    st.lists(st.integers(1, 4), unique=True).map(
        lambda ns: EntriesDeleted(dataset_id=ME, entry_ids=tuple(UUID(int=n) for n in ns))
    ),
    st.integers(1, 4).map(
        lambda n: TagsChanged(dataset_id=ME, entry_ids=(UUID(int=n),), add=("t",))
    ),
    st.just(DatasetRenamed(dataset_id=ME, name="other")),
    st.just(DatasetDropped(dataset_id=ME)),
    st.integers(1, 4).map(lambda n: edited(n, OTHER)),
    st.just(FactPut(fact=Tag(key="t", name="T"))),
)


def state(fold: DatasetFold) -> tuple[object, ...]:
    return fold.names, fold.layers, fold.attached, fold.pending, fold.dropped


@given(st.lists(st.lists(changes, min_size=1, max_size=3), max_size=6), st.integers(0, 6))
def test_undoing_sets_from_the_end_leaves_the_fold_of_the_others(
    sets: list[list[Change]], undone: int
) -> None:
    records = [history_set(seq, *one) for seq, one in enumerate(sets, start=1)]
    kept = max(0, len(records) - undone)
    fold, expected = DatasetFold(ME), DatasetFold(ME)
    fold.apply_all(records)
    fold.dirty.clear()
    expected.apply_all(records[:kept])
    for record in reversed(records[kept:]):
        fold.take_out(record)
    assert state(fold) == state(expected)


def test_a_dataset_exists_from_its_creation_until_it_is_dropped() -> None:
    fold = DatasetFold(ME)
    assert (fold.name, fold.exists) == ("", False)
    fold.apply(history_set(1, created(1, "tavern")))
    assert (fold.name, fold.exists) == ("tavern", True)
    fold.apply(history_set(2, DatasetRenamed(dataset_id=ME, name="inn")))
    dropped = history_set(3, DatasetDropped(dataset_id=ME))
    fold.apply(dropped)
    assert (fold.name, fold.exists) == ("inn", False)
    fold.take_out(dropped)
    assert fold.exists


def test_an_import_without_a_good_record_brings_no_layer() -> None:
    fold = DatasetFold(ME)
    fold.apply(history_set(1, attached(None, quarantine=60)))
    assert fold.layers == []
    assert [one.quarantine_id for _, one in fold.attached] == [UUID(int=60)]


def test_a_tag_patch_makes_every_pending_entry_dirty_again() -> None:
    fold = DatasetFold(ME)
    fold.apply(history_set(1, edited(1), edited(2)))
    fold.dirty.clear()
    patch = history_set(2, patched(50))
    fold.apply(patch)
    assert fold.dirty == {UUID(int=1), UUID(int=2)}
    fold.dirty.clear()
    fold.take_out(patch)
    assert fold.dirty == {UUID(int=1), UUID(int=2)}
    assert [layer.kind for layer in fold.layers] == []


def test_without_rows_only_the_listing_is_applied() -> None:
    fold = DatasetFold(ME)
    record = history_set(1, created(1, "tavern"), attached(50), patched(51), edited(1))
    fold.apply(record, rows=False)
    assert (fold.name, len(fold.attached), fold.layers, fold.pending) == ("tavern", 1, [], {})
    fold.apply(history_set(2, attached(52)))
    assert [layer.kind for layer in fold.layers] == [BatchKind.ENTRIES]
