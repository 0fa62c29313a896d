"""A progress bar on stderr: only on a terminal, and only for work over a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rolethread_store.model.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Drawing
    from rich.progress import TaskID

__all__ = ["PATIENCE_SECONDS", "ProgressBar"]

PATIENCE_SECONDS = 1.0


class ProgressBar:
    """A progress listener that draws; use it as a context manager."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._wanted = sys.stderr.isatty()
        self._drawing: Drawing | None = None
        self._task: TaskID | None = None
        self._what = ""

    def __call__(self, report: Progress) -> None:
        """Take a report; draw it if the work has lasted long enough."""
        if not self._wanted or time.perf_counter() - self._started < PATIENCE_SECONDS:
            return
        drawing = self._drawing or self._begin()
        if self._task is None or report.what != self._what:
            # One bar per kind of work: reading, then sealing, then sending.
            self._task = drawing.add_task(report.what, total=report.total)
            self._what = report.what
        drawing.update(self._task, completed=report.done, total=report.total)

    def _begin(self) -> Drawing:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Drawing  # noqa: PLC0415

        drawing = Drawing(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        drawing.start()
        self._drawing = drawing
        return drawing

    def __enter__(self) -> Self:
        """Begin to listen."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._drawing is not None:
            self._drawing.stop()
