"""A command that was not understood, and the example every command's help ends with."""

from __future__ import annotations

import typer

from rolethread_store.cli.exit_codes import USAGE

__all__ = ["UsageProblem", "example"]


class UsageProblem(typer.TyperException):
    """The options or arguments do not make sense together; nothing was done."""

    exit_code = USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def example(*lines: str) -> str:
    """Return the end of a command's help: lines to copy, never wrapped.

    The backspace is the mark by which the help formatter leaves a paragraph as it is.
    """
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
