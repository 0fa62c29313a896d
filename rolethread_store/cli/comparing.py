"""The command that compares two states of a dataset: diff."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.difference_text import DifferencePage, write_difference
from rolethread_store.cli.opening import dataset_of, opened
from rolethread_store.cli.options import DatasetOption, JsonOption
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.query import Difference, EntryDifference, FieldChange, MessageChange

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)

_SHOWN = 50
_Version = Annotated[int | None, typer.Argument(min=1, help="Number of a version.")]


@app.command(
    epilog=example(
        "rolethread diff --dataset tavern",
        "rolethread diff 1 3 --dataset tavern --json",
        "rolethread diff 1 --dataset tavern --working-copy draft --limit 0",
    )
)
def diff(
    ctx: typer.Context,
    a: _Version = None,
    b: _Version = None,
    dataset: DatasetOption = None,
    limit: Annotated[
        int | None,
        typer.Option(min=0, help=f"Entries at most; {_SHOWN} by default, with --json all."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what differs between two states of a dataset.

    From version A to version B; without B to the working copy, without A from the version
    it came from. An entry has moved when its place among the entries of both states is
    another. In text, [-words-] went and {+words+} came; a terminal shows them in colour.
    """
    with opened(ctx) as store:
        chosen = dataset_of(store, dataset)
        found = chosen.diff(a, b)
        shown = len(found) if limit is None and json else _SHOWN if limit is None else limit
        if json:
            _write_json(chosen.name, found, islice(found, shown))
            return
        write_difference(DifferencePage(), found, islice(found, shown))
    if len(found) > shown:
        output.say(f"{shown:,} of {len(found):,} shown; --limit N shows more, --json all")


def _write_json(dataset: str, found: Difference, entries: Iterable[EntryDifference]) -> None:
    """Write one document as its entries are read: there may be a million."""
    head = {
        "dataset": dataset,
        "before": {"version": found.before.version, "working_copy": found.before.working_copy},
        "after": {"version": found.after.version, "working_copy": found.after.working_copy},
        "added": found.added,
        "removed": found.removed,
        "edited": found.edited,
        "moved": found.moved,
    }
    text = json_text.dumps(head, ensure_ascii=False)
    sys.stdout.write(text[:-1] + ', "entries": [')
    separator = "\n"
    for entry in entries:
        item = output.plain(_entry_shape(entry))
        sys.stdout.write(separator + json_text.dumps(item, ensure_ascii=False))
        separator = ",\n"
    sys.stdout.write("\n]}\n")


def _entry_shape(one: EntryDifference) -> dict[str, object]:
    shape: dict[str, object] = {
        "entry_id": one.entry_id,
        "fate": one.fate,
        "edited": one.edited,
        "moved": one.moved,
        "position": {
            "before": None if one.before is None else one.before.position,
            "after": None if one.after is None else one.after.position,
        },
    }
    if one.before is None or one.after is None:
        whole = one.before or one.after
        return {**shape, "entry": None if whole is None else whole.model_dump(mode="json")}
    return {
        **shape,
        "tags_added": one.tags_added,
        "tags_removed": one.tags_removed,
        "fields": [_field_shape(field) for field in one.fields],
        "messages": [_message_shape(message) for message in one.messages],
    }


def _message_shape(one: MessageChange) -> dict[str, object]:
    return {
        "fate": one.fate,
        "before": one.before,
        "after": one.after,
        "message": None if one.message is None else one.message.model_dump(mode="json"),
        "fields": [_field_shape(field) for field in one.fields],
    }


def _field_shape(one: FieldChange) -> dict[str, object]:
    pieces = [{"kind": piece.kind, "text": piece.text} for piece in one.pieces()]
    shape = {"field": one.field, "before": one.before, "after": one.after}
    return {**shape, "pieces": pieces} if pieces else shape
