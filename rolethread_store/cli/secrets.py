"""Where a passphrase comes from: never from an argument, which every process can read.

In this order: ``--passphrase-fd``, ``--passphrase-command``, ``--passphrase-file``, the
recovery code (its file, then its variable), ``ROLETHREAD_PASSPHRASE``, and last a prompt,
which appears only on a terminal. Of a file or a pipe the first line counts.
"""

from __future__ import annotations

import getpass
import os
import shlex
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from rolethread_store.cli.options import Given
from rolethread_store.cli.usage import UsageProblem
from rolethread_store.errors import Denied, InvalidInput

__all__ = [
    "PassphraseMismatch",
    "SecretCommandFailed",
    "SecretExposed",
    "SecretMissing",
    "SecretUnreadable",
    "Unlocking",
    "environment_without_secrets",
    "new_passphrase",
    "unlocking",
]

_PASSPHRASE = "ROLETHREAD_PASSPHRASE"  # noqa: S105 (a variable's name)
_RECOVERY_CODE = "ROLETHREAD_RECOVERY_CODE"
_WAYS = (
    "give it by --passphrase-file, --passphrase-command, --passphrase-fd "
    f"or {_PASSPHRASE}, or run this in a terminal"
)


class SecretMissing(Denied):
    """No passphrase was given and there is no terminal to ask at."""

    code: ClassVar[str] = "cli.no-passphrase"


class SecretExposed(Denied):
    """Other users of the machine can read the passphrase file."""

    code: ClassVar[str] = "cli.secret-exposed"


class SecretCommandFailed(Denied):
    """The command that should print the passphrase did not."""

    code: ClassVar[str] = "cli.secret-command-failed"


class SecretUnreadable(InvalidInput):
    """What should hold the passphrase is empty, not UTF-8 or not open."""

    code: ClassVar[str] = "cli.secret-unreadable"


class PassphraseMismatch(InvalidInput):
    """The new passphrase was typed differently the second time."""

    code: ClassVar[str] = "cli.passphrase-mismatch"


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What opens a store: exactly one of the two."""

    passphrase: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


def environment_without_secrets() -> dict[str, str]:
    """Return the environment for programs we start: they need no passphrase."""
    return {k: v for k, v in os.environ.items() if k not in {_PASSPHRASE, _RECOVERY_CODE}}


def unlocking(options: Given) -> Unlocking:
    """Find the secret that opens an existing store.

    Raises:
        UsageProblem: two ways were given at once.
        SecretMissing: none was given and nobody can be asked.
        SecretExposed: the file is readable for others.
        SecretCommandFailed: the command failed.
        SecretUnreadable: nothing usable came out.
    """
    typed = _typed_passphrase(options, also=options.recovery_code_file)
    if typed is not None:
        return Unlocking(passphrase=typed)
    if options.recovery_code_file is not None:
        return Unlocking(recovery_code=_from_file(options.recovery_code_file, "recovery code"))
    if code := os.environ.get(_RECOVERY_CODE):
        return Unlocking(recovery_code=code)
    if passphrase := os.environ.get(_PASSPHRASE):
        return Unlocking(passphrase=passphrase)
    return Unlocking(passphrase=_asked("Passphrase: "))


def new_passphrase(options: Given) -> str:
    """Find the passphrase of a store that is being made; a person types it twice.

    Raises:
        PassphraseMismatch: the two differ.
        UsageProblem: two ways were given at once.
        SecretMissing: none was given and nobody can be asked.
        SecretExposed: the file is readable for others.
        SecretCommandFailed: the command failed.
        SecretUnreadable: nothing usable came out.
    """
    found = _typed_passphrase(options) or os.environ.get(_PASSPHRASE)
    if found:
        return found
    first = _asked("New passphrase: ")
    if first != _asked("The same again: "):
        raise PassphraseMismatch("the two passphrases differ; nothing was made")
    return first


def _typed_passphrase(options: Given, also: Path | None = None) -> str | None:
    ways = (options.passphrase_fd, options.passphrase_command, options.passphrase_file, also)
    if sum(way is not None for way in ways) > 1:
        raise UsageProblem("give one source for the passphrase, not several")
    if options.passphrase_fd is not None:
        return _from_descriptor(options.passphrase_fd)
    if options.passphrase_command is not None:
        return _from_command(options.passphrase_command)
    if options.passphrase_file is not None:
        return _from_file(options.passphrase_file, "passphrase")
    return None


def _first_line(raw: bytes, source: str) -> str:
    line = raw.split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        # The original error carries the bytes of the secret.
        raise SecretUnreadable(f"{source} is not UTF-8 text") from None
    if not text:
        raise SecretUnreadable(f"{source} is empty")
    return text


def _from_descriptor(number: int) -> str:
    try:
        with os.fdopen(number, "rb") as stream:
            return _first_line(stream.read(), f"file descriptor {number}")
    except OSError as error:
        raise SecretUnreadable(
            f"file descriptor {number} cannot be read: {error.strerror}",
            hint="open it in the shell, for example: --passphrase-fd 3 3<secret.txt",
        ) from None


def _from_command(command: str) -> str:
    argv = shlex.split(command)
    if not argv:
        raise UsageProblem("--passphrase-command is empty")
    try:
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, check=True, env=environment_without_secrets()
        )
    except OSError as error:
        raise SecretCommandFailed(f"{argv[0]} cannot be run: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise SecretCommandFailed(f"{argv[0]} failed with exit code {error.returncode}") from None
    return _first_line(done.stdout, f"what {argv[0]} printed")


def _from_file(path: Path, what: str) -> str:
    with path.open("rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        # A pipe from <(…) is nobody else's to open; Windows has no such bits.
        if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
            raise SecretExposed(
                f"{path} can be read by other users; the {what} was not taken from it",
                hint=f"chmod 600 {shlex.quote(str(path))}",
            )
        return _first_line(stream.read(), str(path))


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise SecretMissing("no passphrase was given", hint=_WAYS)
    typed = getpass.getpass(prompt, stream=sys.stderr)
    if not typed:
        raise SecretUnreadable("the passphrase is empty")
    return typed
