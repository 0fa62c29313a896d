"""The command that predicts what a trainer does with a dataset: lint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import AtOption, JsonOption
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.formats.lint import LintReport

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)

# The names are checked by the library, whose table of them takes the engine to load.
_TARGETS = (
    "The trainer or format: llamafactory, llamafactory-openai, torchtune, mistral, openai, "
    "openai-preference, together, trl, axolotl, unsloth, mlx, kto, alpaca, chatml, sharegpt, "
    "parquet, csv, hf or transcript."
)


@app.command(
    epilog=example(
        "rolethread lint tavern --target llamafactory",
        "rolethread lint tavern --target axolotl --template gemma",
        'rolethread lint tavern --target mistral --where "len(messages) > 4" --json',
    )
)
def lint(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    target: Annotated[str, typer.Option(metavar="TARGET", help=_TARGETS)],
    template: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY",
            help="Chat template of the model, for trl, axolotl, unsloth, mlx and kto: mistral, "
            "gemma, llama3, qwen3, …",
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="Only entries for which this condition holds."),
    ] = None,
    at: AtOption = None,
    as_exported: Annotated[
        bool,
        typer.Option("--as-exported", help="As export --format TARGET writes the entries."),
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="Entries to name per rule, at most.")] = 5,
    json: JsonOption = False,
) -> None:
    """Predict what a trainer does with each entry.

    An entry is kept, masked (less of it is trained than it seems), cut (text is lost or
    altered), dropped without an error, or refused. Nothing is run, sent or written. Where
    the model's chat template decides, the counts are of 62 stock templates; --template
    names one family.

    Entries are taken as they stand in the store, every field by its usual name. An export
    to the target may write them in a better way: --as-exported asks about that.
    """
    with opened(ctx) as store:
        report = store.dataset(name).lint(
            target,
            template=template,
            where=where,
            at=at,
            as_exported=as_exported,
            limit=limit,
        )
    if json:
        output.write_json(_shape(report))
    else:
        _tell(report)


def _shape(report: LintReport) -> dict[str, object]:
    return {
        "target": report.target,
        "template": report.template,
        "entries": report.entries,
        "verdicts": {verdict.value: count for verdict, count in report.verdicts.items()},
        "doubtful": report.doubtful,
        "refusing": [rule.rule for rule in report.refusing],
        "rules": [output.fields_of(rule) for rule in report.rules],
        "findings": [output.fields_of(finding) for finding in report.findings],
    }


def _tell(report: LintReport) -> None:
    counts = ", ".join(
        f"{count:,} {verdict.value}" for verdict, count in report.verdicts.items() if count
    )
    output.say(
        f"{report.target}: {output.amount(report.entries, 'entry', 'entries')}"
        f"{': ' + counts if counts else ''}"
    )
    if report.doubtful:
        output.say(
            f"{report.doubtful:,} of them fare worse with some chat templates: --template FAMILY"
            if report.template is None
            else f"{report.doubtful:,} of them fare worse with some templates of {report.template}"
        )
    output.write_rows(
        ["verdict", "rule", "entries", "what happens"],
        (
            (
                rule.verdict.value if rule.certain else f"{rule.verdict.value}?",
                rule.rule,
                "file" if rule.whole_file else f"{rule.entries:,}",
                f"{rule.title}: {rule.message}",
            )
            for rule in report.rules
        ),
    )
    if report.findings:
        output.write("")
        output.write_rows(
            ["entry_id", "turn", "rule"],
            ((one.entry_id, one.turn, one.rule) for one in report.findings),
        )
    if report.options:
        output.say(f"an export can mend this: {', '.join(report.options)}")
