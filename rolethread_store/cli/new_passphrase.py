"""Where a new passphrase comes from: like any other, but typed twice and looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from rolethread_store.cli import output
from rolethread_store.cli.options import Given
from rolethread_store.cli.secrets import asked, typed_passphrase
from rolethread_store.crypto import protect_process
from rolethread_store.errors import InvalidInput

__all__ = [
    "NewCommand",
    "NewDescriptor",
    "NewFile",
    "PassphraseMismatch",
    "first_passphrase",
    "new_passphrase",
    "weakness",
]

NewDescriptor = Annotated[
    int | None,
    typer.Option("--new-passphrase-fd", metavar="N", help="Read the new one from there."),
]
NewCommand = Annotated[
    str | None,
    typer.Option(
        "--new-passphrase-command", metavar="COMMAND", help="Run this and take what it prints."
    ),
]
NewFile = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", metavar="PATH", help="Read the new one from a file."),
]

_FIRST_WAYS = (
    "give it by --passphrase-file, --passphrase-command, --passphrase-fd "
    "or ROLETHREAD_PASSPHRASE, or run this in a terminal"
)
_NEW_WAYS = (
    "give the new one by --new-passphrase-file, --new-passphrase-command or "
    "--new-passphrase-fd, or run this in a terminal"
)
# A guess costs half a second and 64 MiB or more; ten random small letters hold 47 bits.
_SHORT = 10
_FEW_DIFFERENT = 5


class PassphraseMismatch(InvalidInput):
    """The new passphrase was typed differently the second time."""

    code: ClassVar[str] = "cli.passphrase-mismatch"


def first_passphrase(options: Given) -> str:
    """Find the passphrase of a store that is being made.

    Raises:
        PassphraseMismatch: it was typed differently the second time.
        SecretMissing: none was given and nobody can be asked.
        StoreError: whatever reading it from elsewhere raises.
    """
    protect_process()
    found = typed_passphrase(options) or os.environ.get("ROLETHREAD_PASSPHRASE")
    return _looked_at(found or _typed_twice(_FIRST_WAYS))


def new_passphrase(descriptor: int | None, command: str | None, file: Path | None) -> str:
    """Find another passphrase for a store that is open by some other secret.

    The environment is not asked: what lies there opens the store already.

    Raises:
        PassphraseMismatch: it was typed differently the second time.
        SecretMissing: none was given and nobody can be asked.
        StoreError: whatever reading it from elsewhere raises.
    """
    sources = Given(passphrase_fd=descriptor, passphrase_command=command, passphrase_file=file)
    return _looked_at(typed_passphrase(sources) or _typed_twice(_NEW_WAYS))


def weakness(passphrase: str) -> str | None:
    """Return why a passphrase is easily guessed, ``None`` if nothing stands out.

    It is a look and no measure: "correct horse battery staple" passes.
    """
    if len(passphrase) < _SHORT:
        return f"it has only {len(passphrase)} characters"
    if len(set(passphrase)) < _FEW_DIFFERENT:
        return "it repeats a few characters"
    if passphrase.isdigit():
        return "it has only digits"
    return None


def _typed_twice(otherwise: str) -> str:
    first = asked("New passphrase: ", otherwise)
    if first != asked("The same again: ", otherwise):
        raise PassphraseMismatch("the two passphrases differ; nothing was changed")
    return first


def _looked_at(passphrase: str) -> str:
    why = weakness(passphrase)
    if why is not None:
        output.say(
            f"warning: this passphrase is weak ({why}); whoever copies the store can try "
            "guesses for as long as they like. Five or more random words are strong."
        )
    return passphrase
