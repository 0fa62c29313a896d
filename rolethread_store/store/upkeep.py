"""Checkpoints that run by themselves: beside the edits while a store is open, else at its end."""

from __future__ import annotations

from math import inf
from threading import Lock, Thread
from time import perf_counter
from uuid import UUID

from rolethread_store.dataset import Checkpointer, CheckpointReport, Journal, StepKind, collect
from rolethread_store.errors import StoreError, Unavailable

__all__ = ["Upkeep"]

_MOST_STEPS = 64
_CHANGES_BETWEEN_LOOKS = 64
_CLOSING_SECONDS = 2.0
"""How long a store that is closed goes on beginning steps. With one step for each life, a
fold was due again before what lies above the ground was ever worked off: ten lives of
10,000 edits left 1.78 times the bytes of a fresh import."""


class Upkeep:
    """Keeps the layers of a store few and its pending changes in bounds."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._thread: Thread | None = None
        # Two threads at work on one state would write the same layers twice.
        self._at_work = Lock()
        self._failure: StoreError | None = None
        self._stepped = False
        self._closing = False
        self._unlooked = 0

    @property
    def running(self) -> bool:
        """Whether a step is being done, beside the edits or because somebody asked for it."""
        return self._at_work.locked() or (self._thread is not None and self._thread.is_alive())

    def notice(self, changes: int) -> None:
        """Begin a checkpoint beside the edits if one is due; called after every commit."""
        self._unlooked += changes
        if self._unlooked < _CHANGES_BETWEEN_LOOKS or self._closing or self.running:
            return
        self._unlooked = 0
        if self._failure is not None or not self._due():
            return
        # Not a daemon: the interpreter's end would leave it half in the engine.
        self._thread = Thread(target=self._work, name="rolethread-checkpoint")
        self._thread.start()

    def checkpoint(self) -> list[CheckpointReport]:
        """Fold what is not in segments and do all steps that are due, now.

        Raises:
            CheckpointMismatch: a step would have changed an answer; the state before it stands.
            Unavailable: the disk is full; what was done so far stands.
        """
        self._journal.require_no_block()
        self.wait()
        self._journal.begin_write()
        reports = self._steps(force=True)
        self._stepped = self._stepped or bool(reports)
        return reports

    def plan(self) -> list[tuple[UUID, StepKind]]:
        """Return the first step that :meth:`checkpoint` would do for each working copy."""
        checkpointer = Checkpointer(self._journal)
        found = ((fold.dataset_id, checkpointer.due(fold.dataset_id, force=True))
                 for fold in self._journal.existing())  # fmt: skip
        return [(copy_id, kind) for copy_id, kind in found if kind is not None]

    def collect(self) -> int:
        """Remove files that nothing needs and return their bytes; see :func:`collect`."""
        self._journal.require_no_block()
        self.wait()
        with self._at_work:
            return collect(self._journal)

    def finish(self) -> None:
        """Let a running step end, do for a while what is due, and clear up after it.

        Raises:
            CheckpointMismatch: a step would have changed an answer; the state before it stands.
        """
        self._closing = True
        self.wait()
        if self._failure is not None:
            raise self._failure
        if not self._journal.writing:
            return
        try:
            if self._due():
                self._stepped = bool(self._steps(until=_CLOSING_SECONDS)) or self._stepped
            if self._stepped:
                collect(self._journal)
        except Unavailable:
            return  # Without room the state stays as it is; the next writer tries again.

    def wait(self) -> None:
        """Wait until no step is running."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _due(self) -> bool:
        checkpointer = Checkpointer(self._journal)
        return any(checkpointer.due(fold.dataset_id) for fold in self._journal.states.loaded())

    def _work(self) -> None:
        try:
            self._stepped = bool(self._steps()) or self._stepped
        except Unavailable:
            return
        except StoreError as error:
            self._failure = error

    def _steps(self, *, force: bool = False, until: float = inf) -> list[CheckpointReport]:
        """Do what is due, beginning nothing after some seconds, nor beside edits at the end."""
        with self._at_work:
            return self._steps_in_turn(force=force, until=until)

    def _steps_in_turn(self, *, force: bool, until: float) -> list[CheckpointReport]:
        started = perf_counter()
        beside = not (force or self._closing)
        checkpointer = Checkpointer(self._journal)
        reports: list[CheckpointReport] = []
        try:
            for fold in self._journal.states.loaded():
                while len(reports) < _MOST_STEPS and perf_counter() - started < until:
                    if beside and self._closing:
                        break
                    report = checkpointer.step(fold.dataset_id, force=force)
                    if report is None:
                        break
                    reports.append(report)
        finally:
            checkpointer.close()
        return reports
