"""Histories: a store and a plain model take the same commands and must agree throughout."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rolethread_store.errors import NotFound
from rolethread_store.store import LogItem
from rolethread_store.testing.modelled import MAIN, Copy, Operation, Row
from tests.property.side_by_side import SideBySide
from tests.property.told_entries import (
    CONDITIONS,
    TAGS,
    WORDS,
    new_rows,
    record_of,
    retagged,
    row_of,
    texts,
)

NAMES = ("tavern", "Café")
FORKS = ("draft", "other")
INLINE_LIMIT = 2
tag_lists = st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True)


class HistoryMachine(SideBySide):
    """Drives both; every rule says what is done."""

    # --- entries -------------------------------------------------------------------

    @initialize(new=st.lists(new_rows, min_size=3, max_size=4))
    def begins(self, new: list[Row]) -> None:
        self._import(None, NAMES[0], new, self._file(new, sharegpt=False, escape=False, bad=0))

    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        new=st.lists(new_rows, max_size=3),
        sharegpt=st.booleans(),
        escape=st.booleans(),
        bad=st.integers(0, 1),
    )
    def imports(
        self,
        data: st.DataObject,
        name: str,
        new: list[Row],
        sharegpt: bool,
        escape: bool,
        bad: int,
    ) -> None:
        copies = [copy for copy in self.model.copies() if copy.dataset.name == name]
        copy = data.draw(st.sampled_from(copies)) if copies else None
        self._import(copy, name, new, self._file(new, sharegpt=sharegpt, escape=escape, bad=bad))

    def _file(self, new: list[Row], *, sharegpt: bool, escape: bool, bad: int) -> Path:
        records = [record_of(row, sharegpt=sharegpt) for row in new]
        lines = [json.dumps(record, ensure_ascii=escape) for record in records]
        lines += ['{"messages": oops'] * bad
        self.files += 1
        path = self.folder / f"{self.files}.jsonl"
        # Bytes that a dataset has taken before it takes no second time; spaces make them new.
        end = " " * self.files + "\n"
        path.write_text("".join(line + end for line in lines), encoding="utf-8")
        return path

    def _import(self, copy: Copy | None, name: str, new: list[Row], path: Path) -> None:
        creates = copy is None
        copy = copy or self.model.create(name)
        handle = self._handle(copy) if not creates else self.store.dataset(name)
        report = handle.import_file(path)
        bad = path.read_text("utf-8").count("\n") - len(new)
        assert (report.entries, report.quarantined) == (len(new), bad)
        before = {row["entry_id"] for row in self.model.rows(copy.top.state)}
        fresh = tuple(
            {**row_of(entry), "updated_by": None}
            for entry in handle.page(1000)
            if entry.entry_id not in before
        )
        assert [{key: row[key] for key in new[0]} for row in fresh] == new
        ids = frozenset(row["entry_id"] for row in fresh)
        done = Operation("import", ids, fresh=fresh, creates=creates, quarantined=bad)
        self.model.do(done, [copy])

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), times=st.integers(1, 3), text=st.sampled_from(WORDS))
    def edits_some(self, data: st.DataObject, times: int, text: str) -> None:
        for _ in range(times):
            self._edit(data, text)

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), text=texts)
    def edits(self, data: st.DataObject, text: str) -> None:
        self._edit(data, text)

    def _edit(self, data: st.DataObject, text: str) -> None:
        copy = self._copy(data)
        for row in self._entries(data, copy, 1):
            place = data.draw(st.integers(0, len(row["said"]) - 1))
            # The store itself takes the dataset that has the entry, and its main working copy.
            door = self.store if copy.name == MAIN else self._handle(copy)
            door.edit(row["entry_id"], message=place, content=text)

            def play(row: Row, place: int = place) -> Row:
                said = list(row["said"])
                said[place] = said[place][0], text
                return {**row, "said": said}

            ids = frozenset([row["entry_id"]])
            self.model.do(Operation("edit", ids, play, detail=frozenset([place])), [copy])

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), new=new_rows, sharegpt=st.booleans())
    def rewrites(self, data: st.DataObject, new: Row, sharegpt: bool) -> None:
        copy = self._copy(data)
        for row in self._entries(data, copy, 1):
            self._handle(copy).edit(row["entry_id"], entry=record_of(new, sharegpt=sharegpt))

            def play(row: Row) -> Row:
                return {**row, **new}

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
        with pytest.raises(NotFound):
            self._handle(touched[0]).edit(
                chosen[copies.index(touched[0])][1][0]["entry_id"], message=0, content="too late"
            )

    @precondition(lambda self: self.model.copies())
    @rule(
        data=st.data(),
        tags=tag_lists,
        add=st.booleans(),
        which=st.sampled_from(["ids", "all", *CONDITIONS]),
    )
    def tags(self, data: st.DataObject, tags: list[str], add: bool, which: str) -> None:
        copy = self._copy(data)
        rows = self.model.rows(copy.top.state)
        entries = where = None
        if which == "ids":
            rows = self._entries(data, copy, 3)
            entries = [row["entry_id"] for row in rows]
        elif which in CONDITIONS:
            where = which
            rows = [row for row in rows if CONDITIONS[which](row)]
        handle = self._handle(copy)
        change = handle.add_tags if add else handle.remove_tags
        item = change(tags, entries=entries, where=where)
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
            self._require_target("undo", *done)

    @precondition(lambda self: self.model.copies())
    @rule(data=st.data(), back=st.integers(0, 8))
    def undoes_to(self, data: st.DataObject, back: int) -> None:
        copy = self._copy(data)
        kept = max(1, self.model.last - back)
        handle = self._handle(copy)
        done = self._both(lambda: self.model.undo_to(copy, kept), lambda: handle.undo(to=kept))
        if done is not None:
            self._require_target("undo", *done)

    @rule(data=st.data(), store_wide=st.booleans())
    def redoes(self, data: st.DataObject, store_wide: bool) -> None:
        copy = None if store_wide or not self.model.copies() else self._copy(data)
        redo = self.store.redo if copy is None else self._handle(copy).redo
        done = self._both(lambda: self.model.redo(copy), redo)
        if done is not None:
            self._require_target("redo", *done)

    def _require_target(self, kind: str, number: int, item: LogItem) -> None:
        assert item.kind == kind
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
            if read:
                self._both(lambda: self.model.undo(None), self.store.undo)
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
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=2_000 if deep else 4,
            stateful_step_count=30 if deep else 20,
            deadline=None,
            # A step takes 0.1 s, and finding a smaller example a hundred times as long.
            phases=tuple(Phase) if deep else (Phase.explicit, Phase.reuse, Phase.generate),
            report_multiple_bugs=False,
        ),
    )
