"""A store against a plain list of entries: any commands in any order, one answer."""

from __future__ import annotations

import importlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import rolethread_store
from rolethread_store.changelog import NothingToRedo, NothingToUndo, UndoBlocked
from rolethread_store.errors import NotFound
from rolethread_store.model import Entry
from rolethread_store.store import LogItem, Store
from tests.scenes import PASSPHRASE, quick_keys

NAMES = ("tavern", "Café", "x-1")
WORDS = ("dragon", "rain", "Ünïcode", "数", "two  words", "line\nbreak", '"quoted"', "")
UNKNOWN = UUID(int=0)
TAGS = ("t1", "t2", "été")
CONDITIONS = {
    "message_count = 1": lambda e: len(e.messages) == 1,
    "list_contains(tags, 't1')": lambda e: "t1" in (e.tags or ()),
    "tags = []": lambda e: not e.tags,
    "messages[1].content LIKE '%dragon%'": lambda e: "dragon" in (e.messages[0].content or ""),
}

texts = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
tag_lists = st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True)
turns = st.tuples(st.sampled_from(["user", "assistant", "system"]), st.none() | texts)
fields = st.dictionaries(st.sampled_from(["score", "note"]), st.integers(0, 9) | texts, max_size=2)


@dataclass(frozen=True)
class Turn:
    role: str
    content: str | None


@dataclass(frozen=True)
class Row:
    """What the model knows of one entry; ``entry_id`` is learned from the store."""

    messages: tuple[Turn, ...]
    tags: tuple[str, ...] | None
    extra: dict[str, Any] = field(hash=False)
    entry_id: UUID = UNKNOWN


@st.composite
def rows(draw: st.DrawFn) -> Row:
    messages = tuple(Turn(*turn) for turn in draw(st.lists(turns, min_size=1, max_size=3)))
    return Row(messages, draw(st.none() | tag_lists.map(tuple)), draw(fields))


def record_of(row: Row, *, sharegpt: bool) -> dict[str, Any]:
    tags = {} if row.tags is None else {"tags": list(row.tags)}
    if sharegpt:
        said = {"user": "human", "assistant": "gpt", "system": "system"}
        turns = [{"from": said[turn.role], "value": turn.content} for turn in row.messages]
        return {"conversations": turns, **row.extra, **tags}
    turns = [{"role": turn.role, "content": turn.content} for turn in row.messages]
    return {"messages": turns, **tags, **row.extra}


def row_of(entry: Entry) -> Row:
    return Row(
        tuple(Turn(str(message.role), message.content) for message in entry.messages),
        entry.tags,
        {} if entry.extra is None else json.loads(entry.extra),
        entry.entry_id,
    )


def retagged(row: Row, add: Sequence[str], remove: Sequence[str]) -> Row:
    kept = [tag for tag in row.tags or () if tag not in remove]
    new = tuple(kept + [tag for tag in add if tag not in kept])
    return row if new == (row.tags or ()) else replace(row, tags=new)


@dataclass(eq=False, repr=False)
class Step:
    """One change set: what each dataset it touches holds afterwards."""

    item: LogItem
    after: dict[Shelf, tuple[tuple[Row, ...], int]]
    undone_by: int = 0

    def __repr__(self) -> str:
        return f"<{self.item.seq}: {self.item.summary}>"


@dataclass(eq=False, repr=False)
class Shelf:
    """One dataset of the model: its steps in effect, and those that were undone."""

    name: str
    stack: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{self.name} {self.stack} undone {self.undone}>"

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.stack[-1].after[self][0] if self.stack else ()

    @property
    def quarantined(self) -> int:
        return self.stack[-1].after[self][1] if self.stack else 0


