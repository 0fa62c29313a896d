"""KoboldAI and KoboldCpp stories: a beginning and actions.

What a story says of who wrote what depends on how it was played: instruct mode has marks
for both sides, chat mode has names before a colon, adventure mode has ``> `` before what
the player does. In a plain story only the beginning is known to be the person's; every
action after it counts as written by the model. Alternatives belong to single actions, so
they are on the turns where each action is a turn, else in the entry's ``extra``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

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
    pick,
    text_of,
    texts_of,
    trimmed,
)

__all__ = ["ADAPTER"]

_CHAT, _INSTRUCT = 3, 4
# The program's own marks in a saved instruct story, whatever the model's template is.
_INPUT, _OUTPUT, _SYSTEM = "{{[INPUT]}}", "{{[OUTPUT]}}", "{{[SYSTEM]}}"
_DEED = re.compile(r"\s*> ?")
_KEPT = ("memory", "authorsnote", "anotetemplate", "anotestr", "worldinfo", "wifolders_d", "title")


def _recognise(record: JsonObject) -> str | None:
    if not isinstance(record.get("prompt"), str) or "actions" not in record:
        return None
    actions = record["actions"]
    plain = isinstance(actions, list) and all(isinstance(one, str) for one in actions)
    united = isinstance(actions, dict) and isinstance(actions.get("actions"), dict)
    marked = {"gamestarted", "memory", "authorsnote", "actions_metadata"} & record.keys()
    if (plain or united) and marked:
        return "a prompt and actions beside " + ", ".join(sorted(marked))
    return None


def _read(record: JsonObject, options: ReadingOptions) -> Reading:
    prompt = text_of(record, "prompt") or ""
    actions = _actions(record)
    settings = object_of(record, "savedsettings")
    joined = prompt + "".join(text for text, _ in actions)
    mode = settings.get("opmode")
    turns: list[Turn] | None = None
    if mode == _INSTRUCT or _INPUT in joined:
        turns = _instructed(joined, settings)
    elif mode == _CHAT:
        turns = _chatted(joined, settings)
    each = turns is None
    if turns is None:
        turns = _played(prompt, actions)
    if not turns:
        raise RecordOdd("the story has no text")
    extra = {
        **pick(record, _KEPT),
        "settings": settings,
        "alternatives": None
        if each
        else [[one.content for one in rest] for _, rest in actions if rest],
    }
    return Reading((Draft(tuple(turns), extra=trimmed(extra) or None),))


def _actions(record: JsonObject) -> list[tuple[str, tuple[Swipe, ...]]]:
    """Return every action with what else was generated for it."""
    if isinstance(record.get("actions"), dict):
        numbered = object_of(object_of(record, "actions"), "actions")
        keys = sorted((key for key in numbered if key.isdecimal()), key=int)
        return [
            (
                text_of(numbered[key], "Selected Text") or "",
                _swipes(items_of(numbered[key], "Options")),
            )
            for key in keys
        ]
    notes = object_of(record, "actions_metadata")
    return [
        (text, _swipes(items_of(object_of(notes, str(at)), "Alternative Text")))
        for at, text in enumerate(texts_of(record, "actions"))
    ]


def _swipes(listed: Iterable[Json]) -> tuple[Swipe, ...]:
    found = []
    for one in listed:
        text = one if isinstance(one, str) else first_text(one, "Text", "text")
        if text:
            flags = pick(one, ("Pinned", "Previous Selection", "Edited"))
            found.append(
                Swipe(text, trimmed({key: flag or None for key, flag in flags.items()}) or None)
            )
    return tuple(found)


def _played(prompt: str, actions: list[tuple[str, tuple[Swipe, ...]]]) -> list[Turn]:
    """Return one turn for each action; the person's begin with ``>``."""
    adventure = any(_DEED.match(text) for text, _ in actions)
    turns = []
    for at, (text, rest) in enumerate([(prompt, ()), *actions]):
        mine = _DEED.match(text)
        begun = at == 0 and not adventure
        if text or rest:
            said = text[mine.end() :] if mine else text
            turns.append(Turn("user" if mine or begun else "assistant", said, alternatives=rest))
    return turns


def _instructed(text: str, settings: JsonObject) -> list[Turn]:
    marks = {_INPUT: "user", _OUTPUT: "assistant", _SYSTEM: "system"}
    for key, role in (("instruct_starttag", "user"), ("instruct_endtag", "assistant")):
        tag = (first_text(settings, key) or "").replace("\\n", "\n").strip()
        if tag:
            marks[tag] = role
    pieces = re.split("(" + "|".join(map(re.escape, marks)) + ")", text)
    # What stands before the first mark is the setting, told to the model.
    turns = [Turn("system", pieces[0].strip())] if pieces[0].strip() else []
    for mark, said in zip(pieces[1::2], pieces[2::2], strict=True):
        if said.strip():
            turns.append(Turn(marks[mark], said.strip()))
    return turns


def _chatted(text: str, settings: JsonObject) -> list[Turn]:
    person = first_text(settings, "chatname") or "User"
    # Several opponents stand in one field.
    others = (first_text(settings, "chatopponent") or "KoboldGPT").split("||$||")
    names = {name: "assistant" for name in others if name} | {person: "user"}
    pieces = re.split("^(" + "|".join(map(re.escape, names)) + "): ?", text, flags=re.MULTILINE)
    turns = [Turn("system", pieces[0].strip())] if pieces[0].strip() else []
    for name, said in zip(pieces[1::2], pieces[2::2], strict=True):
        turns.append(Turn(names[name], said.strip(), name=name))
    return turns


ADAPTER = Adapter(
    name="kobold",
    title="KoboldAI or KoboldCpp story",
    recognise=_recognise,
    read=_read,
)
