from __future__ import annotations

import io
import sys

import pytest

from rolethread_store.cli import progress
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.model.progress import Progress


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def _draw(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, patience: float) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", patience)
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBar() as bar:
        bar(Progress(1, 4, "bytes read"))
        bar(Progress(4, 4, "bytes read"))
        bar(Progress(1, None, "objects"))
    return stream.getvalue()


def test_long_work_on_a_terminal_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bytes read" in _draw(monkeypatch, Terminal(), 0.0)


def test_short_work_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _draw(monkeypatch, Terminal(), 60.0) == ""


def test_a_pipe_gets_no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _draw(monkeypatch, io.StringIO(), 0.0) == ""
