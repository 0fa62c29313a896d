"""The command that takes one earlier change back."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli.history import told
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog=example("rolethread revert 7", "rolethread revert 7 --dataset tavern"))
def revert(
    ctx: typer.Context,
    change: Annotated[int, typer.Argument(min=1, help="Its number, as the log shows it.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only in this dataset.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Take one earlier change back.

    Later changes stay.

    Refused when later changes depend on it; they are named. Reverting a revert puts the
    change back.
    """
    with opened(ctx) as store:
        done = store.revert(change, dataset)
    told(done, json=json)
