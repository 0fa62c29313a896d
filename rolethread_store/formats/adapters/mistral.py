"""mistral-finetune's ``{interactions: […], system_prompt}``.

An interaction says ``is_user`` and ``text``, or ``role`` and ``content``.
"""

from __future__ import annotations

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import JsonObject, Reading, ReadingOptions, Turn
from rolethread_store.formats.adapters.fields import draft_of, given, objects
from rolethread_store.formats.adapters.instructing import SYSTEM_KEYS, system_turns
from rolethread_store.formats.adapters.turning import turn_of

__all__ = ["ADAPTER"]


def _recognise(record: JsonObject) -> str | None:
    known = _has_speakers(record.get("interactions"))
    return '"interactions" of "is_user" or "role"' if known else None


def _has_speakers(interactions: object) -> bool:
    if not isinstance(interactions, list) or not interactions:
        return False
    first = interactions[0]
    return isinstance(first, dict) and ("is_user" in first or "role" in first)


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns = [
        *system_turns(record),
        *(_turn(one, index) for index, one in enumerate(objects(record, "interactions"))),
    ]
    tools = given(tools=record.get("available_tools"))
    read = ("interactions", "available_tools", *SYSTEM_KEYS)
    return Reading((draft_of(record, turns, read, tools),))


def _turn(interaction: JsonObject, index: int) -> Turn:
    if isinstance(interaction.get("is_user"), bool) and "role" not in interaction:
        role = "user" if interaction["is_user"] else "assistant"
        interaction = {key: value for key, value in interaction.items() if key != "is_user"}
        interaction["role"] = role
    return turn_of(interaction, f"interaction {index}")


ADAPTER = Adapter("mistral", "mistral-finetune interactions", _recognise, _read)
