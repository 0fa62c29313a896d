"""The entry point ``rolethread``: which command lives where, and how errors are told.

Modules of commands are loaded when their command is typed, so that ``--help`` starts
neither DuckDB nor Arrow. The only catch-all of the program is here.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from difflib import get_close_matches
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Annotated, Any, NamedTuple, Protocol

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.exit_codes import (
    BROKEN_PIPE,
    INTERRUPTED,
    MEANINGS,
    UNEXPECTED,
    exit_code_of,
)
from rolethread_store.cli.options import accept_shared_options
from rolethread_store.cli.usage import UsageProblem
from rolethread_store.errors import StoreError
from rolethread_store.uncollected import uncollected

__all__ = ["COMMANDS", "Place", "build", "main"]


class Place(NamedTuple):
    """Where a command lives and what the overview says of it."""

    section: str
    module: str
    summary: str


COMMANDS: dict[str, Place] = {
    "init": Place("Store", "stores", "Make a new encrypted store."),
    "status": Place("Store", "stores", "Tell what the store holds and what is pending."),
    "checkpoint": Place("Store", "stores", "Fold pending changes into segments."),
    "gc": Place("Store", "stores", "Remove files that no state and no undo needs."),
    "dataset": Place("Store", "dropping", "Rename or drop a dataset."),
    "doctor": Place("Store", "doctor", "Check this machine and the store's folder."),
    "slots": Place("Keys", "keys", "List, add and remove what opens the store."),
    "passphrase": Place("Keys", "keys", "Change the passphrase."),
    "rekey": Place("Keys", "rekeying", "Seal everything anew under new keys."),
    "import": Place("In and out", "importing", "Read files into a dataset."),
    "detect": Place("In and out", "detecting", "Tell what a file is, as an import would read it."),
    "quarantine": Place("In and out", "quarantine", "List, show and mend what could not be read."),
    "export": Place("In and out", "exporting", "Write a dataset for a trainer."),
    "verify-roundtrip": Place(
        "In and out", "roundtrip", "Prove that a file comes out of a store as it went in."
    ),
    "lint": Place("In and out", "linting", "Predict what a trainer does with each entry."),
    "sidecar": Place("In and out", "sidecars", "Exchange definitions by .registry.json files."),
    "datasets": Place("Read", "reading", "List the datasets."),
    "list": Place("Read", "reading", "List the entries of a dataset in order."),
    "show": Place("Read", "reading", "Show one entry in full."),
    "search": Place("Read", "reading", "Find text in messages."),
    "sql": Place("Read", "querying", "Ask with SQL; reads only."),
    "edit": Place("Change", "editing", "Change one message, or a whole entry."),
    "tag": Place("Change", "tagging", "Add tags to entries or take them away."),
    "delete": Place("Change", "editing", "Delete entries."),
    "publish": Place("Versions", "versions", "Give the present state a number, for ever."),
    "versions": Place("Versions", "versions", "List the versions of a dataset, newest first."),
    "diff": Place("Versions", "comparing", "Show what differs between two states of a dataset."),
    "checkout": Place("Versions", "versions", "Take the working copy back to a version."),
    "discard": Place(
        "Versions", "versions", "Drop all changes since the version the working copy came from."
    ),
    "fork": Place("Versions", "copies", "Make another working copy of a dataset."),
    "working-copy": Place(
        "Versions", "copies", "List the working copies of a dataset, or delete one."
    ),
    "undo": Place("History", "history", "Undo the last change."),
    "redo": Place("History", "history", "Redo what was undone last."),
    "revert": Place("History", "reverting", "Take one earlier change back."),
    "log": Place("History", "history", "List the changes, newest first."),
    "blame": Place("History", "blaming", "List every change to an entry, oldest first."),
    "history": Place("History", "expiring", "Say how much history is kept."),
    "remote": Place("Backup", "remotes", "Name the places backups go to."),
    "push": Place("Backup", "remotes", "Back the store up to a remote."),
    "verify": Place("Backup", "remotes", "Check a backup, or with --local the store itself."),
    "restore": Place("Backup", "remotes", "Bring a backup back into a new folder."),
    "salvage": Place("Backup", "salvaging", "Save what a damaged store still holds."),
}


class _HelpText(Protocol):
    """What the overview needs of the help formatter."""

    def section(self, name: str) -> AbstractContextManager[None]:
        """Begin a section."""

    def write_dl(self, rows: list[tuple[str, str]]) -> None:
        """Write names with their meanings."""


class _Commands(TyperGroup):
    """The commands by name, each loaded when it is needed."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """Return a command, loading its module.

        Raises:
            UsageProblem: there is no such command.
        """
        if cmd_name in COMMANDS:
            return _loaded(cmd_name)
        if cmd_name.startswith("-") or getattr(ctx, "resilient_parsing", False):
            return None
        close = get_close_matches(cmd_name, COMMANDS, n=1)
        hint = f"did you mean: rolethread {close[0]}" if close else "see: rolethread --help"
        raise UsageProblem(f"there is no command {cmd_name!r}", hint=hint)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (typer keeps the context's type private)
        """Run the command; a reader that went away is no error of ours."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(BROKEN_PIPE) from None

    def format_commands(self, ctx: object, formatter: _HelpText) -> None:
        """Write the overview without loading a single command."""
        for section in dict.fromkeys(place.section for place in COMMANDS.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [(n, p.summary) for n, p in COMMANDS.items() if p.section == section]
                )


