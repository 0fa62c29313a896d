"""Commands about versions: publish, versions, checkout, discard."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.history import told
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import DatasetOption, JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog=example('rolethread publish --dataset tavern -m "proofread"'))
def publish(
    ctx: typer.Context,
    dataset: DatasetOption = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", metavar="TEXT", help="What to say of it.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Give the present state a number, for ever.

    Versions are numbered from 1 over all working copies of a dataset. Nothing is copied,
    and no later change, undo or checkpoint changes what a version holds.
    """
    with opened(ctx) as store:
        made = dataset_of(store, dataset).publish(message)
    if json:
        output.write_json(output.fields_of(made))
        return
    said = f": {made.message}" if made.message else ""
    output.say(f"published version {made.number} of {made.dataset}{said}")
    output.say(f"next: rolethread diff {made.number} --dataset {made.dataset}")


@app.command(epilog=example("rolethread versions --dataset tavern --json"))
def versions(ctx: typer.Context, dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """List the versions of a dataset, newest first."""
    with opened(ctx) as store:
        chosen = dataset_of(store, dataset)
        found = chosen.versions()
    if json:
        output.write_json([output.fields_of(version) for version in found])
        return
    output.write_rows(
        ["version", "when", "working copy", "message"],
        (
            (
                version.number,
                output.moment(version.at),
                version.working_copy,
                output.one_line(version.message or "", 120),
            )
            for version in found
        ),
    )
    if not found:
        output.say(f"no version yet; next: rolethread publish --dataset {chosen.name}")


@app.command(epilog=example("rolethread checkout 3 --dataset tavern"))
def checkout(
    ctx: typer.Context,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version.")],
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Take the working copy back to a version.

    It is a change like any other: one undo brings back what was there before.
    """
    with opened(ctx) as store:
        done = dataset_of(store, dataset).checkout(version)
    told(done, json=json)


@app.command(epilog=example("rolethread discard --dataset tavern"))
def discard(ctx: typer.Context, dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """Drop all changes since the version the working copy came from.

    One undo brings them back.
    """
    with opened(ctx) as store:
        done = dataset_of(store, dataset).discard()
    told(done, json=json)
