"""Commands about changes: undo, redo, log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.store import LogItem

__all__ = ["app", "log_shape", "told"]

app = typer.Typer(rich_markup_mode=None)

_Dataset = Annotated[str | None, typer.Option(metavar="NAME", help="Only changes of this dataset.")]


@app.command(epilog=example("rolethread undo", "rolethread undo --dataset tavern --to 12"))
def undo(
    ctx: typer.Context,
    dataset: _Dataset = None,
    to: Annotated[
        int | None,
        typer.Option(min=1, metavar="CHANGE", help="Undo all above this change of the log."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Undo the last change.

    It may be of any size and any age; again undoes the one before. With --to many changes
    of one dataset are undone by one record, and one redo brings them back.
    """
    with opened(ctx) as store:
        done = store.undo(dataset) if to is None else dataset_of(store, dataset).undo(to=to)
    told(done, json=json, back="redo")


@app.command(epilog=example("rolethread redo"))
def redo(ctx: typer.Context, dataset: _Dataset = None, json: JsonOption = False) -> None:
    """Redo what was undone last."""
    with opened(ctx) as store:
        done = store.redo(dataset)
    told(done, json=json)


@app.command(epilog=example("rolethread log --dataset tavern --limit 10"))
def log(
    ctx: typer.Context,
    dataset: _Dataset = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Changes at most.")] = None,
    json: JsonOption = False,
) -> None:
    """List the changes, newest first."""
    with opened(ctx) as store:
        items = store.log(dataset, limit)
    if json:
        output.write_json([log_shape(item) for item in items])
        return
    output.write_rows(
        ["seq", "when", "kind", "datasets", "working copies", "version", "what"],
        (
            (
                item.seq,
                output.moment(item.at),
                f"{item.kind} (undone)" if item.undone else item.kind,
                ", ".join(item.datasets),
                ", ".join(item.working_copies),
                item.version,
                output.one_line(item.summary, 120),
            )
            for item in items
        ),
    )


def log_shape(item: LogItem) -> dict[str, object]:
    """Return a record of the history as JSON shows it."""
    return {
        "set_id": item.set_id,
        "seq": item.seq,
        "at": item.at,
        "kind": item.kind,
        "summary": item.summary,
        "datasets": item.datasets,
        "working_copies": item.working_copies,
        "version": item.version,
        "undone": item.undone,
        "target": item.target,
        "registry": item.registry,
    }


def told(item: LogItem, *, json: bool, back: str = "undo") -> None:
    """Say what was done, where when that is in several places, and how to take it back.

    Args:
        item: The record it wrote.
        json: Whether JSON is wanted.
        back: Command that takes it back.
    """
    if json:
        output.write_json(log_shape(item))
        return
    places = [*item.datasets, *(["the registry"] if item.registry else [])]
    where = f" in {' and '.join(places)}, as one" if len(places) > 1 else ""
    output.say(f"{item.summary}{where}  (back with: rolethread {back})")
