"""The command ``dataset``: rename and drop."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.asking import require_consent
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_dataset = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _dataset,
    name="dataset",
    help="Rename or drop a dataset.",
    epilog=example("rolethread dataset rename tavern inn", "rolethread dataset drop inn"),
)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")]
_REMAINS = "Exported files, and copies and backups of the store made before, still hold it."


@_dataset.command(epilog=example("rolethread dataset rename tavern inn"))
def rename(
    ctx: typer.Context,
    name: _Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
) -> None:
    """Give a dataset another name."""
    with opened(ctx) as store:
        done = store.dataset(name).rename(new)
    output.say(f"{done.summary}  (back with: rolethread undo)")


@_dataset.command(
    epilog=example("rolethread dataset drop tavern", "rolethread dataset drop tavern --shred")
)
def drop(
    ctx: typer.Context,
    name: _Name,
    shred: Annotated[
        bool, typer.Option("--shred", help="Destroy its keys, files and history, for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Stop listing a dataset; undo brings it back.

    With --shred nothing does: its data keys, its files and the content of its history are
    destroyed, with every version and working copy of it.
    """
    if not shred:
        with opened(ctx) as store:
            done = store.dataset(name).drop()
        if json:
            output.write_json({"seq": done.seq, "set_id": done.set_id, "summary": done.summary})
        else:
            output.say(f"{done.summary}  (back with: rolethread undo)")
        return
    if not yes:
        require_consent(f"“{name}” will be destroyed with all its versions. {_REMAINS}")
    with opened(ctx) as store:
        report = store.dataset(name).shred()
    if json:
        output.write_json(output.fields_of(report))
        return
    output.say(
        f"shredded {report.dataset}: {output.amount(report.segments, 'segment')} "
        f"({output.size(report.bytes)}) and its history"
    )
    for remote in report.remotes:
        output.say(f"may still hold it: the remote “{remote}”")
    output.say(_REMAINS)
    if not report.old_removed:
        output.say("the old files go as soon as nobody reads them any more")
