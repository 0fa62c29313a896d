"""Write ``docs/cli.md`` from the command line itself: ``python docs/make_cli.py``.

``--check`` writes nothing and fails when the file is not what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from rolethread_store.cli.exit_codes import MEANINGS
from rolethread_store.cli.main import COMMANDS, build

__all__ = ["reference"]

TARGET = Path(__file__).with_name("cli.md")
_WIDTH = 96
_HEAD = """\
# The command line

This page is written by `python docs/make_cli.py` from the program itself; change it there.

Data goes to standard output, talk to standard error. Every command that reads takes
`--json`. Progress is drawn on a terminal only, and only after a second. `NO_COLOR` is
respected, and text that comes from entries cannot control your terminal.

## The store and its passphrase

The store is the folder given by `--store`, else by `ROLETHREAD_STORE`, else a folder of
the user's application data. The passphrase is never an argument, because every process of
a machine can read those. The first of these that is there is taken:

1. `--passphrase-fd N`: an open file descriptor, `--passphrase-fd 3 3<secret.txt`
2. `--passphrase-command COMMAND`: a program that prints it, run without a shell
3. `--passphrase-file PATH`: a file that only you can read
4. `--recovery-code-file PATH`, then `ROLETHREAD_RECOVERY_CODE`: the code printed by `init`
5. `ROLETHREAD_PASSPHRASE`
6. a prompt, if standard input is a terminal

These options stand before the command or after it.

## Versions and working copies

`publish` gives the present state of a dataset the next number; `--at VERSION` reads it again.
A dataset is made with one working copy, `main`; `fork` makes others. Commands work in the one
named by `--working-copy`, else by `ROLETHREAD_WORKING_COPY`, else in `main`. Questions to the
whole store meet datasets without one of that name in their main one; a command that names or
changes such a dataset is refused. `--dataset` may be left out of commands about versions when
the store has one dataset.
"""


@dataclass(frozen=True, slots=True)
class _Node:
    """A command in its context; typer keeps the types of both private."""

    command: Any
    context: Any

    @classmethod
    def root(cls) -> _Node:
        root: Any = build()
        return cls(root, root.context_class(root, info_name="rolethread", **_settings(root)))

    def inner(self, name: str) -> _Node:
        command = self.command.get_command(self.context, name)
        context = command.context_class(
            command, info_name=name, parent=self.context, **_settings(command)
        )
        return _Node(command, context)

    def leaves(self) -> Iterator[_Node]:
        if isinstance(self.command, TyperGroup):
            for name in self.command.commands:
                yield from self.inner(name).leaves()
        else:
            yield self

    def section(self) -> str:
        text = self.command.get_help(self.context).rstrip()
        return f"### {self.context.command_path}\n\n```text\n{text}\n```\n"


def _settings(command: TyperGroup | TyperCommand) -> dict[str, Any]:
    return {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}


def reference() -> str:
    """Return the whole page."""
    root = _Node.root()
    codes = "\n".join(f"| {number} | {text} |" for number, text in sorted(MEANINGS.items()))
    parts = [_HEAD, f"## Exit codes\n\n| code | meaning |\n|---:|---|\n{codes}\n", "## Commands\n"]
    for name in COMMANDS:
        parts += [leaf.section() for leaf in root.inner(name).leaves()]
    return "\n".join(parts)


def _main() -> int:
    page = reference()
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page else 1
    TARGET.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(_main())