def _loaded(name: str) -> TyperCommand | TyperGroup | None:
    # A tenth of the 0.7 s that loading takes would be rounds of the collector.
    with uncollected():
        module = importlib.import_module(f"rolethread_store.cli.{COMMANDS[name].module}")
    command = get_group(module.app).commands.get(name)
    if not isinstance(command, TyperCommand | TyperGroup):
        return None
    accept_shared_options(command)
    return command


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rolethread {rolethread_store.__version__}")
        raise typer.Exit


def _epilog() -> str:
    codes = "\n".join(f"  {number:>3}  {meaning}" for number, meaning in sorted(MEANINGS.items()))
    return (
        "What opens the store comes from one of the options above; else from the system's "
        "keyring, if the store has a slot for it; else from ROLETHREAD_KEY_FILE, "
        "ROLETHREAD_RECOVERY_CODE or ROLETHREAD_PASSPHRASE; else from a prompt. The options above "
        f"may stand before or after the command.\n\n\b\nExit codes:\n{codes}\n\n\b\nExample:\n"
        "  rolethread init\n"
        "  rolethread import chats.jsonl --dataset tavern\n"
        '  rolethread sql "SELECT role, count(*) FROM messages GROUP BY role"'
    )


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Encrypted, versioned storage for conversation datasets."""


def build() -> TyperGroup:
    """Return the root command, with no module of commands loaded yet."""
    app = typer.Typer(
        cls=_Commands,
        rich_markup_mode=None,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
        epilog=_epilog(),
    )
    app.callback()(_root)
    root = get_command(app)
    if not isinstance(root, TyperGroup):
        raise TypeError("the root command must be a group")
    accept_shared_options(root)
    return root


def _tell(message: str, hint: str | None = None) -> None:
    output.say(f"error: {message}")
    if hint:
        output.say(f"hint: {hint}")


def _run(arguments: Sequence[str] | None) -> int:
    outcome = build().main(args=arguments, prog_name="rolethread", standalone_mode=False)
    sys.stdout.flush()
    return outcome if isinstance(outcome, int) else 0


def _forget_output() -> None:
    """Send what is still buffered nowhere, or the interpreter would complain at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _speak_utf8() -> None:
    """Make output independent of the locale: entries hold every script there is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; never shows a traceback.

    Args:
        arguments: What follows the program's name; ``None`` for the process's own.
    """
    _speak_utf8()
    if arguments is None:
        leave_pandas_out()
    try:
        return _run(arguments)
    except typer.TyperException as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        _tell("interrupted")
        return INTERRUPTED
    except StoreError as error:
        _tell(str(error), error.hint)
        return exit_code_of(error)
    except BrokenPipeError:
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _tell(f"{error.strerror or error}{place}")
        return exit_code_of(error)
    except Exception as error:
        # Its text may quote an entry or a secret, so only its kind is told.
        _tell(
            f"something unexpected happened ({type(error).__name__})",
            "this is a bug; set ROLETHREAD_TRACEBACK=1 to see where",
        )
        if os.environ.get("ROLETHREAD_TRACEBACK") == "1":
            raise
        return UNEXPECTED


class _PandasIsAway(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("no command uses pandas", name=fullname)


def leave_pandas_out() -> None:
    """Let Arrow do without pandas, which it loads with its first column if it is installed.

    No command needs it, and every one that touches an entry waited 0.2 s for it.
    """
    # An entry of None in sys.modules would be taken for the module by Arrow's compiled code.
    if not any(isinstance(finder, _PandasIsAway) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PandasIsAway())


def _usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError" and context is not None:
        typer.echo(context.get_help(), err=True)
        return error.exit_code
    hint = getattr(error, "hint", None)
    if hint is None and context is not None:
        hint = f"see: {context.command_path} --help"
    _tell(error.format_message(), hint)
    return error.exit_code
