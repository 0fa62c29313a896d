"""The command ``salvage``, and the look at the store's own files that comes before it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.new_passphrase import new_passphrase
from rolethread_store.cli.opening import store_path
from rolethread_store.cli.options import JsonOption, given
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.secrets import unlocking
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolethread_store.dataset import FileDamage
    from rolethread_store.segments import Rescued
    from rolethread_store.store import SalvageReport

__all__ = ["app", "verify_local"]

app = typer.Typer(rich_markup_mode=None)

_ROWS_OF = {
    "entries": "entries",
    "tags": "changed tags",
    "texts": "entries' edited texts",
    "mask": "deletions",
    "quarantine": "quarantined records",
    "originals": "records' bytes as they were in their files",
}
"""What the rows of a segment are, by the kind of its batch."""


def verify_local(ctx: typer.Context, *, json: bool) -> None:
    """Look through the store's own files; damage ends the command with its exit code."""
    options = given(ctx)
    secret = unlocking(options)
    with ProgressBar() as bar:
        report = rolethread_store.check_local(
            store_path(options),
            secret.passphrase,
            recovery_code=secret.recovery_code,
            key_file=secret.key_file,
            keyring=secret.keyring,
            progress=bar,
        )
    shape = {
        "path": str(report.path),
        "files": report.files,
        "bytes": report.bytes,
        "entries": report.entries,
        "changes": report.changes,
    }
    if json:
        damages = _damages(report.path, report.damages)
        output.write_json({"ok": not damages, **shape, "damages": damages})
    else:
        output.write_fields(shape)
        _tell(report.path, report.damages)
    report.require_sound()


@app.command(
    epilog=example(
        "rolethread salvage ./rescued",
        "rolethread --store ./damaged salvage ./rescued > recovery-code.txt",
    )
)
def salvage(
    ctx: typer.Context,
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")
    ],
    json: JsonOption = False,
) -> None:
    """Save what a damaged store still holds.

    It goes into a new store, with all versions and working copies. That has the same
    passphrase, or a new one when the old store is opened in another way, and a recovery code
    of its own, which is printed once. The old store is not changed; the history of its single
    changes stays behind.
    """
    options = given(ctx)
    secret = unlocking(options)
    path = store_path(options)
    report = rolethread_store.salvage(
        path,
        destination,
        secret.passphrase,
        recovery_code=secret.recovery_code,
        key_file=secret.key_file,
        keyring=secret.keyring,
        new_passphrase=secret.passphrase or new_passphrase(None, None, None),
    )
    saved = [
        {
            "name": one.name,
            "entries": one.entries,
            "quarantined": one.quarantined,
            "states": [{"name": state.name, "entries": state.entries} for state in one.states],
        }
        for one in report.datasets
    ]
    if json:
        output.write_json(
            {
                "path": str(report.path),
                "datasets": saved,
                "damages": _damages(path.absolute(), report.damages),
                "left_out": list(report.left_out),
                "unreadable_changes": report.unreadable,
                "recovery_code": report.recovery_code,
            }
        )
        return
    _tell_saved(path.absolute(), report)
    typer.echo(report.recovery_code)
    output.say(f"next: rolethread --store {destination} status")


def _tell_saved(root: Path, report: SalvageReport) -> None:
    for one in report.datasets:
        output.say(f"saved {one.name}: {one.entries:,} entries, {one.quarantined:,} quarantined")
        for state in one.states:
            output.say(f"saved {one.name}, {state.name}: {state.entries:,} entries")
    for damage in report.damages:
        _tell_damage(root, damage)
    for summary in report.left_out:
        output.say(f"lost  the change “{summary}”")
    if report.unreadable:
        output.say(f"lost  {report.unreadable:,} changes that cannot be read")
    output.say("This is the recovery code of the new store. It is shown only now:")


def _tell_damage(root: Path, damage: FileDamage) -> None:
    name = damage.path.relative_to(root).as_posix()
    rescued = damage.rescued
    if rescued is None:
        output.say(f"lost  {name}: {damage.reason}{_rows(damage)}")
        return
    lost = damage.entries - rescued.segment.rows
    output.say(f"lost  {lost:,} of {_amount(damage)} in {name}: {damage.reason}")
    for records in rescued.lost:
        which = f"{records.count:,} between records {records.first:,} and {records.last:,}"
        output.say(f"lost  entries of {records.source}: {which}")
    if rescued.bare:
        output.say(f"lost  tags, origin or other fields of {rescued.bare:,} entries")


def _damages(root: Path, damages: Sequence[FileDamage]) -> list[dict[str, object]]:
    return [
        {
            "file": damage.path.relative_to(root).as_posix(),
            "reason": damage.reason,
            "entries": damage.entries,
            "code": damage.code,
            "kind": damage.kind,
            **({} if damage.rescued is None else _rescued(damage.rescued)),
        }
        for damage in damages
    ]


def _rescued(rescued: Rescued) -> dict[str, object]:
    return {
        "rescued": rescued.segment.rows,
        "bare": rescued.bare,
        "lost": [asdict(records) for records in rescued.lost],
    }


def _tell(root: Path, damages: Sequence[FileDamage]) -> None:
    for damage in damages:
        name = damage.path.relative_to(root).as_posix()
        output.write(f"DAMAGED  {name}: {damage.reason}{_rows(damage)}")


def _rows(damage: FileDamage) -> str:
    if not damage.entries:
        return ""
    return f" ({_amount(damage)})"


def _amount(damage: FileDamage) -> str:
    return f"{damage.entries:,} {_ROWS_OF[damage.kind] if damage.kind else 'rows'}"
