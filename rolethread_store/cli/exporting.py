"""The command that writes a dataset to a file: export."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import AtOption, JsonOption
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import example

__all__ = ["ExportFormat", "app"]

app = typer.Typer(rich_markup_mode=None)


class ExportFormat(StrEnum):
    """The formats that can be written."""

    CHATML = "chatml"
    SHAREGPT = "sharegpt"


@app.command(
    epilog=example(
        "rolethread export tavern train.jsonl --format chatml --clean",
        "rolethread export tavern first.jsonl --at 1",
        'rolethread export tavern short.jsonl --format sharegpt --where "len(messages) < 10"',
    )
)
def export(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="Shape of the records.")
    ] = ExportFormat.CHATML,
    clean: Annotated[
        bool, typer.Option("--clean", help="Only what a trainer reads: roles and contents.")
    ] = False,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Only entries for which this condition holds."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    at: AtOption = None,
    json: JsonOption = False,
) -> None:
    """Write a dataset to a file for a trainer.

    Without --clean every field of the source that was not changed comes out as it went in.
    The file appears only when it is complete. It is not encrypted.
    """
    with opened(ctx) as store, ProgressBar() as bar:
        report = store.dataset(name).export(
            out, format_.value, clean=clean, where=where, force=force, at=at, progress=bar
        )
    if json:
        output.write_json(output.fields_of(report))
        return
    output.say(
        f"wrote {output.amount(report.entries, 'entry', 'entries')} "
        f"({output.size(report.bytes)}) to {report.path}"
    )