class StoreMachine(RuleBasedStateMachine):
    """Runs commands on a store and on a list, and compares all answers after each."""

    template: Path
    place: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=self.place))
        shutil.copytree(self.template, self.folder / "store")
        self.store = self._opened()
        self.stale: Store | None = None
        self.shelves: list[Shelf] = []
        self.steps: list[Step] = []
        self.kinds: list[str] = []
        self.files = 0

    def teardown(self) -> None:
        for store in (self.stale, self.store):
            if store is not None:
                store.close()
        shutil.rmtree(self.folder)

    def _opened(self) -> Store:
        return rolethread_store.open(self.folder / "store", PASSPHRASE)

    # --- the model -----------------------------------------------------------------

    @property
    def there(self) -> list[Shelf]:
        return [shelf for shelf in self.shelves if shelf.stack]

    @property
    def filled(self) -> list[Shelf]:
        return [shelf for shelf in self.there if shelf.rows]

    def _did(
        self, item: LogItem, after: dict[Shelf, tuple[Row, ...]], quarantined: int = 0
    ) -> None:
        self.kinds.append("change")
        assert (item.kind, item.seq) == ("change", len(self.kinds))
        step = Step(
            item, {shelf: (rows, shelf.quarantined + quarantined) for shelf, rows in after.items()}
        )
        self.steps.append(step)
        for shelf in after:
            shelf.stack.append(step)
            shelf.undone.clear()

    def _expected_undo(self, shelf: Shelf | None) -> Step | type[Exception]:
        tops = [one.stack[-1] for one in ([shelf] if shelf else self.there) if one.stack]
        if not tops:
            return NothingToUndo
        step = max(tops, key=lambda top: top.item.seq)
        return step if all(one.stack[-1] is step for one in step.after) else UndoBlocked

    def _expected_redo(self, shelf: Shelf | None) -> Step | type[Exception]:
        tops = [one.undone[-1] for one in ([shelf] if shelf else self.shelves) if one.undone]
        free = [
            step
            for step in tops
            if all(one.undone and one.undone[-1] is step for one in step.after)
        ]
        return max(free, key=lambda step: step.undone_by) if free else NothingToRedo

    # --- commands ------------------------------------------------------------------

    @initialize(new=st.lists(rows(), min_size=2, max_size=4))
    def first_import(self, new: list[Row]) -> None:
        self.imports(NAMES[0], new, bad=0, sharegpt=False, escape=False)

    @rule(
        name=st.sampled_from(NAMES),
        new=st.lists(rows(), max_size=4),
        bad=st.integers(0, 1),
        sharegpt=st.booleans(),
        escape=st.booleans(),
    )
    def imports(self, name: str, new: list[Row], bad: int, sharegpt: bool, escape: bool) -> None:
        self.files += 1
        path = self.folder / f"{self.files}.jsonl"
        lines = [
            json.dumps(record_of(row, sharegpt=sharegpt), ensure_ascii=escape) for row in new
        ] + ['{"messages": oops'] * bad
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        dataset = self.store.dataset(name)
        report = dataset.import_file(path)
        assert (report.records, report.entries, report.quarantined) == (len(lines), len(new), bad)
        shelf = next((one for one in self.there if one.name == name), None)
        if shelf is None:
            for gone in self.shelves:
                if gone.name == name:
                    gone.undone.clear()
            shelf = Shelf(name)
            self.shelves.append(shelf)
        fresh = dataset.page(len(new), offset=len(shelf.rows))
        assert [replace(row_of(entry), entry_id=UNKNOWN) for entry in fresh] == new
        named = [replace(row, entry_id=e.entry_id) for row, e in zip(new, fresh, strict=True)]
        self._did(self.store.log(limit=1)[0], {shelf: (*shelf.rows, *named)}, bad)

    def _entry(self, data: st.DataObject) -> tuple[Shelf, int]:
        shelf = data.draw(st.sampled_from(self.filled))
        return shelf, data.draw(st.integers(0, len(shelf.rows) - 1))

    def _put(self, shelf: Shelf, place: int, row: Row) -> dict[Shelf, tuple[Row, ...]]:
        return {shelf: (*shelf.rows[:place], row, *shelf.rows[place + 1 :])}

    @precondition(lambda self: self.filled)
    @rule(data=st.data(), content=texts, through_dataset=st.booleans())
    def edits_message(self, data: st.DataObject, content: str, through_dataset: bool) -> None:
        shelf, place = self._entry(data)
        row = shelf.rows[place]
        number = data.draw(st.integers(0, len(row.messages) - 1))
        door = self.store.dataset(shelf.name) if through_dataset else self.store
        item = door.edit(row.entry_id, message=number, content=content)
        messages = list(row.messages)
        messages[number] = replace(messages[number], content=content)
        self._did(item, self._put(shelf, place, replace(row, messages=tuple(messages))))

    @precondition(lambda self: self.filled)
    @rule(data=st.data(), new=rows(), sharegpt=st.booleans())
    def rewrites_entry(self, data: st.DataObject, new: Row, sharegpt: bool) -> None:
        shelf, place = self._entry(data)
        entry_id = shelf.rows[place].entry_id
        item = self.store.edit(entry_id, entry=record_of(new, sharegpt=sharegpt))
        self._did(item, self._put(shelf, place, replace(new, entry_id=entry_id)))

    @precondition(lambda self: self.there)
    @rule(
        data=st.data(),
        add=st.booleans(),
        tags=tag_lists,
        which=st.sampled_from(["ids", "all", *CONDITIONS]),
    )
    def tags(self, data: st.DataObject, add: bool, tags: list[str], which: str) -> None:
        shelf = data.draw(st.sampled_from(self.there))
        chosen = [row for row in shelf.rows if which not in CONDITIONS or CONDITIONS[which](row)]
        entries = None
        if which == "ids":
            chosen = data.draw(st.lists(st.sampled_from(chosen), unique_by=id)) if chosen else []
            entries = [row.entry_id for row in chosen]
        where = which if which in CONDITIONS else None
        dataset = self.store.dataset(shelf.name)
        change = dataset.add_tags if add else dataset.remove_tags
        item = change(tags, entries=entries, where=where)
        ids = {row.entry_id for row in chosen}
        both: tuple[list[str], list[str]] = (tags, []) if add else ([], tags)
        after = tuple(retagged(r, *both) if r.entry_id in ids else r for r in shelf.rows)
        assert (item is None) == (after == shelf.rows)
        if item is not None:
            self._did(item, {shelf: after})

    @precondition(lambda self: self.filled)
    @rule(data=st.data())
    def deletes(self, data: st.DataObject) -> None:
        gone: set[UUID] = set()
        for _ in range(data.draw(st.integers(1, 3))):
            shelf, place = self._entry(data)
            gone.add(shelf.rows[place].entry_id)
        after = {
            shelf: tuple(row for row in shelf.rows if row.entry_id not in gone)
            for shelf in self.there
            if any(row.entry_id in gone for row in shelf.rows)
        }
        item = self.store.delete(sorted(gone))
        self._did(item, after)
        with pytest.raises(NotFound):
            self.store.edit(gone.pop(), message=0, content="too late")

    @rule(data=st.data(), store_wide=st.booleans())
    def undoes(self, data: st.DataObject, store_wide: bool) -> None:
        shelf = None
        if not store_wide and self.there:
            shelf = data.draw(st.sampled_from(self.there))
        self._undo(shelf)

    def _undo(self, shelf: Shelf | None) -> None:
        step = self._expected_undo(shelf)
        undo = self.store.undo if shelf is None else self.store.dataset(shelf.name).undo
        if not isinstance(step, Step):
            with pytest.raises(step):
                undo()
            return
        assert undo().target == step.item.set_id
        self.kinds.append("undo")
        step.undone_by = len(self.kinds)
        for one in step.after:
            one.undone.append(one.stack.pop())

    @rule(data=st.data(), store_wide=st.booleans())
    def redoes(self, data: st.DataObject, store_wide: bool) -> None:
        # A name means the dataset that has it now, else the last that had it.
        last = {shelf.name: shelf for shelf in self.shelves}
        last |= {shelf.name: shelf for shelf in self.there}
        shelf = None
        if not store_wide and last:
            shelf = data.draw(st.sampled_from(sorted(last.values(), key=lambda one: one.name)))
        step = self._expected_redo(shelf)
        redo = self.store.redo if shelf is None else self.store.dataset(shelf.name).redo
        if not isinstance(step, Step):
            with pytest.raises(step):
                redo()
            return
        assert redo().target == step.item.set_id
        self.kinds.append("redo")
        for one in step.after:
            one.stack.append(one.undone.pop())

    @rule()
    def checkpoints(self) -> None:
        self.store.checkpoint()

    @rule()
    def reopens(self) -> None:
        self.store.close()
        self.store = self._opened()

    @precondition(lambda self: self.stale is None)
    @rule(read=st.booleans())
    def opens_a_second_handle(self, read: bool) -> None:
        self.stale = self._opened()
        if read:
            self.stale.sql("SELECT count(*) FROM entries").fetchall()

    @precondition(lambda self: self.stale is not None)
    @rule(checkpoint=st.booleans())
    def goes_on_with_the_second_handle(self, checkpoint: bool) -> None:
        assert self.stale is not None
        self.store.close()
        self.store, self.stale = self.stale, None
        if checkpoint:
            self.store.checkpoint()
        else:
            self._undo(None)
            # An undo that had nothing to do leaves the handle as old as it was.
            self.store.checkpoint()

    # --- answers -------------------------------------------------------------------

    @invariant()
    def same_entries(self) -> None:
        infos = self.store.datasets()
        assert [(one.name, one.entries, one.quarantined) for one in infos] == [
            (shelf.name, len(shelf.rows), shelf.quarantined) for shelf in self.there
        ]
        for shelf in self.there:
            entries = self.store.dataset(shelf.name).page(1000)
            assert [row_of(entry) for entry in entries] == list(shelf.rows)
            positions = [entry.position for entry in entries]
            assert positions == sorted(set(positions))
        assert len(self.store.quarantine()) == sum(shelf.quarantined for shelf in self.there)

    @invariant()
    def same_sql(self) -> None:
        found = self.store.sql("SELECT entry_id, message_count, tags FROM entries").fetchall()
        assert {entry_id: (count, tuple(tags)) for entry_id, count, tags in found} == {
            row.entry_id: (len(row.messages), row.tags or ())
            for shelf in self.there
            for row in shelf.rows
        }
        assert len(found) == sum(len(shelf.rows) for shelf in self.there)
        said = self.store.sql("SELECT dataset, entry_id, turn, role, content FROM messages")
        assert set(said.fetchall()) == {
            (shelf.name, row.entry_id, turn, message.role, message.content)
            for shelf in self.there
            for row in shelf.rows
            for turn, message in enumerate(row.messages)
        }

    @invariant()
    def same_search(self) -> None:
        hits = self.store.search("dragon", tags=["t1"])
        assert {hit.entry_id for hit in hits} == {
            row.entry_id
            for shelf in self.there
            for row in shelf.rows
            if "t1" in (row.tags or ())
            and any("dragon" in (turn.content or "").lower() for turn in row.messages)
        }

    @invariant()
    def same_log(self) -> None:
        items = self.store.log()
        assert [item.kind for item in reversed(items)] == self.kinds
        changes = [item for item in reversed(items) if item.kind == "change"]
        in_effect = {id(step) for shelf in self.shelves for step in shelf.stack}
        assert [(item.set_id, item.undone) for item in changes] == [
            (step.item.set_id, id(step) not in in_effect) for step in self.steps
        ]
        status = self.store.status()
        for told, expected in (
            (status.undoable, self._expected_undo(None)),
            (status.redoable, self._expected_redo(None)),
        ):
            assert told == (expected.item.summary if isinstance(expected, Step) else None)


