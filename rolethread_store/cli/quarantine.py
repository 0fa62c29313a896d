"""The command ``quarantine``: list, show, export and retry what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.difference_text import DifferencePage
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import DatasetOption, JsonOption
from rolethread_store.cli.usage import UsageProblem, example
from rolethread_store.formats import RepairLibraryMissing
from rolethread_store.query import compared_texts

if TYPE_CHECKING:
    from rolethread_store.formats import Repair
    from rolethread_store.query import QuarantinedRecord
    from rolethread_store.store import RetryReport

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_quarantine = typer.Typer(rich_markup_mode=None)
app.add_typer(
    _quarantine,
    name="quarantine",
    help="List, show and mend what could not be read.",
    epilog=example(
        "rolethread quarantine --dataset tavern",
        "rolethread quarantine show chats.jsonl:17",
        "rolethread quarantine retry --dataset tavern --repair",
    ),
)

_RAW_SHOWN = 80
_REASON_SHOWN = 160
_SHOWN = 20
_CONTEXT = 40
_REASONS_SHOWN = 5
_Only = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="Only this dataset's records.")
]
_Limit = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help=f"Records at most; {_SHOWN} by default, with --json all; 0: all."
    ),
]


@_quarantine.callback(invoke_without_command=True)
def quarantine(
    ctx: typer.Context, dataset: _Only = None, limit: _Limit = None, json: JsonOption = False
) -> None:
    """List, show and mend what could not be read.

    Without a further word it lists them.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx, dataset, limit, json=json)
    elif dataset is not None or limit is not None or json:
        raise UsageProblem(
            f"options of “{ctx.invoked_subcommand}” stand behind it",
            hint=f"rolethread quarantine {ctx.invoked_subcommand} --help",
        )


@_quarantine.command("list", epilog=example("rolethread quarantine list --dataset tavern"))
def list_(
    ctx: typer.Context, dataset: _Only = None, limit: _Limit = None, json: JsonOption = False
) -> None:
    """List the records that could not be read.

    Text shows the beginning of each; “quarantine show” shows one whole. JSON gives the bytes
    of each record as text where they are UTF-8, else in base64.
    """
    _list(ctx, dataset, limit, json=json)


def _list(ctx: typer.Context, dataset: str | None, limit: int | None, *, json: bool) -> None:
    most = (0 if json else _SHOWN) if limit is None else limit
    with opened(ctx) as store:
        held = store.quarantine(dataset, limit=most or None)
        hidden = store.quarantine_count(dataset) - len(held) if most else 0
    _write_list(held, json=json)
    if hidden > 0:
        output.say(f"… and {hidden:,} more; --limit 0 shows all")


def _write_list(held: Sequence[QuarantinedRecord], *, json: bool) -> None:
    if json:
        output.write_json([_shape(record) for record in held])
        return
    output.write_rows(
        ["dataset", "source", "record", "reason", "bytes"],
        (
            (
                record.dataset,
                record.source,
                record.record,
                output.one_line(record.reason, _REASON_SHOWN),
                output.one_line(record.raw.decode("utf-8", "replace"), _RAW_SHOWN),
            )
            for record in held
        ),
    )


@_quarantine.command(epilog=example("rolethread quarantine show chats.jsonl:17"))
def show(
    ctx: typer.Context,
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="Its id, or its place as FILE:NUMBER.")
    ],
    dataset: _Only = None,
    json: JsonOption = False,
) -> None:
    """Show one record whole, with its place, the reason and a proposed repair.

    The repair is shown as what it takes away and adds; nothing is changed. Proposals need
    the extra rolethread-store[repair].
    """
    with opened(ctx) as store:
        missing: RepairLibraryMissing | None = None
        try:
            held, repair = store.quarantined_record(record, dataset)
        except RepairLibraryMissing as error:
            held, repair = store.quarantined_record(record, dataset, repair=False)
            missing = error
    if json:
        proposal = None if repair is None else output.fields_of(repair)
        output.write_json({**_shape(held), "repair": proposal})
    else:
        _write_record(held, repair)
    if missing is not None:
        output.say(f"note: {missing}")
        output.say(f"hint: {missing.hint}")


