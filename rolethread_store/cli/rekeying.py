"""The command ``rekey``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.asking import require_consent
from rolethread_store.cli.keeping import wait_until_written_down
from rolethread_store.cli.new_passphrase import (
    NewCommand,
    NewDescriptor,
    NewFile,
    new_passphrase,
)
from rolethread_store.cli.opening import opened
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.store.rekeying import RekeyReport

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)

_LASTING = (
    "Copies and backups made before still open with the old keys, and nothing can call them "
    "back. Every remote needs a new folder, and every other key slot has to be made again."
)


@app.command(
    epilog=example(
        "rolethread rekey",
        "rolethread rekey --yes --new-passphrase-file new.txt > recovery-code.txt",
    )
)
def rekey(
    ctx: typer.Context,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Take away what an unfinished one left.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    new_passphrase_fd: NewDescriptor = None,
    new_passphrase_command: NewCommand = None,
    new_passphrase_file: NewFile = None,
) -> None:
    """Seal everything anew under new keys.

    For when the passphrase, the recovery code or a key may have leaked together with a copy
    of the store. The store keeps its identity and its history. It has the passphrase given
    now and a new recovery code afterwards; the code is printed once, alone, on standard
    output. Edits may go on meanwhile, and a rekey that is interrupted goes on when it is run
    again.
    """
    if abandon:
        with opened(ctx) as store:
            found = store.abandon_rekey()
        output.say("took away the unfinished rekey" if found else "no rekey was unfinished")
        return
    if not yes:
        require_consent(_LASTING)
    with opened(ctx) as store, ProgressBar() as bar:
        passphrase = new_passphrase(new_passphrase_fd, new_passphrase_command, new_passphrase_file)
        report = store.rekey(passphrase, progress=bar)
    _tell(report)
    wait_until_written_down(yes)


def _tell(report: RekeyReport) -> None:
    output.say(
        f"sealed {output.amount(report.segments, 'segment')} ({output.size(report.bytes)}) and "
        f"the history under new keys in {report.seconds:.1f} s"
    )
    for slot in report.dropped:
        output.say(f"no longer opens the store: {slot}")
    for remote in report.remotes:
        output.say(f"still holds backups under the old keys: the remote “{remote}”")
    if not report.old_removed:
        output.say("the old files go as soon as nobody reads them any more")
    output.say(_LASTING)
    output.say("This is the new recovery code. It is shown only now:")
    typer.echo(report.recovery_code)
