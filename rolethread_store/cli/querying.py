"""The SQL console: one read-only statement, its rows as text, JSON, CSV or Arrow."""

from __future__ import annotations

import csv
import json as json_text
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import AtOption, JsonOption
from rolethread_store.cli.usage import UsageProblem, example
from rolethread_store.errors import Conflict

if TYPE_CHECKING:
    from rolethread_store.query import Result

__all__ = ["OutputExists", "app"]

app = typer.Typer(rich_markup_mode=None)

_ROWS_AT_ONCE = 2_048


class OutputExists(Conflict):
    """The file to write is already there."""

    code: ClassVar[str] = "cli.output-exists"


@app.command(
    epilog=example(
        'rolethread sql "SELECT role, count(*) FROM messages GROUP BY role"',
        'rolethread sql "SELECT entry_id, len(messages) AS turns FROM entries" --csv > turns.csv',
        'rolethread sql "SELECT count(*) FROM entries" --dataset tavern --at 3',
        'rolethread sql "SELECT * FROM entries" --dataset tavern --arrow tavern.arrow',
    )
)
def sql(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One statement; - for stdin.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask only about this dataset.")
    ] = None,
    at: AtOption = None,
    json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with a header.")] = False,
    arrow: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an Arrow IPC file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing FILE.")] = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Memory the query may take, such as 2GB."),
    ] = None,
) -> None:
    """Ask with SQL; reads only.

    The views are entries, messages (one row per message) and one per dataset. Moments and
    ids are strings in JSON and CSV; nested values are JSON inside CSV.
    """
    if json + as_csv + (arrow is not None) > 1:
        raise UsageProblem("choose one of --json, --csv and --arrow")
    if arrow is not None and arrow.exists() and not force:
        raise OutputExists(f"{arrow} is already there", hint="add --force to replace it")
    text = sys.stdin.read() if query == "-" else query
    with opened(ctx, memory_limit=memory_limit) as store:
        if at is None:
            result = store.sql(text, dataset)
        else:
            result = dataset_of(store, dataset).sql(text, at=at)
        if arrow is not None:
            output.say(f"wrote {output.amount(_write_arrow(result, arrow), 'row')} to {arrow}")
        elif json:
            output.write_json_rows(result.columns, _rows(result))
        elif as_csv:
            _write_csv(result)
        else:
            output.write_rows(result.columns, _rows(result))


def _rows(result: Result) -> Iterator[tuple[object, ...]]:
    while batch := result.fetchmany(_ROWS_AT_ONCE):
        yield from batch


def _write_csv(result: Result) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(result.columns)
    for row in _rows(result):
        writer.writerow([_csv_cell(value) for value in row])


def _csv_cell(value: object) -> object:
    shaped = output.plain(value)
    if isinstance(shaped, list | dict):
        return json_text.dumps(shaped, ensure_ascii=False)
    return shaped


def _write_arrow(result: Result, target: Path) -> int:
    """Write beside the target and rename, so that no half-written file bears its name."""
    # Arrow takes 0.1 s to load, which only this option needs.
    import pyarrow as pa  # noqa: PLC0415

    partial = target.with_name(f".{target.name}.partial")
    rows = 0
    try:
        reader = result.batches()
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as writer:
            for batch in reader:
                rows += batch.num_rows
                writer.write_batch(batch)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return rows