def _write_record(held: QuarantinedRecord, repair: Repair | None) -> None:
    output.write_fields(
        {
            "id": held.record_id,
            "dataset": held.dataset,
            "source": held.source,
            "record": held.record,
            "offset": str(held.offset),
            "reason": held.reason,
            "bytes": len(held.raw),
        }
    )
    output.write("")
    output.write(held.raw.decode("utf-8", "backslashreplace"))
    if repair is None:
        return
    safe = "changes no word" if repair.safe else "not safe: words change; --repair leaves it out"
    output.write("")
    output.write(f"proposed repair ({', '.join(repair.steps)}; {safe}):")
    _write_difference(held.raw.decode("utf-8", "backslashreplace"), repair.text)


def _write_difference(before: str, after: str) -> None:
    pieces = compared_texts(before, after)
    runs = []
    for piece in pieces:
        text = piece.text
        if str(piece.kind) == "same" and len(text) > 2 * _CONTEXT:
            text = f"{text[:_CONTEXT]} … {text[-_CONTEXT:]}"
        runs.append((str(piece.kind), text))
    DifferencePage().line(*runs)


@_quarantine.command(
    epilog=example(
        "rolethread quarantine export bad.jsonl --dataset tavern",
        "rolethread quarantine export bad.jsonl --json",
    )
)
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    dataset: _Only = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="A line of JSON each, with place and reason.")
    ] = False,
) -> None:
    """Write the records as they were, one after the other, to a file; it is not encrypted.

    Mended there, they come back with: rolethread quarantine retry --file OUT
    """
    with opened(ctx) as store:
        count = store.export_quarantine(out, dataset, json=json, force=force)
    output.say(f"wrote {output.amount(count, 'record')}, in plain text, not encrypted: {out}")


@_quarantine.command(
    epilog=example(
        "rolethread quarantine retry --dataset tavern",
        "rolethread quarantine retry --dataset tavern --repair",
        "rolethread quarantine retry --source chats.jsonl --record 17 --file fixed.jsonl",
    )
)
def retry(
    ctx: typer.Context,
    dataset: DatasetOption = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Only records of this file; may be repeated."),
    ] = None,
    record: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="N", help="Only this record; may be repeated."),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Take proposed repairs that change no word.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FIXED", help="Read these records instead, one for each."),
    ] = None,
    assistant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose turns are the assistant's; may be repeated."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Read records once more and import those that can be read now.

    A newer version may know a shape that was unknown before. What is read leaves the list;
    all of it is one change, and undo brings the records back.
    """
    if repair and file is not None:
        raise UsageProblem("--repair and --file do not go together")
    with opened(ctx) as store:
        name = dataset_of(store, dataset).name
        report = store.retry_quarantined(
            name,
            sources=source or (),
            records=record or (),
            repair=repair,
            file=file,
            assistants=assistant or (),
        )
    if json:
        output.write_json(_retry_shape(report))
    else:
        _tell(report)


def _retry_shape(report: RetryReport) -> dict[str, object]:
    imported = report.imported
    return {
        "tried": report.tried,
        "mended": report.mended,
        "repaired": report.repaired,
        "left": report.left,
        "entries": 0 if imported is None else imported.entries,
        "definitions": 0 if imported is None else imported.definitions,
        "formats": {} if imported is None else imported.formats,
        "reasons": [output.fields_of(note) for note in report.notes],
    }


def _tell(report: RetryReport) -> None:
    output.write(
        f"{output.amount(report.tried, 'record')} = {report.mended:,} read + "
        f"{report.left:,} still in quarantine"
    )
    if report.repaired:
        output.say(f"  {report.repaired:,} of them repaired")
    if report.imported is not None:
        for name, count in report.imported.formats.items():
            output.say(f"  {name}: {count:,}")
    for note in report.notes[:_REASONS_SHOWN]:
        output.say(f"  {note.source} record {note.record:,}: {note.reason}")
    hidden = report.left - min(len(report.notes), _REASONS_SHOWN)
    if hidden > 0:
        output.say(f"  … and {hidden:,} more")


def _shape(record: QuarantinedRecord) -> dict[str, object]:
    return {
        "id": record.record_id,
        "dataset": record.dataset,
        "source": record.source,
        "record": record.record,
        "offset": record.offset,
        "reason": record.reason,
        **_raw(record.raw),
    }


def _raw(raw: bytes) -> dict[str, object]:
    try:
        return {"raw": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"raw_base64": raw}
