"""Times as chat programs write them, as ISO 8601 where there is only one way to read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from rolethread_store.formats.adapters.draft import Json

__all__ = ["from_epoch", "from_text"]

# Dates of a year before chat programs or far ahead are numbers of another meaning.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()

# 2023-6-2 @21h 09m 51s 363ms, and 2023-6-2@21h09m51s
_HUMANIZED = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})\s*@\s*(\d{1,2})h\s*(\d{1,2})m\s*(\d{1,2})s(?:\s*(\d{1,3})ms)?"
)
# June 2, 2023 9:09pm
_WRITTEN = re.compile(
    r"([A-Za-z]{3,9}) (\d{1,2}), (\d{4}) (\d{1,2}):(\d{2})\s*([ap]m)", re.IGNORECASE
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def from_epoch(value: Json) -> str | None:
    """Return seconds or milliseconds since 1970, also as digits, as UTC in ISO 8601."""
    if isinstance(value, str) and re.fullmatch(r"\d{9,14}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if abs(value) >= 1e11 and abs(value) < 1e15 else value
    if not _EARLIEST <= seconds <= _LATEST:
        return None
    return _written(datetime.fromtimestamp(seconds, tz=UTC))


def from_text(value: Json) -> str | None:
    """Return a time as ISO 8601; without a zone where the text names none."""
    if not isinstance(value, str):
        return from_epoch(value)
    text = value.strip()
    try:
        if found := _HUMANIZED.fullmatch(text):
            year, month, day, hour, minute, second = map(int, found.groups()[:6])
            moment = datetime(year, month, day, hour, minute, second, int(found[7] or 0) * 1000)
            return _written(moment)
        if found := _WRITTEN.fullmatch(text):
            return _written(_spelled(found))
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d", text):
            return _written(datetime.fromisoformat(text))
    except ValueError:
        return None
    return from_epoch(text)


def _spelled(found: re.Match[str]) -> datetime:
    name = found[1].lower()
    months = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name)]
    if len(months) != 1:
        raise ValueError(name)
    hour = int(found[4]) % 12 + (12 if found[6].lower() == "pm" else 0)
    return datetime(int(found[3]), months[0], int(found[2]), hour, int(found[5]))


def _written(moment: datetime) -> str:
    exact = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=exact).replace("+00:00", "Z")
