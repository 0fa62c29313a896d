"""Pending changes laid over rows against the pure rules, change by change."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.changelog import DatasetFold, EntryPatch, Layer, applied
from rolethread_store.dataset import (
    ENTRY_SELECT,
    Journal,
    Reader,
    WritingRoom,
    entry_of,
    overlay,
)
from rolethread_store.dataset.rows import overlay_table, patch_rows
from rolethread_store.model import (
    Alternative,
    Batch,
    BatchKind,
    ChangeSet,
    EntriesDeleted,
    Entry,
    EntryAdded,
    EntryChange,
    EntryMoved,
    EntryRewritten,
    Message,
    MessageEdited,
    Origin,
    TagsChanged,
    TagsPatched,
)
from rolethread_store.segments import ENTRY_COLUMNS
from rolethread_store.store import Store
from tests.scenes import MOMENT, PASSPHRASE, entry, history_set

ME = UUID(int=99)
TAGS = ("a", "b", "été", "", "it's")
EXTRAS = (
    None,
    '{"weight":1e400}',
    '{"content":null}',
    '{"a":1, "content":[{"type":"text"}],"b":"content"}',
    '{"\\u0063ontent":null,"b":2}',
    '{"a":"\\\\"}',
)
Rows = dict[UUID, Entry]
Patches = dict[int, dict[UUID, tuple[str, ...]]]


def below() -> list[Entry]:
    """Six entries as an import leaves them, each strange in its own way."""
    plain = [entry(n, *(f"text {n}.{turn}" for turn in range(n % 4 + 1))) for n in range(1, 7)]
    tags = (None, (), ("a", "b"), ("b", "a", "b"), ("été",), None)
    return [
        one.model_copy(
            update={
                "tags": tags[number],
                "extra": EXTRAS[number],
                "origin": Origin(source="f", record=number, format="chatml"),
                "messages": tuple(
                    message.model_copy(
                        update={
                            "extra": EXTRAS[(number + turn) % len(EXTRAS)],
                            "alternatives": (Alternative(content="other"),) if turn else None,
                        }
                    )
                    for turn, message in enumerate(one.messages)
                ),
            }
        )
        for number, one in enumerate(plain)
    ]


BELOW = below()
IDS = [one.entry_id for one in BELOW]
NEW = [UUID(int=n) for n in (3, 0, 1000)]
"""Ids that are added: one that is below already, two that are not."""

some_ids = st.sampled_from(IDS + NEW)
tag_lists = st.lists(st.sampled_from(TAGS), max_size=3).map(tuple)
texts = st.sampled_from(("", "new", "two\nlines", "数 '\"\\' \x00\u2028", "null"))
messages = st.lists(
    st.builds(
        Message,
        role=st.just("user"),
        content=texts,
        weight=st.sampled_from((None, 0.1, float("inf"))),
        extra=st.sampled_from(EXTRAS),
    ),
    max_size=3,
).map(tuple)
changes: st.SearchStrategy[EntryChange] = st.one_of(
    st.builds(
        MessageEdited,
        dataset_id=st.just(ME),
        entry_id=some_ids,
        message=st.sampled_from((0, 0, 1, 2, 9, 2**70)),
        content=texts,
    ),
    st.builds(
        TagsChanged,
        dataset_id=st.just(ME),
        entry_ids=st.lists(some_ids, max_size=3, unique=True).map(tuple),
        add=tag_lists,
        remove=tag_lists,
    ),
    st.builds(EntryMoved, dataset_id=st.just(ME), entry_id=some_ids, position=st.integers(-9, 9)),
    st.builds(
        EntryRewritten,
        dataset_id=st.just(ME),
        entry_id=some_ids,
        messages=messages,
        tags=st.none() | tag_lists,
        extra=st.sampled_from(EXTRAS),
        format=st.sampled_from((None, "", "sharegpt")),
    ),
    st.builds(
        EntriesDeleted,
        dataset_id=st.just(ME),
        entry_ids=st.lists(some_ids, min_size=1, max_size=2, unique=True).map(tuple),
    ),
    st.builds(
        EntryAdded,
        dataset_id=st.just(ME),
        entry=st.builds(
            lambda entry_id, said, tags: BELOW[0].model_copy(
                update={"entry_id": entry_id, "messages": said, "tags": tags}
            ),
            st.sampled_from(NEW),
            messages,
            st.none() | tag_lists,
        ),
    ),
)
steps = st.lists(
    st.one_of(
        changes,
        changes,
        changes,
        st.sampled_from(("patch 0", "patch 1", "undo", "redo", "ask", "ask")),
    ),
    min_size=1,
    max_size=14,
)


class Bench:
    """One reader over a batch of entries and two tag batches, for folds made by hand."""

    def __init__(self, store: Store) -> None:
        parts = store._parts
        self.journal: Journal = parts.journal
        self.reader: Reader = parts.reader
        room: WritingRoom = parts.room
        columns = list(ENTRY_COLUMNS)
        rows = overlay_table([(one.entry_id, one) for one in BELOW]).select(columns)
        self.tags: Patches = {
            0: {IDS[0]: ("p",), IDS[2]: (), IDS[3]: ("a", "q"), NEW[1]: ("p",)},
            1: {IDS[0]: ("q",), IDS[5]: ("b",), NEW[2]: ("q", "a")},
        }
        self.batches: list[Batch] = []
        self.entries = self._written(room, BatchKind.ENTRIES, rows)
        self.patches = [
            self._written(room, BatchKind.TAGS, self._tag_rows(self.tags[n])) for n in (0, 1)
        ]
        self.journal.publish(self.batches)

    def patched(self, step: str) -> TagsPatched:
        number = int(step.removeprefix("patch "))
        batch = self.patches[number]
        return TagsPatched(dataset_id=ME, batch_id=batch.batch_id, rows=len(self.tags[number]))

    def given(self, change: TagsPatched) -> dict[UUID, tuple[str, ...]]:
        numbers = {batch.batch_id: n for n, batch in enumerate(self.patches)}
        return self.tags[numbers[change.batch_id]]

    def _tag_rows(self, tags: dict[UUID, tuple[str, ...]]) -> pa.Table:
        rows = [
            (entry_id, entry(1).model_copy(update={"tags": given}))
            for entry_id, given in tags.items()
        ]
        return overlay_table(rows).select(["entry_id", "tags"])

    def _written(self, room: WritingRoom, kind: BatchKind, rows: pa.Table) -> Batch:
        batch = room.write_table(kind, rows)
        assert batch is not None
        self.batches.append(batch)
        return batch

    def fold(self) -> DatasetFold:
        return DatasetFold(ME, layers=[Layer(0, BatchKind.ENTRIES, self.entries.batch_id)])

    def rows(self, fold: DatasetFold) -> Rows:
        relation = self.reader.relation(fold)
        found = self.reader.rows(f"SELECT {ENTRY_SELECT}, message_count FROM ({relation})")
        entries = [entry_of(row[:-1]) for row in found]
        assert [len(one.messages) for one in entries] == [row[-1] for row in found]
        assert len({one.entry_id for one in entries}) == len(entries)
        assert self.reader.rows(f"SELECT count(*) FROM ({relation})") == [(len(entries),)]
        return {one.entry_id: one for one in entries}


@pytest.fixture(scope="module")
def bench(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    path = tmp_path_factory.mktemp("overlay") / "store"
    shutil.copytree(empty_store, path)
    with (
        pytest.MonkeyPatch.context() as patched,
        rolethread_store.open(path, passphrase=PASSPHRASE) as store,
    ):
        patched.setattr(overlay, "_AT_ONCE", 2)  # A few entries go to the engine in turns too.
        yield Bench(store)


def touched(change: EntryChange) -> tuple[UUID, ...]:
    match change:
        case EntryAdded():
            return (change.entry.entry_id,)
        case TagsChanged() | EntriesDeleted():
            return change.entry_ids
        case _:
            return (change.entry_id,)


def expected(sets: Sequence[ChangeSet], bench: Bench) -> Rows:
    """The rows after some sets, one change after the other, by the pure rules."""
    rows: dict[UUID, Entry | None] = {one.entry_id: one for one in BELOW}
    for record in sets:
        [change] = record.changes
        if isinstance(change, TagsPatched):
            for entry_id, tags in bench.given(change).items():
                one = rows.get(entry_id)
                rows[entry_id] = one and one.model_copy(update={"tags": tags})
        elif isinstance(change, EntryChange):
            for entry_id in touched(change):
                rows[entry_id] = applied(rows.get(entry_id), change, record.at)
    return {entry_id: one for entry_id, one in rows.items() if one is not None}


@given(steps)
def test_rows_are_what_the_changes_make_of_them(
    bench: Bench, steps: list[EntryChange | str]
) -> None:
    fold = bench.fold()
    done: list[ChangeSet] = []
    undone: list[ChangeSet] = []
    for number, step in enumerate([*steps, "ask"], 1):
        if step == "ask":
            assert bench.rows(fold) == expected(done, bench)
        elif step == "undo":
            if done:
                undone.append(done.pop())
                fold.take_out(undone[-1])
        elif step == "redo":
            if undone:
                done.append(undone.pop())
                fold.apply(done[-1])
        else:
            change = bench.patched(step) if isinstance(step, str) else step
            at = MOMENT + timedelta(minutes=number)
            done.append(history_set(number, change).model_copy(update={"at": at}))
            undone.clear()
            fold.apply(done[-1])


def test_an_edit_between_two_queries_does_not_make_the_others_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = bench.fold()
    for number, entry_id in enumerate(IDS, 1):
        change = MessageEdited(dataset_id=ME, entry_id=entry_id, message=0, content="x")
        fold.apply(history_set(number, change))
    bench.rows(fold)
    made: list[UUID] = []

    def counted(patches: list[tuple[UUID, EntryPatch]]) -> str:
        made.extend(entry_id for entry_id, _ in patches)
        return patch_rows(patches)

    monkeypatch.setattr(overlay, "patch_rows", counted)
    fold.apply(history_set(9, EntryMoved(dataset_id=ME, entry_id=IDS[3], position=5)))
    assert bench.rows(fold)[IDS[3]].position == 5
    assert made == [IDS[3]]
