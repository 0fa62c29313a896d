"""Histories: a store and a plain model take the same commands and must agree throughout."""

from __future__ import annotations

import importlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

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
from rolethread_store.changelog import NothingToRedo, NothingToUndo, UndoBlocked, VersionMissing
from rolethread_store.errors import StoreError
from rolethread_store.model import Entry
from rolethread_store.store import Dataset, LogItem, Store
from rolethread_store.store.overview import ChangeMissing
from rolethread_store.store.reverting import NothingToRevert, RevertConflict
from rolethread_store.store.versions import (
    NothingPublished,
    NothingToDiscard,
    NothingToPublish,
    UnpublishedChanges,
    WorkingCopyNameInvalid,
    WorkingCopyNameTaken,
)
from rolethread_store.testing.model import StoreModel
from rolethread_store.testing.modelled import Copy, Operation, Refused, Row
from tests.scenes import PASSPHRASE, chat, jsonl, quick_keys

NAMES = ("inn", "mill")
FORKS = ("draft", "other")
WORDS = ("ale", "rain", "Ünï", "")
TAGS = ("t1", "t2", "t3")
INLINE_LIMIT = 2
REFUSALS: dict[str, type[StoreError]] = {
    "nothing-to-undo": NothingToUndo,
    "nothing-to-redo": NothingToRedo,
    "undo-blocked": UndoBlocked,
    "change-missing": ChangeMissing,
    "version-missing": VersionMissing,
    "nothing-to-publish": NothingToPublish,
    "nothing-published": NothingPublished,
    "nothing-to-discard": NothingToDiscard,
    "name-taken": WorkingCopyNameTaken,
    "main-stays": WorkingCopyNameInvalid,
    "unpublished": UnpublishedChanges,
    "nothing-to-revert": NothingToRevert,
    "revert-conflict": RevertConflict,
}
T = TypeVar("T")
U = TypeVar("U")

tag_lists = st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True)
said = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)


def row_of(entry: Entry) -> Row:
    return {
        "entry_id": entry.entry_id,
        "position": entry.position,
        "said": [message.content for message in entry.messages],
        "tags": list(entry.tags or ()),
    }


def retagged(row: Row, add: list[str], remove: list[str]) -> Row:
    kept = [tag for tag in row["tags"] if tag not in remove]
    return {**row, "tags": kept + [tag for tag in add if tag not in kept]}


