"""Commands about working copies: fork, working-copy."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.history import log_shape
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import AtOption, DatasetOption, JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_group = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _group,
    name="working-copy",
    help="List the working copies of a dataset, or delete one.",
    epilog=example(
        "rolethread working-copy list --dataset tavern",
        "rolethread working-copy delete draft --dataset tavern",
    ),
)


@app.command(
    epilog=example(
        "rolethread fork draft --dataset tavern",
        "rolethread edit 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d --working-copy draft",
        "rolethread fork trial --dataset tavern --at 3",
    )
)
def fork(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new working copy.")],
    dataset: DatasetOption = None,
    at: AtOption = None,
    json: JsonOption = False,
) -> None:
    """Make another working copy of a dataset.

    It starts from the present state, or from a version with --at. Nothing is copied. Name
    it with --working-copy, or in ROLETHREAD_WORKING_COPY, to work in it: its changes and
    its undo are its own.
    """
    with opened(ctx) as store:
        chosen = dataset_of(store, dataset)
        made = chosen.fork(name, at=at)
        (info,) = (one for one in chosen.working_copies() if one.name == made.working_copy)
    if json:
        output.write_json(output.fields_of(info))
        return
    start = info.source if at is None else f"version {at}"
    output.say(f"made working copy {info.name} of {info.dataset} from {start}")
    output.say(f"work in it with: --working-copy {info.name}")


@_group.command("list", epilog=example("rolethread working-copy list --dataset tavern --json"))
def list_(ctx: typer.Context, dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """List the working copies of a dataset, the main one first."""
    with opened(ctx) as store:
        found = dataset_of(store, dataset).working_copies()
    if json:
        output.write_json([output.fields_of(info) for info in found])
        return
    output.write_rows(
        ["name", "version", "changes", "forked from", "when"],
        (
            (
                info.name,
                info.version,
                f"{info.changes:,}",
                info.source,
                None if info.forked_at is None else output.moment(info.forked_at),
            )
            for info in found
        ),
    )


@_group.command(epilog=example("rolethread working-copy delete draft --dataset tavern --force"))
def delete(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The working copy.")],
    dataset: DatasetOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also with changes that no version holds.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Stop listing a working copy.

    Versions that were published from it stay. Changes that no version holds cannot be
    reached afterwards, so without --force it is refused while there are some.
    """
    with opened(ctx) as store:
        chosen = dataset_of(store, dataset)
        done = store.dataset(chosen.name, name).delete_working_copy(force=force)
    if json:
        output.write_json(log_shape(done))
        return
    output.say(done.summary)
