"""Commands that read: datasets, list, show, search."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rolethread_store.cli import output
from rolethread_store.cli.opening import opened
from rolethread_store.cli.options import AtOption, JsonOption
from rolethread_store.cli.shapes import entry_shape, preview
from rolethread_store.cli.usage import example

if TYPE_CHECKING:
    from rolethread_store.model.entry import Entry
    from rolethread_store.store import StoredEntry

__all__ = ["SearchMode", "app"]

app = typer.Typer(rich_markup_mode=None)


class SearchMode(StrEnum):
    """How the words of a search must be found."""

    CONTAINS = "contains"
    ALL_WORDS = "all-words"
    PHRASE = "phrase"


@app.command(epilog=example("rolethread datasets", "rolethread datasets --json"))
def datasets(ctx: typer.Context, json: JsonOption = False) -> None:
    """List the datasets."""
    with opened(ctx) as store:
        found = store.datasets()
    if json:
        output.write_json(
            [
                {
                    "name": info.name,
                    "dataset_id": info.dataset_id,
                    "entries": info.entries,
                    "quarantined": info.quarantined,
                    "segments": info.segments,
                    "bytes": info.bytes,
                    "pending": info.pending,
                    "created_at": info.created_at,
                    "working_copy": info.working_copy,
                    "version": info.version,
                    "changes": info.changes,
                }
                for info in found
            ]
        )
        return
    output.write_rows(
        ["name", "entries", "quarantined", "size", "pending", "version", "changes", "created"],
        (
            (
                info.name,
                f"{info.entries:,}",
                f"{info.quarantined:,}",
                output.size(info.bytes),
                f"{info.pending:,}",
                info.version,
                f"{info.changes:,}",
                output.moment(info.created_at),
            )
            for info in found
        ),
    )
    if not found:
        output.say("no dataset yet; next: rolethread import FILE --dataset NAME")


@app.command("list", epilog=example("rolethread list --dataset tavern --limit 50 --offset 100"))
def list_(
    ctx: typer.Context,
    dataset: Annotated[str, typer.Option(metavar="NAME", help="The dataset.")],
    limit: Annotated[int, typer.Option(min=0, help="Entries at most.")] = 25,
    offset: Annotated[int, typer.Option(min=0, help="Entries to skip.")] = 0,
    at: AtOption = None,
    json: JsonOption = False,
) -> None:
    """List the entries of a dataset in order."""
    with opened(ctx) as store:
        chosen = store.dataset(dataset)
        entries = chosen.page(limit, offset, at=at)
        total = chosen.count(at=at)
    if json:
        output.write_json([_row_shape(entry) for entry in entries])
        return
    output.write_rows(
        ["entry_id", "position", "tags", "messages", "preview"],
        (
            (
                entry.entry_id,
                entry.position,
                ", ".join(entry.tags or ()),
                len(entry.messages),
                output.one_line(preview(entry)),
            )
            for entry in entries
        ),
    )
    output.say(f"{len(entries):,} of {output.amount(total, 'entry', 'entries')}")


def _row_shape(entry: Entry) -> dict[str, object]:
    return {
        "entry_id": entry.entry_id,
        "position": entry.position,
        "tags": list(entry.tags or ()),
        "messages": len(entry.messages),
        "preview": output.one_line(preview(entry)),
    }


@app.command(epilog=example("rolethread show 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d --json"))
def show(
    ctx: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ENTRY_ID", help="The entry.")],
    json: JsonOption = False,
) -> None:
    """Show one entry in full."""
    with opened(ctx) as store:
        found = store.entry(entry_id)
        record = store.entry_json(entry_id, "chatml") if json else ""
    if json:
        output.write_json(entry_shape(found, record))
        return
    _tell(found)


def _tell(found: StoredEntry) -> None:
    entry = found.entry
    output.write(f"entry    {entry.entry_id}")
    output.write(f"dataset  {found.dataset}")
    output.write(f"tags     {', '.join(entry.tags or ()) or '-'}")
    origin = entry.origin
    if origin.source is not None:
        output.write(f"from     {origin.source} record {origin.record} ({origin.format})")
    output.write(f"changed  {output.moment(entry.updated_at)}")
    if entry.extra is not None:
        output.write(f"extra    {entry.extra}")
    for number, message in enumerate(entry.messages):
        named = f" ({message.name})" if message.name else ""
        output.write(f"\n[{number}] {message.role or '?'}{named}")
        if message.content is not None:
            output.write(message.content)
        if message.extra is not None:
            output.write(f"extra: {message.extra}")


@app.command(
    epilog=example(
        'rolethread search "the old lighthouse" --dataset tavern --role assistant',
        "rolethread search dragon gold --mode all-words --tag favourite",
    )
)
def search(
    ctx: typer.Context,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...", help="What to find.")],
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only in this dataset.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help="Only these roles; repeatable.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Only with these tags; repeatable.")
    ] = None,
    mode: Annotated[SearchMode, typer.Option(help="How the words must be found.")] = (
        SearchMode.CONTAINS
    ),
    limit: Annotated[int | None, typer.Option(min=1, help="Hits at most.")] = None,
    json: JsonOption = False,
) -> None:
    """Find text in messages.

    Letter case does not matter, and any run of blanks equals one blank.
    """
    with opened(ctx) as store:
        hits = store.search(
            " ".join(text),
            dataset=dataset,
            roles=tuple(role or ()),
            tags=tuple(tag or ()),
            mode=mode.value,
            limit=limit,
        )
    if json:
        output.write_json([output.fields_of(hit) for hit in hits])
        return
    output.write_rows(
        ["dataset", "entry_id", "turn", "role", "snippet"],
        (
            (hit.dataset, hit.entry_id, hit.turn, hit.role, output.one_line(hit.snippet, 120))
            for hit in hits
        ),
    )
    output.say(output.amount(len(hits), "hit"))
