"""The options every command takes, before its name or after it.

They are attached to the root and to each command, and record what was typed in one value
on the root context: the last one typed wins. The environment is not read here but where
the value is needed, otherwise a variable seen by the command would override an option
that was typed before its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

__all__ = ["AtOption", "DatasetOption", "Given", "JsonOption", "accept_shared_options", "given"]

AtOption = Annotated[
    int | None, typer.Option("--at", min=1, metavar="VERSION", help="This version of it.")
]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="The dataset; needless if only one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed of the shared options.

    Attributes:
        store: Folder of the store.
        wait: Seconds to wait for another writer.
        passphrase_fd: Open file descriptor to read the passphrase from.
        passphrase_command: Command line that prints the passphrase.
        passphrase_file: File that holds the passphrase.
        recovery_code_file: File that holds the recovery code.
        key_file: The key file.
        keyring: Whether to ask the system's keyring, and nothing else.
        working_copy: Name of the working copy to work in.
    """

    store: Path | None = None
    wait: float | None = None
    passphrase_fd: int | None = None
    passphrase_command: str | None = None
    passphrase_file: Path | None = None
    recovery_code_file: Path | None = None
    key_file: Path | None = None
    keyring: bool | None = None
    working_copy: str | None = None


def given(ctx: typer.Context) -> Given:
    """Return what was typed so far."""
    found = ctx.find_root().obj
    return found if isinstance(found, Given) else Given()


def _note(ctx: typer.Context, param: typer.CallbackParam, value: object) -> object:
    """Record an option that was typed."""
    if value is not None and param.name is not None and not ctx.resilient_parsing:
        ctx.find_root().obj = replace(given(ctx), **{param.name: value})  # type: ignore[arg-type]
    return value


def _option(flag: str, text: str, metavar: str | None = None) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        flag, help=text, metavar=metavar, callback=_note, expose_value=False
    )
    return option


def _template(
    store: Annotated[
        Path | None,
        _option("--store", "Folder of the store.  [env: ROLETHREAD_STORE]", "PATH"),
    ] = None,
    wait: Annotated[
        float | None,
        _option("--wait", "Wait this long for another writer to finish.", "SECONDS"),
    ] = None,
    passphrase_fd: Annotated[
        int | None,
        _option("--passphrase-fd", "Read the passphrase from this open file descriptor.", "N"),
    ] = None,
    passphrase_command: Annotated[
        str | None,
        _option("--passphrase-command", "Run this and take what it prints; no shell.", "COMMAND"),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        _option("--passphrase-file", "Read it from a file that only you can read.", "PATH"),
    ] = None,
    recovery_code_file: Annotated[
        Path | None,
        _option("--recovery-code-file", "Open with the recovery code in this file.", "PATH"),
    ] = None,
    key_file: Annotated[
        Path | None,
        _option("--key-file", "Open with this key file.  [env: ROLETHREAD_KEY_FILE]", "PATH"),
    ] = None,
    keyring: Annotated[
        bool | None,
        _option("--keyring", "Open with the key in the system's keyring, and nothing else."),
    ] = None,
    working_copy: Annotated[
        str | None,
        _option("--working-copy", "Work in this one.  [env: ROLETHREAD_WORKING_COPY]", "NAME"),
    ] = None,
) -> None:
    """Stand for the shared options; never called."""


@cache
def _shared() -> tuple[TyperOption, ...]:
    app = typer.Typer(add_completion=False)
    app.command()(_template)
    return tuple(p for p in get_command(app).params if isinstance(p, TyperOption))


def accept_shared_options(command: TyperCommand | TyperGroup) -> None:
    """Let a command, or every command of a group, take the shared options."""
    command.params.extend(_shared())
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            if isinstance(inner, TyperCommand | TyperGroup):
                accept_shared_options(inner)
