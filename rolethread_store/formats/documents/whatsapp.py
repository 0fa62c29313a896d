"""WhatsApp's text export, of both kinds of telephone and any country's dates.

``02/01/2026, 03:04 - Ann: hi`` and ``[02.01.26, 03:04:05] Ann: hi``. Which of the first two
numbers is the day is told only by a number above 12 somewhere in the file; without one, the
times stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import TextOdd, beginning, whole_text

__all__ = ["KIND"]

# Telephones put marks of writing direction before lines and names, and odd spaces in times.
_MARKS = "\u200e\u200f\u202a\u202c"
_DATE = r"(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{2,4})"
_TIME = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"(?:[ \u00a0\u202f]?(?P<half>[AaPp])\.?[ \u00a0\u202f]?[Mm]\.?)?"
)
_STAMP = rf"{_DATE},?[ \u202f]{_TIME}"
# A pattern may name a group once: those of the second kind of line begin with x.
_SECOND = _STAMP.replace("?P<", "?P<x")
_LINE = re.compile(
    rf"^[{_MARKS}]?(?:\[(?P<ios>{_STAMP})\][ ]?|(?P<android>{_SECOND})[ ]-[ ])(?P<rest>.*)$",
    re.MULTILINE,
)
_SPEAKER = re.compile(rf"[{_MARKS}]?([^:\n]{{1,80}}?): ?(.*)", re.DOTALL)
_FEWEST = 2
_FIELDS = ("a", "b", "c", "hour", "minute", "second", "half")


def _recognise(head: bytes, name: str) -> str | None:
    text = beginning(head)
    if text is None:
        return None
    lines = [found["rest"] for found in _LINE.finditer(text)]
    said = sum(1 for line in lines if _SPEAKER.match(line))
    first = _LINE.search(text)
    if said >= _FEWEST and first is not None and first.start() < 4096:
        return f"{len(lines)} lines that begin with a date and a time"
    return None


def _read(data: bytes) -> Iterator[Document]:
    try:
        text = whole_text(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
        return
    lines = list(_LINE.finditer(text))
    if not lines:
        yield Document(0, data, None, "no line begins with a date and a time")
        return
    ends = [*(line.start() for line in lines[1:]), len(text)]
    order = _order([_numbers(line) for line in lines])
    messages: list[dict[str, object]] = []
    for line, end in zip(lines, ends, strict=True):
        said = text[line.start("rest") : end].rstrip("\n")
        message: dict[str, object] = {"date": line["ios"] or line["android"]}
        moment = _moment(_numbers(line), order)
        if moment is not None:
            message["sent_at"] = moment
        spoken = _SPEAKER.match(said)
        if spoken is None:
            message["text"] = said
        else:
            message |= {
                "from": spoken[1].strip(f"{_MARKS} ~\u00a0\u202f"),
                "text": spoken[2].lstrip(_MARKS),
            }
        messages.append(message)
    record: dict[str, object] = {"messages": messages}
    if preface := text[: lines[0].start()].strip():
        record["preface"] = preface
    yield Document(0, data, {"whatsapp": record})


def _numbers(line: re.Match[str]) -> tuple[str | None, ...]:
    prefix = "" if line["ios"] is not None else "x"
    return tuple(line[prefix + field] for field in _FIELDS)


def _order(lines: Sequence[tuple[str | None, ...]]) -> str | None:
    """Return the order of year, month and day that the whole file has, if it shows it."""
    if all(len(line[0] or "") == 4 for line in lines):
        return "ymd"
    first = any(int(line[0] or 0) > 12 for line in lines)
    second = any(int(line[1] or 0) > 12 for line in lines)
    if first == second:
        return None
    return "dmy" if first else "mdy"


def _moment(numbers: tuple[str | None, ...], order: str | None) -> str | None:
    if order is None:
        return None
    given = dict(zip(order, (int(number or 0) for number in numbers[:3]), strict=True))
    hour, minute, second = (int(number or 0) for number in numbers[3:6])
    if numbers[6]:
        hour = hour % 12 + (12 if numbers[6] in "Pp" else 0)
    year = given["y"] if given["y"] > 99 else 2000 + given["y"]
    try:
        return datetime(year, given["m"], given["d"], hour, minute, second).isoformat()
    except ValueError:
        return None


KIND = DocumentKind(
    name="whatsapp",
    title="WhatsApp chat (text)",
    recognise=_recognise,
    read=_read,
)
