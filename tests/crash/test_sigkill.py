"""A writer killed at random moments: what it acknowledged is there, and nothing is in the way."""

from __future__ import annotations

import random
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.crypto import floor_params
from rolethread_store.store import Store
from rolethread_store.testing.answers import answers
from rolethread_store.testing.crashing import (
    IMPORTED,
    Work,
    Writer,
    contents_after,
    imports_after,
    records,
)
from tests.crash.victims import write

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.timeout(600),
]

QUICK_KILLS = {Work.EDITS: 12, Work.CHECKPOINTS: 5, Work.IMPORTS: 5}
KILLS = {Work.EDITS: 30, Work.CHECKPOINTS: 12, Work.IMPORTS: 10}
DEEP_STORES = 40
"""Stores in a deep run, 2,080 kills in all."""
ENTRIES = 5
IMPORT = 40


@dataclass
class Victim:
    """A store whose writers are killed.

    Attributes:
        path: The store.
        recovery_code: Opens it.
        entries: The entries that are edited.
        source: File that is imported.
        processes: How writers are started.
        base: Changes in the log before the first writer.
        done: Changes that are in effect or undone, by the writers.
    """

    path: Path
    recovery_code: str
    entries: tuple[str, ...]
    source: Path
    processes: ForkServerContext
    base: int
    done: int = 0
    random: random.Random = field(default_factory=random.Random)

    def open(self) -> Store:
        return rolethread_store.open(self.path, recovery_code=self.recovery_code)

    def kill_a_writer(self, work: Work) -> int:
        """Start a writer, kill it at some moment, and return how many changes it acknowledged."""
        writer = Writer(
            self.path, self.recovery_code, "tavern", self.entries, self.source, work, self.done
        )
        ours, theirs = self.processes.Pipe(duplex=False)
        process = self.processes.Process(target=write, args=(writer, theirs))
        process.start()
        theirs.close()
        # Opening takes as long as a hundred edits; one kill in six hits it.
        if self.random.random() > 1 / 6:
            assert ours.poll(timeout=60), "the writer neither wrote nor ended"
        process.join(self.random.uniform(0.0, 0.12))
        assert process.exitcode is None, f"the writer ended by itself: {process.exitcode}"
        process.kill()
        acknowledged = 0
        with suppress(EOFError):
            while True:
                assert int.from_bytes(ours.recv_bytes(), "big") == self.done + acknowledged
                acknowledged += 1
        process.join()
        assert process.exitcode == -signal.SIGKILL
        return acknowledged


@pytest.fixture
def victim(tmp_path: Path, processes: ForkServerContext) -> Victim:
    source = tmp_path / "source.jsonl"
    source.write_text(records(IMPORT), encoding="utf-8")
    first = tmp_path / "first.jsonl"
    first.write_text(records(ENTRIES), encoding="utf-8")
    with rolethread_store.create(
        tmp_path / "store", passphrase="not the passphrase", kdf=floor_params()
    ) as store:
        tavern = store.dataset("tavern")
        tavern.import_file(first)
        entries = tuple(str(entry.entry_id) for entry in tavern.page())
        assert store.recovery_code is not None
        code = store.recovery_code
        base = len(store.log())
    return Victim(tmp_path / "store", code, entries, source, processes, base)


def edited_after_kill(victim: Victim, store: Store) -> None:
    """Compare every entry with what so many changes make of it."""
    rows = store.sql(
        "SELECT CAST(entry_id AS VARCHAR), content FROM messages WHERE dataset = 'tavern' "
        "AND turn = 0"
    ).fetchall()
    expected = contents_after(victim.done, ENTRIES)
    assert dict(rows) == {
        entry: f"Question {number}, and much about it. " * 5 if text is None else text
        for number, (entry, text) in enumerate(zip(victim.entries, expected, strict=True))
    }


def imported_after_kill(victim: Victim, store: Store) -> None:
    """Every import in effect is whole, and no other row is there."""
    expected = imports_after(victim.done)
    if expected == 0:
        assert [info.name for info in store.datasets()] == ["tavern"]
        return
    rows = store.sql(
        "SELECT content, count(*) FROM messages WHERE role = 'user' GROUP BY ALL", IMPORTED
    ).fetchall()
    assert dict(rows) == {
        f"Question {number}, and much about it. " * 5: expected for number in range(IMPORT)
    }


def kill_many(victim: Victim, work: Work, kills: int) -> int:
    acknowledged = 0
    for _ in range(kills):
        count = victim.kill_a_writer(work)
        with victim.open() as store:
            there = len(store.log()) - victim.base
            # The last one may be in the log without its acknowledgement having left.
            assert victim.done + count <= there <= victim.done + count + 1
            victim.done = there
            if work is Work.IMPORTS:
                imported_after_kill(victim, store)
            else:
                edited_after_kill(victim, store)
        acknowledged += count
    return acknowledged


def nothing_is_in_the_way(victim: Victim) -> None:
    """The next writer has the lock at once, finds nobody's files, and can do everything."""
    with victim.open() as store:
        before = answers(store)
        tavern = store.dataset("tavern")
        tavern.edit(victim.entries[0], message=1, content="afterwards")
        assert list((victim.path / "staging").iterdir()) == []
        assert list((victim.path / "spill").iterdir()) == []
        store.checkpoint()
        store.undo("tavern")
        after = answers(store)
        assert (after.pages, after.totals) == (before.pages, before.totals)


def test_the_quick_tests_kill_often_enough() -> None:
    assert sum(QUICK_KILLS.values()) >= 20
    assert DEEP_STORES * sum(KILLS.values()) >= 2_000


@pytest.mark.parametrize("work", list(Work))
def test_acknowledged_changes_survive_kills(victim: Victim, work: Work) -> None:
    acknowledged = kill_many(victim, work, QUICK_KILLS[work])
    assert acknowledged > QUICK_KILLS[work] // 2, "the writers were killed before they wrote"
    nothing_is_in_the_way(victim)


@pytest.mark.deep
@pytest.mark.parametrize("store", range(DEEP_STORES))
@pytest.mark.parametrize("work", list(Work))
def test_acknowledged_changes_survive_many_kills(victim: Victim, work: Work, store: int) -> None:
    kill_many(victim, work, KILLS[work])
    nothing_is_in_the_way(victim)
