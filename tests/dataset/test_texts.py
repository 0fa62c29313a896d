"""Layers of new texts: written without reading rows, read like pending edits, and given up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolethread_store
from rolethread_store.changelog import DatasetFold
from rolethread_store.crypto import floor_params
from rolethread_store.dataset import CheckpointMismatch, Reader, folding, planning
from rolethread_store.dataset.folding import fold_step
from rolethread_store.dataset.stepping import merge_step
from rolethread_store.dataset.workbench import Workbench
from rolethread_store.model import BatchKind, ChangeSet, EntryChange
from rolethread_store.store import Store
from tests.dataset.test_overlay import Bench, changes, expected
from tests.scenes import MOMENT, PASSPHRASE, chat, history_set, jsonl

Open = Callable[[], Store]
Row = tuple[Any, ...]

steps = st.lists(
    st.one_of(
        changes,
        changes,
        changes,
        st.sampled_from(("patch 0", "patch 1", "undo", "fold", "fold", "whole", "merge")),
    ),
    min_size=3,
    max_size=14,
)


class Shop(Bench):
    """A bench on which folds are made too."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.room = store._parts.room
        self.writer = Reader(self.journal, session_of=lambda: self.room.session)

    def fold_in(self, fold: DatasetFold, top: ChangeSet, step: str) -> None:
        bench = Workbench(self.writer, self.room, fold.frozen())
        self.writer.relation(bench.fold)
        with pytest.MonkeyPatch.context() as patched:
            if step == "whole":
                patched.setattr(planning, "_TEXTS_ALWAYS", 0)
                patched.setattr(planning, "_TEXTS_SHARE", 0.0)
            made = merge_step(bench) if step == "merge" else fold_step(bench)
        self.writer.forget(bench.fold)
        # A manifest for each would take longer than all the rest.
        self.journal._batches.update((batch.batch_id, batch) for batch in made.batches)
        if step == "merge":
            fold.layers = [*made.layers, *(layer for layer in fold.layers if layer.seq)]
        else:
            fold.rest_on(made.layers, top)