class HistoryMachine(RuleBasedStateMachine):
    """Drives both; every rule says what is done, the invariant compares everything."""

    template: Path
    place: Path

    def __init__(self) -> None:
        super().__init__()
        self.model = StoreModel()
        self.folder = Path(tempfile.mkdtemp(dir=self.place))
        self.path = self.folder / "store"
        shutil.copytree(self.template, self.path)
        self.store = self._opened()
        self.second: Store | None = None
        self.files = 0
        self.look_back = False

    def teardown(self) -> None:
        self._compare_versions()
        for store in (self.second, self.store):
            if store is not None:
                store.close()
        shutil.rmtree(self.folder)

    def _opened(self) -> Store:
        return rolethread_store.open(self.path, PASSPHRASE)

    def _handle(self, copy: Copy) -> Dataset:
        return self.store.dataset(copy.dataset.name, copy.name)

    def _both(self, expected: Callable[[], T], asked: Callable[[], U]) -> tuple[T, U] | None:
        try:
            wanted = expected()
        except Refused as refused:
            self._refused(refused, asked)
            return None
        got = asked()
        assert self.store.log(limit=1)[0].seq == self.model.last
        return wanted, got

    def _refused(self, refused: Refused, asked: Callable[[], object]) -> None:
        with pytest.raises(REFUSALS[refused.why]) as told:
            asked()
        error = told.value
        assert getattr(error, "changes", ()) == refused.changes

    def _copy(self, data: st.DataObject) -> Copy:
        return data.draw(st.sampled_from(self.model.copies()))

    def _entries(self, data: st.DataObject, copy: Copy, most: int) -> list[Row]:
        rows = self.model.rows(copy.top.state)
        if not rows:
            return []
        chosen = data.draw(
            st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=most, unique=True)
        )
        return [rows[place] for place in chosen]

    # --- entries -------------------------------------------------------------------

    @initialize(new=st.lists(said, min_size=3, max_size=4))
    def begins(self, new: list[list[str]]) -> None:
        self._import(None, "inn", new)

    @rule(data=st.data(), name=st.sampled_from(NAMES), new=st.lists(said, max_size=3))
    def imports(self, data: st.DataObject, name: str, new: list[list[str]]) -> None:
        copies = [copy for copy in self.model.copies() if copy.dataset.name == name]
        self._import(data.draw(st.sampled_from(copies)) if copies else None, name, new)

    def _import(self, copy: Copy | None, name: str, new: list[list[str]]) -> None:
        self.files += 1
        path = jsonl(self.folder / f"{self.files}.jsonl", [chat(*texts) for texts in new])
        creates = copy is None
        copy = copy or self.model.create(name)
        handle = self._handle(copy) if not creates else self.store.dataset(name)
        handle.import_file(path)
        before = {row["entry_id"] for row in self.model.rows(copy.top.state)}
        fresh = tuple(
            {**row_of(entry), "updated_by": None}
            for entry in handle.page(1000)
            if entry.entry_id not in before
        )
        assert [row["said"] for row in fresh] == new
        ids = frozenset(row["entry_id"] for row in fresh)
        self.model.do(Operation("import", ids, fresh=fresh, creates=creates), [copy])

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), times=st.integers(1, 3), text=st.sampled_from(WORDS))
    def edits_some(self, data: st.DataObject, times: int, text: str) -> None:
        for _ in range(times):
            self._edit(data, text)

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), text=st.sampled_from(WORDS))
    def edits(self, data: st.DataObject, text: str) -> None:
        self._edit(data, text)

    def _edit(self, data: st.DataObject, text: str) -> None:
        copy = self._copy(data)
        for row in self._entries(data, copy, 1):
            place = data.draw(st.integers(0, len(row["said"]) - 1))
            self._handle(copy).edit(row["entry_id"], message=place, content=text)

            def play(row: Row, place: int = place) -> Row:
                words = [*row["said"][:place], text, *row["said"][place + 1 :]]
                return {**row, "said": words}

            ids = frozenset([row["entry_id"]])
            self.model.do(Operation("edit", ids, play, detail=frozenset([place])), [copy])

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), new=said)
    def rewrites(self, data: st.DataObject, new: list[str]) -> None:
        copy = self._copy(data)
        for row in self._entries(data, copy, 1):
            self._handle(copy).edit(row["entry_id"], entry=json.dumps(chat(*new)))

            def play(row: Row) -> Row:
                return {**row, "said": new, "tags": []}

            self.model.do(Operation("rewrite", frozenset([row["entry_id"]]), play), [copy])

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), everywhere=st.booleans())
    def deletes(self, data: st.DataObject, everywhere: bool) -> None:
        if everywhere:
            copies = [dataset.main for dataset in self.model.there()]
        else:
            copies = [self._copy(data)]
        chosen = [(copy, self._entries(data, copy, 2)) for copy in copies]
        ids = frozenset(row["entry_id"] for _, rows in chosen for row in rows)
        if not ids:
            return
        if everywhere:
            self.store.delete(sorted(ids))
        else:
            self._handle(copies[0]).delete(sorted(ids))
        touched = [copy for copy, rows in chosen if rows]
        self.model.do(Operation("delete", ids, lambda row: None), touched)

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), tags=tag_lists, add=st.booleans(), every=st.booleans())
    def tags(self, data: st.DataObject, tags: list[str], add: bool, every: bool) -> None:
        copy = self._copy(data)
        rows = self.model.rows(copy.top.state)
        if not every:
            rows = self._entries(data, copy, 3)
        handle = self._handle(copy)
        change = handle.add_tags if add else handle.remove_tags
        item = change(tags, entries=None if every else [row["entry_id"] for row in rows])
        both: tuple[list[str], list[str]] = (tags, []) if add else ([], tags)
        after = {row["entry_id"]: retagged(row, *both)["tags"] for row in rows}
        ids = frozenset(row["entry_id"] for row in rows if after[row["entry_id"]] != row["tags"])
        assert (item is None) == (not ids)
        if len(ids) > INLINE_LIMIT:
            made = {key: after[key] for key in ids}
            patched = Operation("patch", ids, lambda row: {**row, "tags": made[row["entry_id"]]})
            self.model.do(patched, [copy])
        elif ids:
            detail = frozenset(tags)
            self.model.do(
                Operation("tag", ids, lambda row: retagged(row, *both), detail=detail), [copy]
            )

    # --- history -------------------------------------------------------------------

    @rule(data=st.data(), store_wide=st.booleans())
    def undoes(self, data: st.DataObject, store_wide: bool) -> None:
        copy = None if store_wide or not self.model.copies() else self._copy(data)
        # A dataset that is not there leaves little to try, so its import mostly stays.
        if len(self.model.changes()) < 6 and data.draw(st.integers(0, 3)):
            return
        undo = self.store.undo if copy is None else self._handle(copy).undo
        done = self._both(lambda: self.model.undo(copy), undo)
        if done is not None:
            self._require_target(*done)

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), back=st.integers(0, 8))
    def undoes_to(self, data: st.DataObject, back: int) -> None:
        copy = self._copy(data)
        kept = max(1, self.model.last - back)
        handle = self._handle(copy)
        done = self._both(lambda: self.model.undo_to(copy, kept), lambda: handle.undo(to=kept))
        if done is not None:
            self._require_target(*done)

    @rule(data=st.data(), store_wide=st.booleans())
    def redoes(self, data: st.DataObject, store_wide: bool) -> None:
        copy = None if store_wide or not self.model.copies() else self._copy(data)
        redo = self.store.redo if copy is None else self._handle(copy).redo
        done = self._both(lambda: self.model.redo(copy), redo)
        if done is not None:
            self._require_target(*done)

    def _require_target(self, number: int, item: LogItem) -> None:
        log = {one.seq: one.set_id for one in self.store.log()}
        assert item.target == log[number]

    @rule(data=st.data(), store_wide=st.booleans())
    def reverts(self, data: st.DataObject, store_wide: bool) -> None:
        copy = None if store_wide or not self.model.copies() else self._copy(data)
        changes = [*self.model.changes(), self.model.last]
        if copy is not None and data.draw(st.integers(0, 9)):
            # The first is the import that made the dataset, which only undo takes back.
            changes = sorted(copy.top.state)[1:] or changes
        change = data.draw(st.sampled_from(changes))
        revert = self.store.revert if copy is None else self._handle(copy).revert
        self._both(lambda: self.model.revert(change, copy), lambda: revert(change))

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data())
    def publishes(self, data: st.DataObject) -> None:
        copy = self._copy(data)
        handle = self._handle(copy)
        done = self._both(lambda: self.model.publish(copy), handle.publish)
        assert done is None or done[0] == done[1].number

    @precondition(lambda self: any(one.versions for one in self.model.there()))
    @rule(data=st.data(), number=st.integers(0, 3), discard=st.booleans())
    def goes_back(self, data: st.DataObject, number: int, discard: bool) -> None:
        copy = self._copy(data)
        handle = self._handle(copy)
        if discard:
            self._both(lambda: self.model.discard(copy), handle.discard)
        else:
            self._both(lambda: self.model.checkout(copy, number), lambda: handle.checkout(number))

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), name=st.sampled_from(FORKS), number=st.none() | st.integers(1, 2))
    def forks(self, data: st.DataObject, name: str, number: int | None) -> None:
        copy = self._copy(data)
        handle = self._handle(copy)
        self._both(
            lambda: self.model.fork(copy, name, number), lambda: handle.fork(name, at=number)
        )

    @precondition(lambda self: any(len(one.listed()) > 1 for one in self.model.there()))
    @rule(data=st.data(), force=st.booleans())
    def deletes_copy(self, data: st.DataObject, force: bool) -> None:
        copy = self._copy(data)
        handle = self._handle(copy)
        self._both(
            lambda: self.model.delete_copy(copy, force=force),
            lambda: handle.delete_working_copy(force=force),
        )

    # --- what must change nothing --------------------------------------------------

    @rule(
        how=st.sampled_from(["checkpoint", "collect", "reopen", "crash", "second"]),
        read=st.booleans(),
    )
    def settles(self, how: str, read: bool) -> None:
        if how == "checkpoint":
            self.store.checkpoint()
        elif how == "collect":
            self.store.collect_garbage()
        elif how == "reopen":
            self.store.close()
            self.store = self._opened()
        elif how == "crash":
            self._crash()
        elif self.second is None:
            self.second = self._opened()
            if read:
                self.second.sql("SELECT count(*) FROM entries").fetchall()
        else:
            self.store.close()
            self.store, self.second = self.second, None
            # Its state is as old as its opening, until it writes.
            self.store.checkpoint()
        self.look_back = True

    def _crash(self) -> None:
        """Go on from the bytes as they lie there, with no file closed."""
        self._forget_second()
        self.files += 1
        image = self.folder / f"image{self.files}"
        shutil.copytree(self.path, image)
        self.store.close()
        shutil.rmtree(self.path)
        self.path = image
        self.store = self._opened()

    def _forget_second(self) -> None:
        if self.second is not None:
            self.second.close()
            self.second = None

    # --- answers -------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        infos = self.store.datasets()
        assert [info.name for info in infos] == [one.name for one in self.model.there()]
        moments = {item.seq: item.at for item in self.store.log()}
        assert len(moments) == self.model.last
        for dataset in self.model.there():
            listed = self.store.dataset(dataset.name).working_copies()
            assert [copy.name for copy in listed] == [copy.name for copy in dataset.listed()]
            for copy in dataset.listed():
                entries = self._handle(copy).page(1000)
                wanted = self.model.rows(copy.top.state)
                for entry, row in zip(entries, wanted, strict=True):
                    assert row_of(entry) == {**row_of(entry), **_shown(row)}
                    changed = row["updated_by"]
                    moment = entry.created_at if changed is None else moments[changed]
                    assert entry.updated_at == moment
                positions = [entry.position for entry in entries]
                assert positions == sorted(set(positions))
        if self.look_back:
            self._compare_versions()

    def _compare_versions(self) -> None:
        self.look_back = False
        for dataset in self.model.there():
            handle = self.store.dataset(dataset.name)
            assert [v.number for v in handle.versions()] == [
                v.number for v in reversed(dataset.versions)
            ]
            for version in dataset.versions:
                entries = handle.page(1000, at=version.number)
                assert [row_of(entry) for entry in entries] == [
                    _shown(row) for row in self.model.rows(version.node.state)
                ]


