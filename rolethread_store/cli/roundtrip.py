"""The command ``verify-roundtrip``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.exit_codes import EXIT_CODES
from rolethread_store.cli.options import JsonOption
from rolethread_store.cli.progress import ProgressBar
from rolethread_store.cli.usage import example
from rolethread_store.errors import Conflict

if TYPE_CHECKING:
    from rolethread_store.store import RoundTrip

__all__ = ["app"]

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "verify-roundtrip",
    epilog=example("rolethread verify-roundtrip chats.jsonl", "rolethread verify-roundtrip *.json"),
)
def verify_roundtrip(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, patterns or URLs.")],
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of text that is not Unicode, like cp1252."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Prove that a file comes out of a store as it went in.

    Imports each file into a new encrypted store, exports it with --exact, and compares what
    comes out with the file, byte for byte; the store is removed afterwards and no plain text is
    written. Compressed files are compared unpacked, and text that is not UTF-8 as UTF-8.
    Records in quarantine are not exported; their bytes are in quarantine. It needs no store
    and no passphrase. The first difference is named, and the exit code is 13 then.
    """
    with ProgressBar() as bar:
        found = rolethread_store.verify_roundtrip(*files, progress=bar, encoding=encoding)
    if json:
        output.write_json([_shape(one) for one in found])
    else:
        for one in found:
            _tell(one)
    if not all(one.exact for one in found):
        raise typer.Exit(EXIT_CODES[Conflict])


def _shape(one: RoundTrip) -> dict[str, object]:
    shape = output.fields_of(one)
    if one.difference is not None:
        shape["difference"] = {
            "offset": one.difference.offset,
            "record": one.difference.record,
            "expected": one.difference.expected.decode(errors="replace"),
            "found": one.difference.found.decode(errors="replace"),
        }
    return shape


def _tell(one: RoundTrip) -> None:
    beside = [
        f"{count:,} {what}"
        for count, what in ((one.quarantined, "in quarantine"), (one.definitions, "definitions"))
        if count
    ]
    balance = f"{output.amount(one.records, 'record')}" + (
        f", {' and '.join(beside)} not compared" if beside else ""
    )
    if one.reason is not None:
        output.write(f"{one.source}: {balance}; not compared: {one.reason}")
    elif one.difference is None:
        output.write(f"{one.source}: {balance}; the same {one.bytes:,} bytes")
    else:
        place = one.difference
        output.write(
            f"{one.source}: {balance}; differs at byte {place.offset:,}, record {place.record:,}"
        )
        output.write(f"  the file has {_excerpt(place.expected)}")
        output.write(f"  written was  {_excerpt(place.found)}")


def _excerpt(data: bytes) -> str:
    return repr(data.decode(errors="replace")) if data else "nothing more"
