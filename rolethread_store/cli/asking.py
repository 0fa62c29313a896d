"""Asking before something that nothing takes back."""

from __future__ import annotations

import sys

import typer

from rolethread_store.cli import output
from rolethread_store.cli.usage import UsageProblem

__all__ = ["require_consent"]


def require_consent(warning: str) -> None:
    """Tell what will be and go on only after a yes.

    Raises:
        UsageProblem: nobody can be asked.
        Abort: the answer is not yes.
    """
    if not sys.stdin.isatty():
        raise UsageProblem("nobody can be asked here", hint="add --yes if you mean it")
    output.say(warning)
    # A ready-made prompt writes a blank to stdout, where only data belongs.
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort
