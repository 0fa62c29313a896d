"""What people and programs read: data on stdout, talk on stderr.

Entries come from anywhere, so text for a terminal is made harmless first: an escape
sequence inside a message could retitle the window, hide lines or answer a prompt.
"""

from __future__ import annotations

import base64
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

__all__ = [
    "amount",
    "fields_of",
    "moment",
    "one_line",
    "plain",
    "say",
    "size",
    "visible",
    "write",
    "write_fields",
    "write_json",
    "write_json_rows",
    "write_rows",
]

# A terminal table measures all rows before it draws the first.
TABLE_ROWS = 1_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BLANKS = re.compile(r"\s+")


def visible(text: str) -> str:
    """Return the text with control characters and direction overrides spelled out."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def one_line(text: str, width: int = 72) -> str:
    """Return the text on one line, cut to ``width`` characters."""
    flat = _BLANKS.sub(" ", text).strip()
    return flat if len(flat) <= width else flat[: width - 1].rstrip() + "…"


def amount(number: int, what: str = "", plural: str | None = None) -> str:
    """Return a count with its noun: ``1,001 entries``."""
    if not what:
        return f"{number:,}"
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def size(count: int) -> str:
    """Return a number of bytes as people say it: ``1.5 MB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def moment(at: datetime) -> str:
    """Return a moment in the reader's time zone, to the second."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def say(text: str) -> None:
    """Write a line of talk to stderr."""
    print(visible(text), file=sys.stderr, flush=True)  # noqa: T201


def write(text: str) -> None:
    """Write a line of data to stdout; harmless on a terminal, exact in a pipe."""
    sys.stdout.write((visible(text) if sys.stdout.isatty() else text) + "\n")


def write_fields(shape: Mapping[str, object]) -> None:
    """Write named values for people, one per line; what is empty is left out."""
    for name, value in shape.items():
        simple = plain(value)
        if simple is None or simple == [] or (isinstance(simple, bool) and not simple):
            continue
        if isinstance(simple, int) and not isinstance(simple, bool):
            simple = f"{simple:,}"
        if isinstance(simple, list):
            simple = ", ".join(map(str, simple))
        write(f"{name.replace('_', ' '):<13} {'yes' if simple is True else simple}")


def plain(value: object) -> Any:  # noqa: ANN401
    """Return a value as JSON knows it: moments, ids and bytes become strings."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(inner) for inner in value]
    return str(value)


def write_json(value: object) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def write_json_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as a JSON array of objects, one per line, as they come."""
    separator = "[\n"
    for row in rows:
        item = dict(zip(columns, map(plain, row), strict=True))
        sys.stdout.write(separator + json.dumps(item, ensure_ascii=False))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _cell(value: object) -> str:
    shaped = plain(value)
    if shaped is None:
        return ""
    if isinstance(shaped, str):
        return shaped
    return json.dumps(shaped, ensure_ascii=False)


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows for people: a table on a terminal, else tab-separated lines.

    In a pipe every row is written as it comes; tabs and line breaks inside a cell become
    blanks, so that a line is a row. A terminal gets the first 1,000 rows.
    """
    cells = (tuple(_cell(value) for value in row) for row in rows)
    if sys.stdout.isatty():
        _write_table(columns, cells)
        return
    sys.stdout.writelines(_lines(columns, cells))


def _lines(columns: Sequence[str], cells: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "\t".join(columns) + "\n"
    for row in cells:
        yield "\t".join(_BLANKS.sub(" ", cell) for cell in row) + "\n"


def _write_table(columns: Sequence[str], cells: Iterator[tuple[str, ...]]) -> None:
    # Rich costs 40 ms to load, which a pipe need not pay.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(visible(column)), overflow="fold")
    for row in islice(cells, TABLE_ROWS):
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(file=sys.stdout).print(table)
    if next(cells, None) is not None:
        say(f"only the first {TABLE_ROWS:,} rows are shown; use --json or a pipe for all")


def fields_of(value: object) -> dict[str, Any]:
    """Return the public fields of a report (dataclass or model) by name."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: getattr(value, name) for name in getattr(type(value), "model_fields", {})}
