"""The command group ``tag``: add tags to entries, or take them away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.usage import UsageProblem, example

if TYPE_CHECKING:
    from rolethread_store.store import LogItem

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_tag = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _tag,
    name="tag",
    help="Add tags to entries or take them away.",
    epilog=example(
        "rolethread tag add favourite --dataset tavern --all",
        "rolethread tag remove draft --dataset tavern --entry 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d",
    ),
)

_Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="The tags.")]
_Dataset = Annotated[str, typer.Option(metavar="NAME", help="The dataset.")]
_Entries = Annotated[
    list[str] | None,
    typer.Option("--entry", metavar="ENTRY_ID", help="Only this entry; repeatable."),
]
_Where = Annotated[
    str | None,
    typer.Option(metavar="SQL", help="Only entries for which this condition holds."),
]
_All = Annotated[bool, typer.Option("--all", help="Every entry of the dataset.")]


@_tag.command(
    epilog=example(
        "rolethread tag add good --dataset tavern --entry 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d",
        'rolethread tag add long --dataset tavern --where "len(messages) > 20"',
    )
)
def add(
    ctx: typer.Context,
    tags: _Tags,
    dataset: _Dataset,
    entry: _Entries = None,
    where: _Where = None,
    every: _All = False,
) -> None:
    """Add tags to entries."""
    _one_target(entry, where, every)
    with opened(ctx) as store:
        done = store.dataset(dataset).add_tags(tags, entries=entry, where=where)
    _tell(done)


@_tag.command(
    epilog=example("rolethread tag remove draft --dataset tavern --all"),
)
def remove(
    ctx: typer.Context,
    tags: _Tags,
    dataset: _Dataset,
    entry: _Entries = None,
    where: _Where = None,
    every: _All = False,
) -> None:
    """Take tags away from entries."""
    _one_target(entry, where, every)
    with opened(ctx) as store:
        done = store.dataset(dataset).remove_tags(tags, entries=entry, where=where)
    _tell(done)


def _one_target(entry: list[str] | None, where: str | None, every: bool) -> None:
    if bool(entry) + (where is not None) + every != 1:
        raise UsageProblem("say which entries: one of --entry, --where and --all")


def _tell(done: LogItem | None) -> None:
    if done is None:
        output.say("nothing was changed")
    else:
        output.say(f"{done.summary}  (back with: rolethread undo)")
