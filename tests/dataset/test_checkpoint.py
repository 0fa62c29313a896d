"""Checkpoints: no answer changes, layers stay few, and what nothing needs goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from rolethread_store.dataset import Checkpointer, CheckpointMismatch, planning
from rolethread_store.dataset.workbench import Workbench
from rolethread_store.errors import NotFound
from rolethread_store.store import Store, upkeep
from tests.scenes import chat, jsonl

Open = Callable[[], Store]
Row = tuple[Any, ...]


@pytest.fixture
def inn(fresh_store: Store, tmp_path: Path) -> Store:
    records = [chat(f"guest {n}", "welcome", tags=["t"]) for n in range(40)]
    fresh_store.dataset("inn").import_file(jsonl(tmp_path / "inn.jsonl", records))
    return fresh_store


def rows(store: Store) -> list[Row]:
    """Everything of every entry."""
    return store.sql("SELECT * FROM entries ORDER BY position").fetchall()


def bytes_of(store: Store) -> int:
    """Size of all segment files."""
    return sum(path.stat().st_size for path in (store.path / "segments").iterdir())


def steps(store: Store) -> list[str]:
    """Checkpoint, and return the steps it took."""
    before = rows(store)
    done = [report.step for report in store.checkpoint()]
    assert rows(store) == before
    return done


def test_a_checkpoint_that_would_change_an_answer_is_not_published(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = inn.dataset("inn").page(1)[0].entry_id
    inn.edit(first, entry=chat("host", "welcome", tags=["t"]))
    generation = inn.status().generation
    files = sorted((inn.path / "segments").iterdir())
    real = Workbench.written

    def without_mask(bench: Any, *wanted: Any, most: int) -> Any:  # noqa: ANN401 - stands in for it
        return real(bench, *wanted[1:], most=most)

    def without_rows(bench: Any, *wanted: Any, most: int) -> Any:  # noqa: ANN401 - stands in for it
        return real(bench, wanted[0], (wanted[1][0], "SELECT * FROM folded WHERE false"), most=most)

    for broken in (without_mask, without_rows):
        with monkeypatch.context() as patched:
            patched.setattr(Workbench, "written", broken)
            with pytest.raises(CheckpointMismatch):
                inn.checkpoint()
    assert inn.status().generation == generation
    assert sorted((inn.path / "segments").iterdir()) == files
    assert inn.entry(first).entry.messages[0].content == "host"
    [report] = inn.checkpoint()
    assert (report.dataset, report.folded, report.step) == ("inn", 1, "fold")
    assert inn.checkpoint() == []
    inn.close()
    assert open_again().entry(first).entry.messages[0].content == "host"


def test_layers_are_merged_and_dead_rows_rewritten(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "UPPER_LIMIT", 4)
    dataset = inn.dataset("inn")
    ids = [entry.entry_id for entry in dataset.page(40)]
    done = []
    for place in range(10):
        inn.edit(ids[place], message=1, content=f"goodbye {place}")
        inn.delete([ids[30 + place]])
        if place == 4:
            dataset.add_tags(["bulk"], where="position > 0")
        done.append(steps(inn))
    assert done[:3] == [["fold"], ["fold"], ["fold", "merge"]]
    assert ["fold", "merge", "rewrite"] in done
    texts = [entry.messages[1].content for entry in dataset.page(40)]
    assert texts == [f"goodbye {place}" for place in range(10)] + ["welcome"] * 20
    fold = inn._parts.journal.existing()[0]
    assert len(fold.layers) < 8
    before = rows(inn)
    inn.close()
    store = open_again()
    assert rows(store) == before
    with pytest.raises(NotFound):
        store.edit(ids[31], message=0, content="gone")
    for _ in range(21):
        store.undo()
    assert store.dataset("inn").count() == 40
    for _ in range(21):
        store.redo()
    assert rows(store) == before


def test_an_emptied_dataset_can_be_rewritten_and_filled_again(
    inn: Store, open_again: Open, tmp_path: Path
) -> None:
    dataset = inn.dataset("inn")
    ids = [entry.entry_id for entry in dataset.page(40)]
    inn.delete(ids[:20])
    assert steps(inn) == ["fold", "rewrite"]
    inn.delete(ids[20:])
    assert steps(inn) == ["fold", "rewrite"]
    assert (dataset.page(), inn.search("guest")) == ([], [])
    dataset.import_file(jsonl(tmp_path / "more.jsonl", [chat("late")]))
    inn.close()
    store = open_again()
    assert store.dataset("inn").count() == 1
    store.undo()
    store.undo()
    assert store.dataset("inn").count() == 20


def test_small_imports_are_joined(
    inn: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(planning, "GROUND_LIMIT", 4)
    dataset = inn.dataset("inn")
    for number in range(6):
        dataset.import_file(jsonl(tmp_path / f"{number}.jsonl", [chat(f"more {number}")]))
    assert steps(inn)[:2] == ["fold", "rewrite"]
    fold = inn._parts.journal.existing()[0]
    assert len({layer.batch_id for layer in fold.layers}) <= 4
    for _ in range(6):
        inn.undo()
    assert dataset.count() == 40


def test_a_tag_patch_of_all_survives_every_step(
    inn: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("rolethread_store.editing.bulk_tags"), "INLINE_LIMIT", 1)
    monkeypatch.setattr(planning, "UPPER_LIMIT", 3)
    dataset = inn.dataset("inn")
    ids = [entry.entry_id for entry in dataset.page(40)]
    for number in range(6):
        inn.edit(ids[number], message=0, content=f"edit {number}")
        dataset.add_tags([f"bulk {number}"])
        inn.delete([ids[39 - number]])
        steps(inn)
    expected = ("t", *(f"bulk {number}" for number in range(6)))
    assert {entry.tags for entry in dataset.page(40)} == {expected}
    for _ in range(18):
        inn.undo()
    assert {entry.tags for entry in dataset.page(40)} == {("t",)}


def test_garbage_goes_when_nobody_reads_it(inn: Store, open_again: Open) -> None:
    dataset = inn.dataset("inn")
    ids = [entry.entry_id for entry in dataset.page(40)]
    for number in range(6):
        inn.edit(ids[number], message=0, content=f"edit {number}")
        inn.checkpoint()
    before, full = rows(inn), bytes_of(inn)
    orphan = inn.path / "segments" / f"{'a' * 32}-0000.parquet"
    orphan.write_bytes(b"left by a crash")
    assert inn.collect_garbage(dry_run=True) > 0
    reader = open_again()
    assert rows(reader) == before
    assert inn.collect_garbage() == 0
    assert rows(reader) == before
    reader.close()
    freed = inn.collect_garbage()
    assert freed > 0
    assert not orphan.exists()
    assert bytes_of(inn) <= full - freed + len(b"left by a crash")
    assert (inn.collect_garbage(dry_run=True), inn.collect_garbage()) == (0, 0)
    assert rows(inn) == before
    for _ in range(6):
        inn.undo()
    assert [entry.messages[0].content for entry in dataset.page(3)] == [
        "guest 0", "guest 1", "guest 2",
    ]  # fmt: skip
    inn.close()
    again = open_again()
    for _ in range(6):
        again.redo()
    assert rows(again) == before


def test_checkpoints_run_beside_the_edits(
    inn: Store, open_again: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PENDING_LIMIT", 10)
    monkeypatch.setattr(upkeep, "_CHANGES_BETWEEN_LOOKS", 1)
    began, go_on = threading.Event(), threading.Event()
    real = Workbench.written

    def held(*given: Any, most: int) -> Any:  # noqa: ANN401 - what it stands for takes and gives
        began.set()
        assert go_on.wait(30)
        return real(*given, most=most)

    monkeypatch.setattr(Workbench, "written", held)
    ids = [entry.entry_id for entry in inn.dataset("inn").page(40)]
    for number in range(20):
        inn.edit(ids[number], message=0, content=f"edit {number}")
    assert began.wait(30)
    # A step is under way; edits, undo and reads go on and none of them is lost.
    inn.edit(ids[3], message=0, content="meanwhile")
    inn.delete([ids[39]])
    inn.undo()
    inn.edit(ids[30], message=1, content="also")
    before = rows(inn)
    go_on.set()
    deadline = time.monotonic() + 30
    while inn._parts.upkeep.running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert rows(inn) == before
    assert inn._parts.journal.states.pending < 20
    inn.close()
    assert rows(open_again()) == before


def test_none_begins_beside_one_that_was_asked_for(
    inn: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PENDING_LIMIT", 3)
    monkeypatch.setattr(upkeep, "_CHANGES_BETWEEN_LOOKS", 1)
    ids = [entry.entry_id for entry in inn.dataset("inn").page(40)]
    inn.edit(ids[0], message=0, content="first")
    real, began = Workbench.written, list[str]()

    def written(*given: Any, most: int) -> Any:  # noqa: ANN401 - what it stands for takes and gives
        began.append(threading.current_thread().name)
        for number in range(10 * (len(began) == 1)):
            inn.edit(ids[number], message=0, content=f"edit {number}")
        return real(*given, most=most)

    monkeypatch.setattr(Workbench, "written", written)
    inn.checkpoint()
    assert set(began) == {threading.current_thread().name}
    for number in range(10, 20):
        inn.edit(ids[number], message=0, content=f"edit {number}")
    inn._parts.upkeep.wait()
    assert set(began) == {threading.current_thread().name, "rolethread-checkpoint"}


def test_an_undo_below_a_running_checkpoint_is_not_lost(
    inn: Store, monkeypatch: pytest.MonkeyPatch, open_again: Open
) -> None:
    ids = [entry.entry_id for entry in inn.dataset("inn").page(40)]
    for number in range(3):
        inn.edit(ids[number], message=0, content=f"edit {number}")
    real = Workbench.written

    def interrupted(*given: Any, most: int) -> Any:  # noqa: ANN401 - what it stands for takes and gives
        monkeypatch.setattr(Workbench, "written", real)
        inn.undo()
        inn.edit(ids[9], message=0, content="other")
        return real(*given, most=most)

    monkeypatch.setattr(Workbench, "written", interrupted)
    inn.checkpoint()
    expected = ["edit 0", "edit 1", "guest 2"]
    assert [entry.messages[0].content for entry in inn.dataset("inn").page(3)] == expected
    before = rows(inn)
    inn.close()
    assert rows(open_again()) == before


def test_a_merge_of_an_older_base_does_not_pass_for_a_newer_one(
    inn: Store, monkeypatch: pytest.MonkeyPatch, open_again: Open
) -> None:
    ids = [entry.entry_id for entry in inn.dataset("inn").page(40)]
    for number in range(3):
        inn.edit(ids[number], entry=chat(f"edit {number}"))
        inn.checkpoint()
    # After undo and redo the newest edit is pending over the base before it.
    inn.undo()
    inn.redo()
    before = rows(inn)
    monkeypatch.setattr(planning, "UPPER_LIMIT", 4)
    checkpointer = Checkpointer(inn._parts.journal)
    report = checkpointer.step(inn._parts.journal.existing()[0].dataset_id)
    checkpointer.close()
    assert report is not None
    assert report.step == "merge"
    assert rows(inn) == before
    inn.close()
    assert rows(open_again()) == before
