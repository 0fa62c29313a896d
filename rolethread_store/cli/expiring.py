"""The command ``history``: how much of it is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_history = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _history,
    name="history",
    help="Say how much history is kept.",
    epilog=example("rolethread history keep 1y", "rolethread history keep all"),
)


@_history.callback()
def _group() -> None:
    """Say how much history is kept."""


@_history.command(
    epilog=example("rolethread history keep 90d --dry-run", "rolethread history keep 500MB")
)
def keep(
    ctx: typer.Context,
    limit: Annotated[str, typer.Argument(metavar="LIMIT", help="all, 30d, 12w, 6m, 1y or 500MB.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Keep only so much history, now and from now on.

    Changes beyond the limit can no longer be undone or looked into, and their content is
    gone from disk. Every working copy and every published version stays as it is. The limit
    is applied again by itself, at most once a day, when a command that writes ends.

    Of the files that were imported the bytes of records stay that are as they were: export
    --exact writes the same before and after.
    """
    with opened(ctx) as store:
        report = store.keep_history(limit, dry_run=dry_run)
    if json:
        output.write_json(output.fields_of(report))
        return
    going = "would go" if report.dry_run else "went"
    output.say(
        f"the content of {output.amount(report.expired, 'change')} {going}, "
        f"{output.size(report.freed)}; {output.amount(report.remaining, 'change')} can be undone"
    )
    if report.oldest is not None:
        output.say(f"the oldest of these is of {output.moment(report.oldest)}")
    if not report.old_removed:
        output.say("the old files go as soon as nobody reads them any more")
