"""The command ``detect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.formats import Detection

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)

_TEXT_SHOWN = 70
_MESSAGES_SHOWN = 4


@app.command(epilog=example("rolethread detect chats.jsonl", "rolethread detect card.png --json"))
def detect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to look at.")],
    assistant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose turns are the assistant's; may be repeated."),
    ] = None,
    user_name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What {{user}} in cards is called.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Tell what a file is, as an import would read it.

    All of it is read. Shows the shapes found with how many entries each gives, the first
    entry as it would be stored, and the first record that the commonest shape does not
    cover. It needs no store and no passphrase, and writes nothing.
    """
    with ProgressBar() as bar:
        found = rolethread_store.detect(
            file, assistants=assistant or (), user_name=user_name, progress=bar
        )
    if json:
        output.write_json(_shape(found))
    else:
        _tell(found)


def _shape(found: Detection) -> dict[str, object]:
    shape = output.fields_of(found)
    shape["guesses"] = [output.fields_of(guess) for guess in found.guesses]
    shape["failure"] = None if found.failure is None else output.fields_of(found.failure)
    return shape


def _tell(found: Detection) -> None:
    output.write(
        f"{found.source}: {output.amount(found.records, 'record')} = {found.kept:,} readable + "
        f"{found.quarantined:,} for quarantine"
    )
    for guess in found.guesses:
        entries = output.amount(guess.entries, "entry", "entries")
        output.write(f"  {guess.title}: {entries} ({guess.evidence})")
    if found.definitions:
        output.write(f"  {output.amount(found.definitions, 'definition')}")
    if not found.guesses and found.keys:
        keys = output.one_line(", ".join(found.keys), _TEXT_SHOWN)
        output.write(f"  no known shape; the first record has the keys {keys}")
    if found.first is not None:
        output.write("first entry:")
        for message in found.first["messages"][:_MESSAGES_SHOWN]:
            speaker = f"{message['role']}" + (f" ({message['name']})" if message["name"] else "")
            text = output.one_line(message["content"] or "(no text)", _TEXT_SHOWN)
            output.write(f"  {speaker}: {text}")
        more = len(found.first["messages"]) - _MESSAGES_SHOWN
        if more > 0:
            output.write(f"  … and {output.amount(more, 'message')} more")
    if found.failure is not None:
        failure = found.failure
        place = "" if failure.offset is None else f" at byte {failure.offset:,}"
        output.write(f"first failure: record {failure.record:,}{place}: {failure.reason}")
