"""Commands that bring files in: import, quarantine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.store import ImportReport

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)

_REASONS_SHOWN = 5
_RAW_SHOWN = 80


@app.command(
    "import",
    epilog=example(
        "rolethread import chats.jsonl more.json --dataset tavern",
        "rolethread import 'chats/**/*.jsonl.gz' cards.zip --dataset tavern --dry-run",
        "rolethread import meld.csv --dataset meld --group Dialogue_ID "
        "--column name=Speaker --column content=Utterance",
    ),
)
def import_(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Files, patterns or URLs; - is standard input."),
    ],
    dataset: Annotated[
        str, typer.Option(metavar="NAME", help="Dataset to add to; made if it is new.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and count, but store nothing.")
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of text that is not Unicode, like cp1252."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COLUMN", help="Which column of a table is what. Repeatable."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Rows of a table with one value here are one conversation."
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="csv|tsv", help="Read text as a table, whatever its name."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Read files into a dataset.

    JSON, JSON Lines, CSV, TSV, Parquet and Arrow, also compressed (gzip, zstd, bzip2, xz) or
    in a zip archive; what a file is, its content tells. ChatML and ShareGPT are recognised
    record by record. Records that cannot be read are kept in quarantine with their place
    and the reason; the files are never changed. All files together are one change, and one
    undo takes it back.
    """
    from rolethread_store.formats import SourceOptions, TableOptions  # noqa: PLC0415

    options = TableOptions.parse(column or (), group, table)
    reading = SourceOptions(encoding, options, stdin=sys.stdin.buffer)
    with opened(ctx) as store, ProgressBar() as bar:
        report = store.dataset(dataset).import_files(
            files, dry_run=dry_run, progress=bar, reading=reading
        )
    if json:
        output.write_json(
            {
                "dataset": report.dataset,
                "entries": report.entries,
                "quarantined": report.quarantined,
                "records": report.records,
                "sources": list(report.sources),
                "formats": report.formats,
                "dry_run": report.dry_run,
                "seconds": round(report.seconds, 3),
            }
        )
        return
    _tell(report)


def _tell(report: ImportReport) -> None:
    output.write(
        f"{output.amount(report.records, 'record')} = "
        f"{output.amount(report.entries, 'entry', 'entries')} + "
        f"{report.quarantined:,} quarantined"
    )
    for name, count in report.formats.items():
        output.say(f"  {name}: {count:,}")
    for held in report.quarantine[:_REASONS_SHOWN]:
        output.say(f"  {held.source} record {held.record:,}: {held.reason}")
    hidden = report.quarantined - min(len(report.quarantine), _REASONS_SHOWN)
    if hidden > 0:
        output.say(f"  … and {hidden:,} more")
    if report.dry_run:
        output.say("nothing was stored: this was a dry run")
    elif report.quarantined:
        output.say(f"next: rolethread quarantine --dataset {report.dataset}")
    elif report.entries:
        output.say(f"next: rolethread list --dataset {report.dataset}")


@app.command(epilog=example("rolethread quarantine --dataset tavern"))
def quarantine(
    ctx: typer.Context,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this dataset's records.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the records that could not be read.

    JSON gives the bytes of each record as text where they are UTF-8, else in base64.
    """
    with opened(ctx) as store:
        held = store.quarantine(dataset)
    if json:
        output.write_json(
            [
                {
                    "dataset": record.dataset,
                    "source": record.source,
                    "record": record.record,
                    "offset": record.offset,
                    "reason": record.reason,
                    **_raw(record.raw),
                }
                for record in held
            ]
        )
        return
    output.write_rows(
        ["dataset", "source", "record", "reason", "bytes"],
        (
            (
                record.dataset,
                record.source,
                record.record,
                record.reason,
                output.one_line(record.raw.decode("utf-8", "replace"), _RAW_SHOWN),
            )
            for record in held
        ),
    )


def _raw(raw: bytes) -> dict[str, object]:
    try:
        return {"raw": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"raw_base64": raw}