def _shown(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "updated_by"}


@pytest.fixture
def small_limits() -> Iterator[None]:
    """Make a few entries take the ways that a million take."""
    limits = {
        "editing.bulk_tags": {"INLINE_LIMIT": INLINE_LIMIT},
        "dataset.planning": {"UPPER_LIMIT": 3, "GROUND_LIMIT": 2, "PENDING_LIMIT": 4},
        "store.upkeep": {"_CHANGES_BETWEEN_LOOKS": 2},
    }
    with ExitStack() as patched:
        for name, values in limits.items():
            module = importlib.import_module(f"rolethread_store.{name}")
            for limit, value in values.items():
                patched.enter_context(patch.object(module, limit, value))
        yield


@pytest.mark.usefixtures("small_limits")
@pytest.mark.timeout(7200)
def test_a_store_has_the_history_of_the_model(empty_store: Path, tmp_path: Path) -> None:
    machine = type("Machine", (HistoryMachine,), {"template": empty_store, "place": tmp_path})
    deep = settings().max_examples > 100
    with quick_keys():
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=2_000 if deep else 5,
                stateful_step_count=30 if deep else 20,
                deadline=None,
                phases=tuple(Phase) if deep else (Phase.explicit, Phase.reuse, Phase.generate),
                report_multiple_bugs=False,
            ),
        )
