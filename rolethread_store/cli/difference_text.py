"""A difference as people read it: coloured on a terminal, with marks elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rolethread_store.cli import output
from rolethread_store.cli.shapes import preview

if TYPE_CHECKING:
    from rich.console import Console

    from rolethread_store.query import Difference, EntryDifference, FieldChange, MessageChange

__all__ = ["DifferencePage", "write_difference"]

_SAME, _REMOVED, _ADDED, _TITLE = "same", "removed", "added", "title"
_STYLES = {_SAME: "", _REMOVED: "red", _ADDED: "green", _TITLE: "bold"}
_MARKS = {_REMOVED: ("[-", "-]"), _ADDED: ("{+", "+}")}
_CONTEXT = 60
"""Characters of unchanged text shown on either side of a change."""

Run = tuple[str, str]
"""A kind of text (a key of the styles) and the text."""


class DifferencePage:
    """Standard output as a place for runs of marked text."""

    def __init__(self) -> None:
        self._console: Console | None = None
        if sys.stdout.isatty():
            # Rich costs 40 ms to load, which a pipe need not pay.
            from rich.console import Console  # noqa: PLC0415

            console = Console(file=sys.stdout, highlight=False)
            # Without colours (NO_COLOR, a dumb terminal) only the marks tell old from new.
            self._console = None if console.no_color or not console.color_system else console

    def line(self, *runs: Run) -> None:
        """Write one line of runs."""
        if self._console is None:
            output.write("".join(_marked(kind, text) for kind, text in runs))
            return
        from rich.text import Text  # noqa: PLC0415

        line = Text.assemble(*((output.visible(text), _STYLES[kind]) for kind, text in runs))
        self._console.print(line, soft_wrap=True)


def _marked(kind: str, text: str) -> str:
    before, after = _MARKS.get(kind, ("", ""))
    return f"{before}{text}{after}"


def write_difference(
    page: DifferencePage, found: Difference, entries: Iterable[EntryDifference]
) -> None:
    """Write the counts, then entry by entry what became of it."""
    counts = ", ".join(
        f"{number:,} {what}"
        for number, what in (
            (found.added, "added"),
            (found.removed, "removed"),
            (found.edited, "edited"),
            (found.moved, "moved"),
        )
    )
    page.line((_TITLE, f"{found.before.label} → {found.after.label}: {counts}"))
    for entry in entries:
        _write_entry(page, entry)


def _write_entry(page: DifferencePage, one: EntryDifference) -> None:
    whole = one.after or one.before
    if whole is not None and (one.before is None or one.after is None):
        kind = _ADDED if one.before is None else _REMOVED
        words = output.one_line(preview(whole))
        page.line((_TITLE, f"{one.fate:<8} {one.entry_id}  "), (kind, words or "(no text)"))
        return
    fates = [name for name in ("edited", "moved") if getattr(one, name)]
    page.line((_TITLE, f"{', '.join(fates):<8} {one.entry_id}"))
    for field in one.fields:
        if field.field == "tags" and (one.tags_added or one.tags_removed):
            gone = [(_REMOVED, f"{tag}") for tag in one.tags_removed]
            come = [(_ADDED, f"{tag}") for tag in one.tags_added]
            page.line((_SAME, "  tags"), *(run for tag in (*gone, *come) for run in _spaced(tag)))
        else:
            _write_field(page, "  ", field)
    for message in one.messages:
        _write_message(page, message)


def _spaced(run: Run) -> tuple[Run, Run]:
    return (_SAME, " "), run


def _write_message(page: DifferencePage, one: MessageChange) -> None:
    if one.message is not None:
        kind, number = (_ADDED, one.after) if one.before is None else (_REMOVED, one.before)
        text = output.one_line(one.message.content or "", 2 * _CONTEXT) or "(no text)"
        page.line((_SAME, f"  [{number}] {one.fate}: "), (kind, f"{one.message.role}: {text}"))
        return
    place = f"{one.before}" if one.before == one.after else f"{one.before} → {one.after}"
    for field in one.fields:
        _write_field(page, f"  [{place}] ", field)


def _write_field(page: DifferencePage, indent: str, field: FieldChange) -> None:
    pieces = field.pieces()
    if not pieces:
        page.line(
            (_SAME, f"{indent}{field.field}: "),
            (_REMOVED, json.dumps(output.plain(field.before), ensure_ascii=False)),
            (_SAME, " → "),
            (_ADDED, json.dumps(output.plain(field.after), ensure_ascii=False)),
        )
        return
    last = len(pieces) - 1
    runs = [
        (str(piece.kind), _elided(piece.text, first=i == 0, last=i == last))
        if piece.kind == _SAME
        else (str(piece.kind), piece.text)
        for i, piece in enumerate(pieces)
    ]
    page.line((_SAME, f"{indent}{field.field}: "), *runs)


def _elided(text: str, *, first: bool, last: bool) -> str:
    """Return unchanged text with only what stands next to a change."""
    before = "" if first else text[:_CONTEXT]
    after = "" if last else text[-_CONTEXT:]
    return text if len(text) <= len(before) + len(after) + 1 else f"{before}…{after}"
