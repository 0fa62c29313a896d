"""A store and a plain model side by side: every question to both, and one answer."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

import rolethread_store
from rolethread_store.changelog import NothingToRedo, NothingToUndo, UndoBlocked, VersionMissing
from rolethread_store.errors import StoreError
from rolethread_store.store import Dataset, Store
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
from rolethread_store.testing.modelled import Copy, Refused, Row
from tests.property.told_entries import row_of
from tests.scenes import PASSPHRASE

__all__ = ["SideBySide"]

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


class SideBySide(RuleBasedStateMachine):
    """Asks both; what is done to them is another's rules, and everything is compared after each."""

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

    # --- answers -------------------------------------------------------------------

    @invariant()
    def agree(self) -> None:
        there = self.model.there()
        infos = self.store.datasets()
        states = [one.main.top.state for one in there]
        assert [(info.name, info.entries, info.quarantined) for info in infos] == [
            (one.name, len(self.model.rows(state)), self.model.quarantined(state))
            for one, state in zip(there, states, strict=True)
        ]
        assert len(self.store.quarantine()) == sum(map(self.model.quarantined, states))
        moments = {item.seq: item.at for item in self.store.log()}
        assert len(moments) == self.model.last
        for dataset in there:
            listed = self.store.dataset(dataset.name).working_copies()
            assert [copy.name for copy in listed] == [copy.name for copy in dataset.listed()]
            for copy in dataset.listed():
                self._compare_entries(copy, moments)
        if self.look_back:
            self._compare_versions()

    def _compare_entries(self, copy: Copy, moments: dict[int, datetime]) -> None:
        entries = self._handle(copy).page(1000)
        wanted = self.model.rows(copy.top.state)
        for entry, row in zip(entries, wanted, strict=True):
            assert row_of(entry) == _shown(row)
            changed = row["updated_by"]
            moment = entry.created_at if changed is None else moments[changed]
            assert entry.updated_at == moment
        positions = [entry.position for entry in entries]
        assert positions == sorted(set(positions))

    @invariant()
    def agree_on_sql(self) -> None:
        rows = [(d, row) for d in self.model.there() for row in self.model.rows(d.main.top.state)]
        found = self.store.sql("SELECT dataset, entry_id, message_count, tags FROM entries")
        assert sorted(found.fetchall()) == sorted(
            (dataset.name, row["entry_id"], len(row["said"]), row["tags"]) for dataset, row in rows
        )
        said = self.store.sql("SELECT dataset, entry_id, turn, role, content FROM messages")
        assert Counter(said.fetchall()) == Counter(
            (dataset.name, row["entry_id"], turn, *told)
            for dataset, row in rows
            for turn, told in enumerate(row["said"])
        )
        hits = self.store.search("dragon", tags=["t1"])
        assert {(hit.dataset, hit.entry_id) for hit in hits} == {
            (dataset.name, row["entry_id"])
            for dataset, row in rows
            if "t1" in row["tags"] and any("dragon" in (c or "").lower() for _, c in row["said"])
        }

    @invariant()
    def agree_on_what_comes_next(self) -> None:
        status = self.store.status()
        summaries = {item.seq: item.summary for item in self.store.log()}
        for told, expected in (
            (status.undoable, self.model.next_undo),
            (status.redoable, self.model.next_redo),
        ):
            try:
                assert told == summaries[expected(None)]
            except Refused:
                assert told is None

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
