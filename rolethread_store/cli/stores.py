"""Commands about the store as a whole: init, status, checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.keeping import require_somebody_to_keep, wait_until_written_down
from rolethread_store.cli.new_passphrase import first_passphrase
from rolethread_store.cli.opening import opened, store_path
from rolethread_store.cli.options import JsonOption, given
from rolethread_store.cli.usage import example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog=example(
        "rolethread init",
        "rolethread init --yes --passphrase-file secret.txt > recovery-code.txt",
    )
)
def init(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Make a new encrypted store.

    Its recovery code is printed once, alone, on standard output: it opens the store when
    the passphrase is forgotten. Write it down and keep it away from this machine.
    """
    require_somebody_to_keep(yes)
    options = given(ctx)
    path = store_path(options)
    with rolethread_store.create(path, passphrase=first_passphrase(options)) as store:
        output.say(f"Made an encrypted store at {path}")
        output.say("This is its recovery code. It is shown only now:")
        typer.echo(store.recovery_code)
    wait_until_written_down(yes)
    output.say("next: rolethread import FILE --dataset NAME")


@app.command(epilog=example("rolethread status", "rolethread status --json"))
def status(ctx: typer.Context, json: JsonOption = False) -> None:
    """Tell what the store holds and what is pending."""
    with opened(ctx) as store:
        found = store.status()
    shape = {
        "store_id": str(found.store_id),
        "path": str(found.path),
        "format": found.format,
        "datasets": found.datasets,
        "entries": found.entries,
        "quarantined": found.quarantined,
        "bytes": found.bytes,
        "pending": found.pending,
        "generation": found.generation,
        "log_files": found.log_files,
        "undoable": found.undoable,
        "redoable": found.redoable,
        "standings": [output.fields_of(standing) for standing in found.standings],
        "remotes": [{"name": remote.name, "url": remote.url} for remote in found.remotes],
    }
    if json:
        output.write_json(shape)
        return
    shape["bytes"] = output.size(found.bytes)
    del shape["standings"]
    shape["remotes"] = ", ".join(remote.name for remote in found.remotes) or "none"
    output.write_fields(shape)
    for one in found.standings:
        copied = "" if one.working_copy == "main" else f" [{one.working_copy}]"
        version = "no version" if one.version is None else f"version {one.version}"
        since = output.amount(one.changes, "change")
        output.write(f"{one.dataset}{copied}: {version}, {since} since")


_STEPS = {"merge": "layers merged", "rewrite": "segments with dead rows rewritten"}


@app.command(epilog=example("rolethread checkpoint", "rolethread checkpoint --dry-run"))
def checkpoint(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what the first step would be.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Fold pending changes into segments.

    It changes no answer and keeps undo; it only makes the next opening quicker. It runs by
    itself when much has changed.
    """
    with opened(ctx) as store:
        if dry_run:
            planned = [{"dataset": name, "step": step} for name, step in store.planned_checkpoint()]
            if json:
                output.write_json(planned)
            else:
                output.write_rows(["dataset", "step"], (tuple(one.values()) for one in planned))
            return
        reports = store.checkpoint()
    if json:
        output.write_json([output.fields_of(report) for report in reports])
        return
    for report in reports:
        name = report.dataset
        if report.working_copy != "main":
            name = f"{name} ({report.working_copy})"
        done = _STEPS.get(report.step)
        if done is None:
            done = f"{output.amount(report.folded, 'pending entry', 'pending entries')} folded"
        output.write(f"{name}: {done}, {output.size(report.bytes_written)} written")
    if not reports:
        output.say("nothing was pending")


@app.command(epilog=example("rolethread gc --dry-run", "rolethread gc"))
def gc(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove files that no state and no undo needs.

    What another open store may still read stays until a later run.
    """
    with opened(ctx) as store:
        found = store.collect_garbage(dry_run=True)
        freed = 0 if dry_run else store.collect_garbage()
    if json:
        output.write_json({"dry_run": dry_run, "garbage_bytes": found, "freed_bytes": freed})
    elif dry_run:
        output.write(f"{output.size(found)} could go")
    elif found and not freed:
        output.say(f"{output.size(found)} could go, but another process has the store open")
    else:
        output.write(f"{output.size(freed)} freed")
