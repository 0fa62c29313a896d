"""ClubFloyd: text adventures played together, ``{name, author, data: [{action, response}]}``.

What the players type is the user's, what the game answers the assistant's; a game's first
words answer no action.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import (
    draft_of,
    has_objects,
    objects,
    optional_text,
    rest,
    text,
)

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = has_objects(record, "data", "action", "response")
    return '"data" of "action" and "response"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    return Reading((draft_of(record, _turns(record), ("data",)),))


def _turns(record: JsonObject) -> Iterator[Turn]:
    for one in objects(record, "data"):
        if action := optional_text(one, "action"):
            yield Turn("user", action)
        extra = rest(one, ("action", "response")) or None
        yield Turn("assistant", text(one, "response"), extra=extra)


ADAPTER = Adapter("clubfloyd", "ClubFloyd games", _recognise, _read)
