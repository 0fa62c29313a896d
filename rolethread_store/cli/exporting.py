"""The command that writes a dataset for a trainer: export."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import AtOption, JsonOption
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import UsageProblem, example

if TYPE_CHECKING:
    from rolethread_store.store import Dataset, ExportReport
    from rolethread_store.store.leaving import ExportOptions

__all__ = ["ExportFormat", "app"]

app = typer.Typer(rich_markup_mode=None)

_STREAM = "-"
_WITH_EXACT = frozenset({"where", "allow", "force"})


class ExportFormat(StrEnum):
    """The targets that can be written."""

    CHATML = "chatml"
    OPENAI = "openai"
    SHAREGPT = "sharegpt"
    ALPACA = "alpaca"
    LLAMAFACTORY = "llamafactory"
    AXOLOTL = "axolotl"
    TRL = "trl"
    MLX = "mlx"
    MISTRAL = "mistral"
    TOGETHER = "together"
    OPENAI_PREFERENCE = "openai-preference"
    KTO = "kto"
    PARQUET = "parquet"
    CSV = "csv"
    HF = "hf"
    TRANSCRIPT = "transcript"


class _Names(StrEnum):
    KEEP = "keep"
    PREFIX = "prefix"
    DROP = "drop"


class _Greeting(StrEnum):
    KEEP = "keep"
    STUB = "stub"
    FOLD = "fold"


class _System(StrEnum):
    KEEP = "keep"
    MERGE = "merge"
    FIRST = "first"


class _Ending(StrEnum):
    KEEP = "keep"
    TRIM = "trim"


_Shape = Annotated[
    str | None,
    typer.Option(
        metavar="SHAPE",
        help="trl: messages, prompt-completion, preference; llamafactory: sharegpt, openai; "
        "csv: turns, entries.",
    ),
]

_Split = Annotated[
    str | None,
    typer.Option(metavar="SHARES", help="A file for each split, as train=0.9,val=0.1."),
]

_NamesOption = Annotated[
    _Names, typer.Option(help="Names of who speaks: as they are, before the text, or not.")
]

_GreetingOption = Annotated[
    _Greeting,
    typer.Option(
        help="When the assistant begins: put a user turn before, or its text into "
        "the system prompt."
    ),
]

_Stub = Annotated[str | None, typer.Option(metavar="TEXT", help="Text of that user turn.")]

_SystemOption = Annotated[
    _System,
    typer.Option(help="System turns: as they are, joined in front, or the first alone, in front."),
]

_EndingOption = Annotated[
    _Ending, typer.Option(help="Turns after the last answer: as they are, or left out.")
]

_Unroll = Annotated[
    bool, typer.Option("--unroll", help="One record for each assistant turn, ending with it.")
]

_Exact = Annotated[
    bool,
    typer.Option(
        "--exact", help="Records as their files had them, byte for byte, where nothing changed."
    ),
]

_Allow = Annotated[
    bool, typer.Option("--allow", help="Write also what the trainer would refuse or drop.")
]

_Where = Annotated[
    str | None,
    typer.Option(metavar="SQL", help="Only entries for which this condition holds."),
]

_Clean = Annotated[
    bool, typer.Option("--clean", help="Only what a trainer reads: roles and contents.")
]

_Format = Annotated[ExportFormat, typer.Option("--format", help="What to write it for.")]

_Out = Annotated[
    Path,
    typer.Argument(
        metavar="OUT",
        help="File to write; for llamafactory, mlx and hf a folder; - for standard output.",
    ),
]


@app.command(
    epilog=example(
        "rolethread export tavern train.jsonl --format chatml --clean",
        "rolethread export tavern tavern.jsonl --format axolotl --split train=0.9,val=0.1",
        "rolethread export tavern lf --format llamafactory --greeting-first stub",
        "rolethread export tavern pairs.jsonl --format trl --shape preference",
        'rolethread export tavern - --where "len(messages) < 10" | head',
        "rolethread export tavern chats.jsonl --exact",
    )
)
def export(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    out: _Out,
    format_: _Format = ExportFormat.CHATML,
    shape: _Shape = None,
    clean: _Clean = False,
    where: _Where = None,
    split: _Split = None,
    seed: Annotated[int, typer.Option(help="Another number splits otherwise.")] = 0,
    names: _NamesOption = _Names.KEEP,
    greeting_first: _GreetingOption = _Greeting.KEEP,
    stub: _Stub = None,
    system: _SystemOption = _System.KEEP,
    ending: _EndingOption = _Ending.KEEP,
    unroll: _Unroll = False,
    allow: _Allow = False,
    exact: _Exact = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what an earlier export wrote.")
    ] = False,
    at: AtOption = None,
    json: JsonOption = False,
) -> None:
    """Write a dataset for a trainer.

    What is written is plain text, not encrypted. Files appear only when they are complete,
    with a manifest that tells what they hold; the same entries give the same bytes. Entries
    that the target cannot carry are counted by reason, and stay in the store.

    What a trainer would certainly refuse or drop is told before anything is written: an
    option mends it, or --allow writes it all the same.

    Without --clean, chatml and sharegpt write every field of the source that was not
    changed as it came in. With --exact every unchanged record is written as its source's
    own bytes, changed ones in the format they came in, and a file that was imported whole
    comes out as the same file; it goes with --where, --at, --allow and --force alone.
    """  # fmt: skip
    destination = _destination(out, json=json)
    options: ExportOptions = {
        "where": where, "allow": allow, "force": force, "shape": shape, "clean": clean,
        "split": split, "seed": seed, "names": names.value, "greeting_first": greeting_first.value,
        "stub": stub, "system": system.value, "ending": ending.value, "unroll": unroll,
    }  # fmt: skip
    with opened(ctx) as store, ProgressBar() as bar:
        order = _Order(_no_format(format_, options) if exact else format_.value, at, bar)
        report = _written(store.dataset(name), destination, order, options)
    if json:
        output.write_json(output.fields_of(report))
    _tell(report, json=json)


class _Order(NamedTuple):
    """What is to be written: a format, or ``None`` for what each record had."""

    format: str | None
    at: int | None
    bar: ProgressBar


def _written(
    dataset: Dataset, destination: Path | BinaryIO, order: _Order, options: ExportOptions
) -> ExportReport:
    if order.format is None:
        return dataset.export_exact(
            destination,
            at=order.at,
            progress=order.bar,
            where=options["where"],
            allow=options["allow"],
            force=options["force"],
        )
    return dataset.export(destination, order.format, at=order.at, progress=order.bar, **options)


def _no_format(format_: ExportFormat, options: Mapping[str, object]) -> str | None:
    """Return no format, and refuse what would change records that are to be as they were.

    Raises:
        UsageProblem: an option says how to write them.
    """
    said = [
        name
        for name, value in options.items()
        if name not in _WITH_EXACT and value not in (None, False, 0, "keep")
    ]
    if format_ is not ExportFormat.CHATML or said:
        said = said or ["format"]
        named = " and ".join(f"--{name.replace('_', '-')}" for name in said)
        raise UsageProblem(f"--exact writes records as they came; leave out {named}")
    return None


def _destination(out: Path, *, json: bool) -> Path | BinaryIO:
    if str(out) != _STREAM:
        return out
    if json:
        raise UsageProblem("--json and the records cannot both go to standard output")
    return sys.stdout.buffer


def _tell(report: ExportReport, *, json: bool) -> None:
    """Say on stderr what was written, where plain text lies now, and what was left out."""
    place = "standard output" if report.path is None else str(report.path)
    if not json:
        records = (
            "" if report.records == report.entries
            else f" as {output.amount(report.records, 'record')}"
        )  # fmt: skip
        output.say(
            f"wrote {output.amount(report.entries, 'entry', 'entries')}{records} "
            f"({output.size(report.bytes)}) to {place}"
        )
        for reason, count in report.skipped.items():
            output.say(f"left out {output.amount(count, 'record')}: {reason}")
    output.say(f"plain text, not encrypted: {place}")