@pytest.fixture(scope="module")
def shop(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("texts") / "store"
    shutil.copytree(empty_store, path)
    with rolethread_store.open(path, passphrase=PASSPHRASE) as store:
        yield Shop(store)


@settings(max_examples=max(12, settings().max_examples // 3))
@given(steps)
def test_layers_are_what_the_changes_make_of_them(
    shop: Shop, steps: Sequence[EntryChange | str]
) -> None:
    fold = shop.fold()
    done: list[ChangeSet] = []
    floor = 0
    for number, step in enumerate([*steps, "fold"], 1):
        if step in ("fold", "whole", "merge"):
            if done:
                shop.fold_in(fold, done[-1], str(step))
                floor = floor if step == "merge" else len(done)
            assert shop.rows(fold) == expected(done, shop)
        elif step == "undo":
            if len(done) > floor:
                fold.take_out(done.pop())
        else:
            change = shop.patched(step) if isinstance(step, str) else step
            at = MOMENT + timedelta(minutes=number)
            done.append(history_set(number, change).model_copy(update={"at": at}))
            fold.apply(done[-1])
    kinds = [layer.kind for layer in fold.layers]
    assert kinds.count(BatchKind.TEXTS) <= 1


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Store:
    records = [chat(f"guest {n}", "welcome", tags=["t"]) for n in range(40)]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", records))
    return fresh_store


def rows(store: Store, at: int | None = None) -> list[Row]:
    return store.dataset("inn").sql("SELECT * FROM entries ORDER BY position", at=at).fetchall()


def ids_of(store: Store) -> list[UUID]:
    return [entry.entry_id for entry in store.dataset("inn").page(40)]


def kinds_of(store: Store) -> list[str]:
    return [str(layer.kind) for layer in store._parts.journal.existing()[0].layers]


def edited(store: Store) -> list[list[Row]]:
    """Edit, checkpoint and publish twice; return what the versions held before checkpoints."""
    ids, states = ids_of(store), []
    for text, chosen in (("first", ids[:6]), ("second", ids[4:9])):
        for number, entry_id in enumerate(chosen):
            store.edit(entry_id, message=number % 2, content=f"{text} {number}")
        store.dataset("inn").add_tags([text], entries=chosen[:2])
        store.dataset("inn").publish(text)
        states.append(rows(store))
        store.checkpoint()
    return states


def test_texts_and_tags_are_laid_over_rows_that_stay(inn: Store, open_again: Open) -> None:
    at_first = rows(inn)
    states = edited(inn)
    assert kinds_of(inn) == ["entries", "tags", "tags", "texts"]
    assert [rows(inn, at) for at in (1, 2)] == states
    inn.edit(ids_of(inn)[5], message=0, content="above")
    above = rows(inn)
    inn.close()
    store = open_again()
    assert rows(store) == above
    assert [rows(store, at) for at in (1, 2)] == states
    found = store.search("second 4")
    assert [hit.entry_id for hit in found] == [ids_of(store)[8]]
    store.undo()
    assert rows(store) == states[1]
    for _ in range(6 + 7):
        store.undo()
    assert rows(store) == at_first
    for _ in range(6 + 7):
        store.redo()
    assert rows(store) == states[1]
    store.dataset("inn").checkout(1)
    assert rows(store) == states[0]


def test_an_entry_that_is_edited_in_whole_leaves_the_texts(inn: Store) -> None:
    ids = ids_of(inn)
    for place in range(3):
        inn.edit(ids[place], message=1, content=f"goodbye {place}")
    inn.checkpoint()
    inn.edit(ids[0], entry=chat("new", "all of it"))
    inn.delete([ids[1]])
    before = rows(inn)
    inn.checkpoint()
    assert kinds_of(inn) == ["entries", "texts", "mask", "entries"]
    assert rows(inn) == before
    inn.edit(ids[0], message=0, content="newer")
    inn.edit(ids[3], message=0, content="fourth")
    before = rows(inn)
    inn.checkpoint()
    assert kinds_of(inn) == ["entries", "mask", "entries", "texts"]
    assert rows(inn) == before
    texts = inn._parts.journal.batch(inn._parts.journal.existing()[0].layers[-1].batch_id)
    assert texts.rows == 3
    first = inn.entry(ids[0]).entry
    assert [message.content for message in first.messages] == ["newer", "all of it"]


def test_too_many_texts_become_rows(inn: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_TEXTS_ALWAYS", 3)
    monkeypatch.setattr(planning, "_TEXTS_SHARE", 0.0)
    monkeypatch.setattr(planning, "_DEAD_SHARE", 1.0)
    ids = ids_of(inn)
    kinds: list[list[str]] = []
    for number in (0, 1, 1, 2, 3, 4):
        inn.edit(ids[number], message=0, content=f"edit {number} of {len(kinds)}")
        before = rows(inn)
        inn.checkpoint()
        assert rows(inn) == before
        kinds.append(kinds_of(inn))
    laid = ["entries", "texts"]
    assert kinds[:4] == [laid] * 4
    assert kinds[4:] == [["entries", "mask", "entries"], ["entries", "mask", "entries", "texts"]]
    monkeypatch.setattr(planning, "_TEXTS_BYTES", 0)
    inn.edit(ids[9], message=0, content="one more")
    inn.checkpoint()
    assert "texts" not in kinds_of(inn)


def test_new_texts_survive_other_keys_a_short_history_and_a_backup(
    inn: Store, tmp_path: Path
) -> None:
    states = edited(inn)
    inn.rekey(PASSPHRASE, kdf=floor_params())
    assert [rows(inn, at) for at in (1, 2)] == states
    inn.keep_history("0MB")
    assert [rows(inn, at) for at in (1, 2)] == states
    assert "texts" in kinds_of(inn)
    inn.collect_garbage()
    inn.add_remote("stick", f"file://{tmp_path / 'stick'}")
    inn.push("stick")
    path = inn.path
    inn.close()
    assert rolethread_store.check_local(path, PASSPHRASE).damages == ()
    url = f"file://{tmp_path / 'stick'}"
    rolethread_store.restore(url, tmp_path / "back", passphrase=PASSPHRASE)
    with rolethread_store.open(tmp_path / "back", PASSPHRASE) as back:
        assert [rows(back, at) for at in (1, 2)] == states
        assert "texts" in kinds_of(back)
    rolethread_store.salvage(
        path, tmp_path / "saved", PASSPHRASE, new_passphrase=PASSPHRASE, kdf=floor_params()
    )
    with rolethread_store.open(tmp_path / "saved", PASSPHRASE) as saved:
        assert rows(saved) == states[1]


@pytest.mark.parametrize(("expires", "text"), [(False, "new"), (True, "guest 0")])
def test_damaged_texts_come_from_the_log_while_it_has_them(
    inn: Store, tmp_path: Path, expires: bool, text: str
) -> None:
    inn.edit(ids_of(inn)[0], message=0, content="new")
    inn.checkpoint()
    if expires:
        inn.keep_history("0MB")
    journal = inn._parts.journal
    path = journal.layout.segment(journal.existing()[0].layers[-1].batch_id, 0)
    inn.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    report = rolethread_store.salvage(
        inn.path, tmp_path / "saved", PASSPHRASE, new_passphrase=PASSPHRASE, kdf=floor_params()
    )
    assert [(damage.path.name, damage.entries) for damage in report.damages] == [(path.name, 1)]
    with rolethread_store.open(tmp_path / "saved", PASSPHRASE) as saved:
        assert saved.dataset("inn").count() == 40
        assert saved.dataset("inn").page(1)[0].messages[0].content == text


def test_texts_that_would_change_an_answer_are_not_published(
    inn: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ids_of(inn)[0]
    inn.edit(first, message=0, content="host")
    files = sorted((inn.path / "segments").iterdir())
    right = folding._JOINED
    columns = "entry_id, updated_at, turns, texts"
    other_text = f"SELECT * REPLACE (['hosts'] AS texts) FROM ({right})"
    other_turn = f"SELECT * REPLACE ([1] AS turns) FROM ({right})"
    other_time = f"SELECT * REPLACE (updated_at + INTERVAL 1 SECOND AS updated_at) FROM ({right})"
    twice = f"SELECT {columns} FROM ({right}) UNION ALL SELECT {columns} FROM ({right})"
    for wrong in (
        other_text,
        other_turn,
        other_time,
        twice,
        f"SELECT * FROM ({right}) WHERE false",
    ):
        with monkeypatch.context() as patched:
            patched.setattr(folding, "_JOINED", wrong)
            with pytest.raises(CheckpointMismatch):
                inn.checkpoint()
        assert sorted((inn.path / "segments").iterdir()) == files
    assert inn.entry(first).entry.messages[0].content == "host"
    assert [report.folded for report in inn.checkpoint()] == [1]
