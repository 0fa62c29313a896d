"""A recovery code is shown once: somebody must be there to keep it."""

from __future__ import annotations

import sys

from rolethread_store.cli import output
from rolethread_store.cli.usage import UsageProblem

__all__ = ["require_somebody_to_keep", "wait_until_written_down"]


def require_somebody_to_keep(yes: bool) -> None:
    """Refuse to make a code that nobody says they will keep.

    Raises:
        UsageProblem: there is no terminal, and ``--yes`` was not given.
    """
    if not yes and not sys.stdin.isatty():
        raise UsageProblem(
            "nobody can be asked here whether the recovery code was written down",
            hint="add --yes and keep what is printed",
        )


def wait_until_written_down(yes: bool) -> None:
    """Ask until the answer is yes, or nobody is there any more.

    Ready-made prompts write a blank to stdout, where the recovery code stands alone.
    """
    while not yes:
        sys.stderr.write("Have you written it down? [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer or answer.strip().lower() in {"y", "yes"}:
            return
        output.say("It cannot be shown again, and without it a lost passphrase is final.")
