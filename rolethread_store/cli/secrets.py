"""Where a secret comes from: never from an argument, which every process can read.

What was typed comes first, and only one way may be: ``--passphrase-fd``,
``--passphrase-command``, ``--passphrase-file``, ``--recovery-code-file``, ``--key-file``,
``--keyring``. Then the system's keyring, if the store has a slot for it (see ``opening``);
then the variables ``ROLETHREAD_KEY_FILE``, ``ROLETHREAD_RECOVERY_CODE`` and
``ROLETHREAD_PASSPHRASE``; last a prompt, which appears only on a terminal. Of a passphrase
in a file or a pipe the first line counts.

Before the first secret is read, this process is kept out of core dumps.
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
from rolethread_store.crypto import protect_process
from rolethread_store.errors import Denied, InvalidInput

__all__ = [
    "SecretCommandFailed",
    "SecretExposed",
    "SecretMissing",
    "SecretUnreadable",
    "Unlocking",
    "asked",
    "environment_without_secrets",
    "surrounding",
    "typed",
    "typed_passphrase",
    "unlocking",
]

_PASSPHRASE = "ROLETHREAD_PASSPHRASE"  # noqa: S105 (a variable's name)
_RECOVERY_CODE = "ROLETHREAD_RECOVERY_CODE"
_KEY_FILE = "ROLETHREAD_KEY_FILE"
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


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What opens a store: exactly one of these."""

    passphrase: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    keyring: bool = False


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
    return typed(options) or surrounding()


def typed(options: Given) -> Unlocking | None:
    """Return the secret that the options name, ``None`` if they name none."""
    protect_process()
    others = (options.recovery_code_file, options.key_file, options.keyring or None)
    passphrase = typed_passphrase(options, *others)
    if passphrase is not None:
        return Unlocking(passphrase=passphrase)
    if options.recovery_code_file is not None:
        return Unlocking(recovery_code=_from_file(options.recovery_code_file, "recovery code"))
    if options.key_file is not None:
        return Unlocking(key_file=options.key_file)
    return Unlocking(keyring=True) if options.keyring else None


def surrounding() -> Unlocking:
    """Return the secret that the environment names, or that a person types."""
    protect_process()
    if key_file := os.environ.get(_KEY_FILE):
        return Unlocking(key_file=Path(key_file))
    if code := os.environ.get(_RECOVERY_CODE):
        return Unlocking(recovery_code=code)
    if passphrase := os.environ.get(_PASSPHRASE):
        return Unlocking(passphrase=passphrase)
    return Unlocking(passphrase=asked("Passphrase: ", _WAYS))


def typed_passphrase(options: Given, *others: object) -> str | None:
    """Return the passphrase that the options name, ``None`` if they name none.

    Args:
        options: What was typed.
        others: Ways to open a store that exclude a passphrase; ``None`` where not given.

    Raises:
        UsageProblem: two ways were given at once.
    """
    ways = (options.passphrase_fd, options.passphrase_command, options.passphrase_file, *others)
    if sum(way is not None for way in ways) > 1:
        raise UsageProblem("give one source for the secret, not several")
    if options.passphrase_fd is not None:
        return _from_descriptor(options.passphrase_fd)
    if options.passphrase_command is not None:
        return _from_command(options.passphrase_command)
    if options.passphrase_file is not None:
        return _from_file(options.passphrase_file, "passphrase")
    return None


def asked(prompt: str, otherwise: str) -> str:
    """Ask a person for a passphrase, without showing it.

    Args:
        prompt: The question.
        otherwise: What to do where nobody can be asked.

    Raises:
        SecretMissing: there is no terminal.
        SecretUnreadable: nothing was typed.
    """
    if not sys.stdin.isatty():
        raise SecretMissing("no passphrase was given", hint=otherwise)
    answer = getpass.getpass(prompt, stream=sys.stderr)
    if not answer:
        raise SecretUnreadable("the passphrase is empty")
    return answer


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
