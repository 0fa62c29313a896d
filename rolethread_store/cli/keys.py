"""Commands about the secrets that open a store: slots, passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.keeping import require_somebody_to_keep, wait_until_written_down
from rolethread_store.cli.new_passphrase import (
    NewCommand,
    NewDescriptor,
    NewFile,
    new_passphrase,
)
from rolethread_store.cli.opening import opened, store_path
from rolethread_store.cli.options import JsonOption, given
from rolethread_store.cli.usage import example
from rolethread_store.store import SlotInfo, Store, slots_of

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)
_slots = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
_add = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
_passphrase = typer.Typer(rich_markup_mode=None, no_args_is_help=True)
app.add_typer(
    _slots,
    name="slots",
    help="List, add and remove what opens the store.",
    epilog=example("rolethread slots list", "rolethread slots add key-file /media/stick/my.key"),
)
_slots.add_typer(
    _add,
    name="add",
    help="Add one more way to open the store.",
    epilog=example("rolethread slots add recovery-code", "rolethread slots add keyring"),
)
app.add_typer(
    _passphrase,
    name="passphrase",
    help="Change the passphrase.",
    epilog=example("rolethread passphrase change"),
)

_Label = Annotated[
    str | None,
    typer.Option("--label", metavar="TEXT", help="Your name for it; not secret."),
]
_OLD_COPIES = (
    "What it opened, it still opens wherever an older copy of the keys folder lies: backups, "
    "remotes, snapshots of this disk. Nothing can call those back."
)


@_slots.command("list", epilog=example("rolethread slots list --json"))
def list_(ctx: typer.Context, json: JsonOption = False) -> None:
    """List what opens the store; needs no secret.

    This is what the slots say of themselves. That one works is proven by opening with it.
    """
    found = slots_of(store_path(given(ctx)))
    if json:
        output.write_json([_shape(one) for one in found])
        return
    output.write_rows(
        ["slot", "kind", "label", "made", "problem"],
        (
            (
                str(one.slot_id),
                one.kind,
                one.label,
                output.moment(one.created_at) if one.created_at else "",
                one.problem,
            )
            for one in found
        ),
    )


@_add.command(
    epilog=example(
        "rolethread slots add passphrase --label laptop",
        "rolethread slots add passphrase --new-passphrase-file new.txt",
    )
)
def passphrase(
    ctx: typer.Context,
    label: _Label = None,
    new_passphrase_fd: NewDescriptor = None,
    new_passphrase_command: NewCommand = None,
    new_passphrase_file: NewFile = None,
) -> None:
    """Add another passphrase; the ones there are stay."""
    with opened(ctx) as store:
        new = new_passphrase(new_passphrase_fd, new_passphrase_command, new_passphrase_file)
        _tell_made(store.add_slot("passphrase", passphrase=new, label=label).slot, store)


@_add.command("recovery-code", epilog=example("rolethread slots add recovery-code > code.txt"))
def recovery_code(
    ctx: typer.Context,
    label: _Label = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Add a recovery code, printed once.

    It stands alone on standard output.
    """
    require_somebody_to_keep(yes)
    with opened(ctx) as store:
        made = store.add_slot("recovery-code", label=label)
        _tell_made(made.slot, store)
        output.say("This is the recovery code. It is shown only now:")
        typer.echo(made.recovery_code)
    wait_until_written_down(yes)


@_add.command(
    "key-file",
    epilog=example(
        "rolethread slots add key-file /media/stick/tavern.key --label stick",
        "rolethread --key-file /media/stick/tavern.key status",
    ),
)
def key_file(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Where it lies; made if nothing is there.")
    ],
    label: _Label = None,
) -> None:
    """Add a key file.

    Whoever has it opens the store, without a passphrase. Keep it on another medium than the
    store and its backups. Only files that this command made are taken, because any other
    file changes sooner or later.
    """
    with opened(ctx) as store:
        made_here = not path.expanduser().exists()
        _tell_made(store.add_slot("key-file", key_file=path, label=label).slot, store)
    output.say(f"{'made' if made_here else 'took'} the key file {path}; keep a copy of it")


@_add.command(epilog=example("rolethread slots add keyring"))
def keyring(ctx: typer.Context, label: _Label = None) -> None:
    """Add a key in this system's keyring.

    Opening the store then asks nothing, and whoever can use your unlocked desktop session
    can open it.
    """
    with opened(ctx) as store:
        _tell_made(store.add_slot("keyring", label=label).slot, store)


@_slots.command(epilog=example("rolethread slots remove laptop"))
def remove(
    ctx: typer.Context,
    slot: Annotated[
        str, typer.Argument(metavar="SLOT", help="Its id, or a label or kind only one has.")
    ],
) -> None:
    """Remove a slot; what it opened with no longer opens this folder.

    The slot that opens the store now stays: open it with another slot's secret to remove it.
    """
    with opened(ctx) as store:
        gone = store.remove_slot(slot)
        pushed = bool(store.remotes())
    output.say(f"removed {_words(gone)}")
    _tell_copies(pushed)


@_passphrase.command(
    epilog=example(
        "rolethread passphrase change",
        "rolethread passphrase change --new-passphrase-file new.txt",
        "rolethread --recovery-code-file code.txt passphrase change",
    )
)
def change(
    ctx: typer.Context,
    new_passphrase_fd: NewDescriptor = None,
    new_passphrase_command: NewCommand = None,
    new_passphrase_file: NewFile = None,
) -> None:
    """Put a new passphrase in place of the one there is.

    No data is written anew. If this is interrupted, the old one, or both, still work.
    """
    with opened(ctx) as store:
        new = new_passphrase(new_passphrase_fd, new_passphrase_command, new_passphrase_file)
        store.change_passphrase(new)
        pushed = bool(store.remotes())
    output.say("the passphrase was changed")
    _tell_copies(pushed)


def _shape(slot: SlotInfo) -> dict[str, object]:
    shape = output.fields_of(slot)
    del shape["in_use"]  # Nothing is open.
    return shape


def _words(slot: SlotInfo) -> str:
    label = f" “{slot.label}”" if slot.label else ""
    return f"slot {slot.slot_id} ({slot.kind}{label})"


def _tell_made(slot: SlotInfo, store: Store) -> None:
    output.say(f"made {_words(slot)}")
    if store.remotes():
        output.say("next: rolethread push, so that backups open by it too")


def _tell_copies(pushed: bool) -> None:
    output.say(_OLD_COPIES)
    if pushed:
        output.say("next: rolethread push, so that the newest backup has the present slots")
