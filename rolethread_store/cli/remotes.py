"""Commands about backups: remote, push, verify, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import JsonOption, given
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.salvaging import verify_local
from rolethread_store.cli.secrets import unlocking
from rolethread_store.cli.usage import UsageProblem, example

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_remote = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _remote,
    name="remote",
    help="Name the places backups go to.",
    epilog=example("rolethread remote add stick file:///media/stick/backup"),
)

_Name = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The remote; needless if there is one.")
]


@_remote.command(
    epilog=example(
        "rolethread remote add stick file:///media/stick/backup",
        "rolethread remote add cloud s3://my-bucket/rolethread",
    )
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="An fsspec URL.")],
) -> None:
    """Give a remote a name.

    Nothing is sent yet. Keep passwords out of the URL: the configuration of the service
    or its environment variables hold them.
    """
    with opened(ctx) as store:
        store.add_remote(name, url)
    output.say(f"next: rolethread push {name}")


@_remote.command("list", epilog=example("rolethread remote list --json"))
def list_(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the remotes."""
    with opened(ctx) as store:
        found = store.remotes()
    if json:
        output.write_json([{"name": remote.name, "url": remote.url} for remote in found])
        return
    output.write_rows(["name", "url"], ((remote.name, remote.url) for remote in found))


@_remote.command(epilog=example("rolethread remote remove stick"))
def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The remote.")],
) -> None:
    """Forget a remote.

    What lies there stays and can still be restored; delete it there if you want it gone.
    """
    with opened(ctx) as store:
        url = store.remove_remote(name).url
    output.say(f"forgot {name}; the backup at {url} is still there")


@app.command(epilog=example("rolethread push", "rolethread push stick --json"))
def push(ctx: typer.Context, name: _Name = None, json: JsonOption = False) -> None:
    """Back the store up to a remote.

    Only what the remote lacks is sent, sealed as it lies in the store, and read back
    before the backup counts.
    """
    with opened(ctx) as store, ProgressBar() as bar:
        report = store.push(name, progress=bar)
    _report(report, json)
    if report.earlier_keys:
        sets = output.amount(report.earlier_keys, "earlier set")
        output.say(
            f"note: {sets} of key slots stay on the remote; a passphrase or slot "
            "removed since then still opens that copy"
        )


@app.command(
    epilog=example(
        "rolethread verify", "rolethread verify stick --json", "rolethread verify --local"
    )
)
def verify(
    ctx: typer.Context,
    name: _Name = None,
    local: Annotated[
        bool, typer.Option("--local", help="Check this store's own files instead.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check a backup, or with --local the store itself.

    Everything on the remote is read back and compared with what this store remembers of
    it. With --local every file of the store is read and every page decrypted; damaged
    files are named, with the entries in them.
    """
    if local:
        if name is not None:
            raise UsageProblem("--local looks at no remote", hint="leave out its name")
        verify_local(ctx, json=json)
        return
    with opened(ctx) as store, ProgressBar() as bar:
        report = store.verify(name, progress=bar)
    _report(report, json)


@app.command(epilog=example("rolethread restore file:///media/stick/backup ./recovered"))
def restore(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the backup is.")],
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", help="A folder that does not exist yet.")
    ],
    json: JsonOption = False,
) -> None:
    """Bring a backup back into a new folder.

    Everything is verified before the store appears. The passphrase is that of the store
    when it was backed up.
    """
    secret = unlocking(given(ctx))
    with ProgressBar() as bar:
        report = rolethread_store.restore(
            url,
            destination,
            passphrase=secret.passphrase,
            recovery_code=secret.recovery_code,
            key_file=secret.key_file,
            keyring=secret.keyring,
            progress=bar,
        )
    _report(report, json)
    if not json:
        output.say(f"next: rolethread --store {destination} status")


def _report(report: object, json: bool) -> None:
    shape = output.fields_of(report)
    if json:
        output.write_json(shape)
        return
    output.write_fields(shape)
