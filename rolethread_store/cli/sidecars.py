"""The command group ``sidecar``: RoleThread Lite's ``.registry.json`` files, in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.store.sidecars import SidecarReport

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_sidecar = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _sidecar,
    name="sidecar",
    help="Exchange definitions by .registry.json files.",
    epilog=example(
        "rolethread sidecar check tavern.registry.json --dataset tavern",
        "rolethread sidecar import tavern.registry.json --dataset tavern",
        "rolethread sidecar export tavern tavern.registry.json",
    ),
)

_UNMAPPED_SHOWN = 10

_File = Annotated[Path, typer.Argument(metavar="FILE", help="The .registry.json file.")]
_Dataset = Annotated[str, typer.Option(metavar="NAME", help="The dataset it belongs to.")]
_Replace = Annotated[
    bool, typer.Option("--replace", help="Where both define something, take the file's word.")
]


@_sidecar.command(
    "import",
    epilog=example("rolethread sidecar import tavern.registry.json --dataset tavern"),
)
def import_(
    ctx: typer.Context,
    file: _File,
    dataset: _Dataset,
    replace: _Replace = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when it is of another dataset.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Take over tags, categories, aliases, characters, prompts and who speaks which turns.

    What the store defines differently stays as it is and is listed; so are turns that do
    not fit their entry. Keys that are not known here are kept for the next export. All of
    it is one change, and one undo takes it back.
    """
    with opened(ctx) as store:
        report = store.dataset(dataset).import_sidecar(file, force=force, replace=replace)
    _report(report, json, checked=False)


@_sidecar.command(epilog=example("rolethread sidecar check tavern.registry.json --dataset tavern"))
def check(
    ctx: typer.Context,
    file: _File,
    dataset: _Dataset,
    replace: _Replace = False,
    json: JsonOption = False,
) -> None:
    """Tell whether a file fits a dataset, and what an import of it would do."""
    with opened(ctx) as store:
        report = store.dataset(dataset).check_sidecar(file, replace=replace)
    _report(report, json, checked=True)


@_sidecar.command(
    epilog=example(
        "rolethread sidecar export tavern tavern.registry.json",
        "rolethread sidecar export tavern tavern.registry.json --force",
    )
)
def export(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The dataset.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace an older sidecar of the same dataset.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write the definitions that a dataset uses beside an export of it.

    The file is not encrypted. One that belongs to another dataset, or that is no sidecar,
    is never replaced.
    """
    with opened(ctx) as store:
        done = store.dataset(name).export_sidecar(out, force=force)
    if json:
        output.write_json(output.fields_of(done))
        return
    output.say(
        f"wrote {_counts(done.definitions)} and {output.amount(done.turns, 'mapped turn')} "
        f"to {done.path}"
    )
    output.say("it is plain text, not encrypted")


def _counts(definitions: dict[str, int]) -> str:
    words = {"category": "categories", "alias": "aliases"}
    said = [output.amount(n, kind, words.get(kind)) for kind, n in definitions.items()]
    return ", ".join(said) or "no definitions"


def _report(report: SidecarReport, json: bool, *, checked: bool) -> None:
    if json:
        shape = output.fields_of(report)
        shape["identity"] = output.fields_of(report.identity)
        shape["conflicts"] = [{"kind": kind, "key": key} for kind, key in report.conflicts]
        shape["unmapped"] = [output.fields_of(one) for one in report.unmapped]
        output.write_json(shape)
        return
    new = "would be new" if checked else "new"
    output.write(f"{new}: {_counts(report.added)}; {report.known:,} known already")
    output.write(
        f"{output.amount(report.turns, 'turn')} mapped, "
        f"{output.amount(report.entries, 'entry', 'entries')} "
        f"{'would change' if checked else 'changed'}"
    )
    for words in report.mismatches:
        output.say(f"note: {words}")
    for kind, key in report.conflicts:
        output.say(f"kept: the store defines the {kind} “{key}” differently (--replace)")
    for one in report.unmapped[:_UNMAPPED_SHOWN]:
        turn = "" if one.turn_index is None else f" turn {one.turn_index}"
        output.say(f"not mapped: {one.entry_uuid}{turn}: {one.reason}")
    hidden = len(report.unmapped) - _UNMAPPED_SHOWN
    if hidden > 0:
        output.say(f"… and {hidden:,} more; --json lists all")
    if checked:
        output.say("nothing was changed: this was a check")
    elif not report.changes:
        output.say("nothing was changed")
    elif len(report.changes) == 1:
        output.say("back with: rolethread undo")
    else:
        output.say(
            f"changes {report.changes[0]} to {report.changes[-1]}; back with "
            f"{len(report.changes)} times: rolethread undo"
        )
