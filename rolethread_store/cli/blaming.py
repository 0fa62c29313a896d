"""The command that tells how an entry came to be what it is: blame."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog=example("rolethread blame 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d"))
def blame(
    ctx: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ENTRY_ID", help="The entry.")],
    json: JsonOption = False,
) -> None:
    """List every change to an entry, oldest first.

    Also those that were undone or made in another working copy: the last column says
    whether a change counts in this one. The entry may be deleted.
    """
    with opened(ctx) as store:
        items = store.blame(entry_id)
    if json:
        output.write_json([output.fields_of(item) for item in items])
        return
    output.write_rows(
        ["seq", "when", "working copy", "what", "command", "standing"],
        (
            (
                item.seq,
                output.moment(item.at),
                item.working_copy,
                output.one_line(item.what, 120),
                output.one_line(item.summary, 120),
                item.standing,
            )
            for item in items
        ),
    )
