"""text-generation-webui's chat log: pairs of what was asked and answered.

``internal`` is what the model saw and ``visible`` what the page showed, escaped for HTML; a
visible text that says something else is kept beside its turn. A first question that is only
the program's sentinel means that the character began.
"""

from __future__ import annotations

import html

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Draft,
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Swipe,
    Turn,
)
from rolethread_store.formats.adapters.lenient import (
    first_text,
    items_of,
    object_of,
    objects_of,
    pick,
    text_of,
    trimmed,
)
from rolethread_store.formats.adapters.moments import from_text

__all__ = ["ADAPTER"]

_SENTINEL = "<|BEGIN-VISIBLE-CHAT|>"
_SIDES = ("user", "assistant")


def _recognise(record: JsonObject) -> str | None:
    for inner, outer in (("internal", "visible"), ("data", "data_visible")):
        both = (record.get(inner), record.get(outer))
        if all(isinstance(pairs, list) and all(map(_is_pair, pairs)) for pairs in both):
            return f"pairs of texts in {inner} and {outer}"
    return None


def _is_pair(value: Json) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(one is None or isinstance(one, str) for one in value)
    )


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    new = "internal" in record
    inner = items_of(record, "internal" if new else "data")
    outer = items_of(record, "visible" if new else "data_visible")
    metadata = object_of(record, "metadata")
    turns = []
    for at, pair in enumerate(inner):
        shown = outer[at] if at < len(outer) else [None, None]
        for side, role in enumerate(_SIDES):
            note = object_of(metadata, f"{role}_{at}")
            turns += _turns(role, pair[side], shown[side], note)
    if not turns:
        raise RecordOdd("the log has no message that says anything")
    return Reading((Draft(tuple(turns), extra=pick(record, ("character", "mode")) or None),))


def _turns(role: str, text: str | None, shown: str | None, note: JsonObject) -> list[Turn]:
    if text == _SENTINEL or not (text or shown):
        return []
    versions = [
        Swipe(said, trimmed({"version": at, **_moment(version)}))
        for at, version in enumerate(objects_of(note, "versions"))
        if (said := text_of(version, "content")) is not None and said != text
    ]
    told = {
        **_moment(note),
        "model": first_text(note, "model_name", "model"),
        "attachments": items_of(note, "attachments"),
        "visible": shown if shown and html.unescape(shown) != text else None,
    }
    return [Turn(role, text, alternatives=tuple(versions), extra=trimmed(told) or None)]


def _moment(note: JsonObject) -> JsonObject:
    given = note.get("timestamp")
    return trimmed({"timestamp": given, "sent_at": from_text(given)})


ADAPTER = Adapter(
    name="textgen",
    title="text-generation-webui chat log",
    recognise=_recognise,
    read=_read,
)
