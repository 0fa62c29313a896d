"""Commands that change entries: edit, delete."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from rolethread_store.cli import output
from rolethread_store.cli.editor import edited_text
from rolethread_store.cli.opening import opened
from rolethread_store.cli.shapes import record_of
from rolethread_store.cli.usage import UsageProblem, example
from rolethread_store.errors import InvalidInput

if TYPE_CHECKING:
    from rolethread_store.store import LogItem, Store

__all__ = ["EntryUnreadable", "NoSuchMessage", "app"]

app = typer.Typer(rich_markup_mode=None)


class EntryUnreadable(InvalidInput):
    """What was given as an entry is not a JSON object."""

    code: ClassVar[str] = "cli.entry-unreadable"


class NoSuchMessage(InvalidInput):
    """The entry has no message of that number."""

    code: ClassVar[str] = "cli.no-such-message"


@app.command(
    epilog=example(
        'rolethread edit 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d --message 1 --content "Hello."',
        "rolethread edit 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d --file entry.json",
        "EDITOR=nano rolethread edit 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d",
    )
)
def edit(
    ctx: typer.Context,
    entry_id: Annotated[str, typer.Argument(metavar="ENTRY_ID", help="The entry.")],
    message: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Message to change, from 0.")
    ] = None,
    content: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Its new text; - reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="PATH", help="The whole entry as JSON; - for stdin.")
    ] = None,
) -> None:
    """Change one message, or a whole entry.

    Without --content and --file your editor (VISUAL, EDITOR, or vi) opens with the message,
    or with the whole entry as JSON. Leave the text as it is to change nothing.
    """
    if file is not None and (message is not None or content is not None):
        raise UsageProblem("--file replaces the whole entry; leave out --message and --content")
    if content is not None and message is None:
        raise UsageProblem("--content needs --message N: which message gets the text?")
    with opened(ctx) as store:
        if file is not None:
            done = store.edit(entry_id, entry=record_of(_entry_from(file), entry_id))
        elif content is not None:
            text = _standard_input() if content == "-" else content
            done = store.edit(entry_id, message=message, content=text)
        else:
            changed = _in_editor(store, entry_id, message)
            if changed is None:
                output.say("nothing was changed")
                return
            done = changed
    output.say(f"{done.summary}  (back with: rolethread undo)")


def _standard_input() -> str:
    """Read all of stdin; the line break that shells add at the end is not part of it."""
    return sys.stdin.read().removesuffix("\n")


def _entry_from(file: Path) -> Mapping[str, Any]:
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    return _parsed(raw.decode("utf-8-sig", "surrogateescape"), str(file))


def _parsed(text: str, source: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise EntryUnreadable(f"{source} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise EntryUnreadable(f"{source} must hold one JSON object")
    return value


def _in_editor(store: Store, entry_id: str, message: int | None) -> LogItem | None:
    """Edit in the user's editor; ``None`` when the text was left as it was."""
    if message is None:
        record = json.loads(store.entry_json(entry_id))
        after = edited_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", ".json")
        if after is None:
            return None
        return store.edit(entry_id, entry=_parsed(after, "the edited entry"))
    messages = store.entry(entry_id).entry.messages
    if message >= len(messages):
        raise NoSuchMessage(f"the entry has messages 0 to {len(messages) - 1}")
    # Editors end a file with a line break; it is put there and taken away again.
    after = edited_text((messages[message].content or "") + "\n", ".txt")
    if after is None:
        return None
    return store.edit(entry_id, message=message, content=after.removesuffix("\n"))


@app.command(epilog=example("rolethread delete 0199c5d2-8f3a-7000-8000-3d1f0a2b4c5d"))
def delete(
    ctx: typer.Context,
    entry_ids: Annotated[list[str], typer.Argument(metavar="ENTRY_ID...", help="The entries.")],
) -> None:
    """Delete entries.

    All of them are one change, and one undo brings them back.
    """
    with opened(ctx) as store:
        done = store.delete(entry_ids)
    output.say(f"{done.summary}  (back with: rolethread undo)")