def module(name: str) -> ModuleType:
    return importlib.import_module(f"rolethread_store.{name}")


@pytest.fixture
def small_limits() -> Iterator[None]:
    """Make a few entries take the ways that a million take."""
    with (
        patch.object(module("editing.bulk_tags"), "INLINE_LIMIT", 2),
        patch.object(module("dataset.planning"), "UPPER_LIMIT", 3),
        patch.object(module("dataset.planning"), "GROUND_LIMIT", 2),
        patch.object(module("dataset.planning"), "PENDING_LIMIT", 4),
        patch.object(module("store.upkeep"), "_CHANGES_BETWEEN_LOOKS", 2),
    ):
        yield


@pytest.mark.usefixtures("small_limits")
@pytest.mark.timeout(1800)
def test_a_store_answers_like_a_list(empty_store: Path, tmp_path: Path) -> None:
    machine = type("Machine", (StoreMachine,), {"template": empty_store, "place": tmp_path})
    deep = settings().max_examples > 100
    with quick_keys():
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=300 if deep else 6,
                stateful_step_count=40 if deep else 20,
                deadline=None,
                # A step takes 0.1 s, and finding a smaller example a hundred times as long.
                phases=tuple(Phase) if deep else (Phase.explicit, Phase.reuse, Phase.generate),
                report_multiple_bugs=False,
            ),
        )
