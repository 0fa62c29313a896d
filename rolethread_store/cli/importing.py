"""The command ``import``."""

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

_DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and count, but store nothing.")]

_Again = Annotated[
    bool, typer.Option("--again", help="Import also files that were imported before.")
]

_Assistants = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Whose turns are the assistant's; may be repeated."),
]

_UserName = Annotated[
    str | None, typer.Option(metavar="NAME", help="What {{user}} in cards is called.")
]

_Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of text that is not Unicode, like cp1252."),
]

_Columns = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=COLUMN", help="Which column of a table is what. Repeatable."),
]

_Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Rows of a table with one value here are one conversation."
    ),
]

_Exact = Annotated[
    bool | None,
    typer.Option(
        "--exact/--no-exact",
        help="Keep what export --exact needs; by default for files up to 64 MiB.",
        show_default=False,
    ),
]

_Table = Annotated[
    str | None,
    typer.Option(metavar="csv|tsv", help="Read text as a table, whatever its name."),
]


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
    dry_run: _DryRun = False,
    again: _Again = False,
    assistant: _Assistants = None,
    user_name: _UserName = None,
    encoding: _Encoding = None,
    column: _Columns = None,
    group: _Group = None,
    table: _Table = None,
    exact: _Exact = None,
    json: JsonOption = False,
) -> None:
    """Read files into a dataset.

    JSON, JSON Lines, CSV, TSV, Parquet, Arrow, cards and chats, also compressed (gzip, zstd,
    bzip2, xz) or in a zip archive; what a file is, its content tells, and the shape of each
    record its keys. Records that cannot be read are kept in quarantine with their place and
    the reason; the files are never changed. All files together are one change, and one undo
    takes it back. A file whose content this dataset has imported before adds nothing.
    """
    with opened(ctx) as store, ProgressBar() as bar:
        report = store.dataset(dataset).import_files(
            files,
            dry_run=dry_run,
            again=again,
            progress=bar,
            assistants=assistant or (),
            user_name=user_name,
            encoding=encoding,
            columns=column or (),
            group=group,
            table=table,
            exact=exact,
            stdin=sys.stdin.buffer,
        )
    if json:
        output.write_json(_shape(report))
        return
    _tell(report)


def _shape(report: ImportReport) -> dict[str, object]:
    return {
        "dataset": report.dataset,
        "entries": report.entries,
        "kept": report.kept,
        "duplicates": report.duplicates,
        "quarantined": report.quarantined,
        "records": report.records,
        "definitions": report.definitions,
        "renamed": [output.fields_of(one) for one in report.renamed],
        "sources": list(report.sources),
        "formats": report.formats,
        "dry_run": report.dry_run,
        "seconds": round(report.seconds, 3),
    }


def _tell(report: ImportReport) -> None:
    output.write(f"{output.amount(report.records, 'record')} = {_balance(report)}")
    if report.entries != report.kept or report.definitions:
        output.say(
            f"  made {output.amount(report.entries, 'entry', 'entries')} and "
            f"{output.amount(report.definitions, 'definition')}"
        )
    for name, count in report.formats.items():
        output.say(f"  {name}: {count:,}")
    for held in report.quarantine[:_REASONS_SHOWN]:
        output.say(f"  {held.source} record {held.record:,}: {held.reason}")
    hidden = report.quarantined - min(len(report.quarantine), _REASONS_SHOWN)
    if hidden > 0:
        output.say(f"  … and {hidden:,} more")
    for one in report.renamed:
        output.say(f"  {one.kind} “{one.key}” is defined otherwise here; it is “{one.new_key}” now")
    if report.duplicates:
        output.say("duplicates are files that were imported before; --again imports them anyhow")
    if report.dry_run:
        output.say("nothing was stored: this was a dry run")
    elif report.quarantined:
        output.say(f"next: rolethread quarantine --dataset {report.dataset}")
    elif report.entries:
        output.say(f"next: rolethread list --dataset {report.dataset}")


def _balance(report: ImportReport) -> str:
    """Return what became of the records; the numbers add up to theirs."""
    if report.entries == report.kept:
        parts = [output.amount(report.entries, "entry", "entries")]
    else:
        parts = [f"{report.kept:,} kept"]
    if report.duplicates:
        parts.append(output.amount(report.duplicates, "duplicate"))
    parts.append(f"{report.quarantined:,} quarantined")
    return " + ".join(parts)
