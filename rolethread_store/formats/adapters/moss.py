"""MOSS: rounds as keys of an object, each with thoughts, commands, results and the answer.

``{meta_instruction, chat: {turn_1: {Human, Inner Thoughts, Commands, Tool Responses,
MOSS}}}``. The marks around the texts (``<|Human|>: …<eoh>``) are taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rolethread_store.formats.adapters.adapter import Adapter
from rolethread_store.formats.adapters.draft import (
    Json,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Turn,
)
from rolethread_store.formats.adapters.fields import draft_of, given, optional_text, rest

__all__ = ["ADAPTER"]

_ROUND = re.compile(r"turn_([0-9]{1,9})")
_BEGIN = re.compile(r"\A\s*<\|[^|<>]{1,40}\|>:[ ]?")
_END = re.compile(r"<eo[a-z]>\s*\Z")
_NOTHING = "None"
_FIELDS = ("Human", "Inner Thoughts", "Commands", "Tool Responses", "MOSS")


def _recognise(record: JsonObject) -> str | None:
    chat = record.get("chat")
    known = isinstance(chat, dict) and isinstance(chat.get("turn_1"), dict)
    return '"chat" of "turn_1"' if known else None


def _read(record: JsonObject, _options: ReadingOptions) -> Reading:
    turns: list[Turn] = []
    if instruction := optional_text(record, "meta_instruction"):
        turns.append(Turn("system", instruction))
    chat: JsonObject = record["chat"]
    for key in sorted(chat, key=_number):
        turns += _turns(chat[key], key)
    return Reading((draft_of(record, turns, ("chat", "meta_instruction")),))


def _number(key: str) -> int:
    match = _ROUND.fullmatch(key)
    if match is None:
        raise RecordOdd(f'"chat" has "{key[:40]}", which is no round')
    return int(match[1])


def _turns(one: Json, place: str) -> Iterator[Turn]:
    if not isinstance(one, dict):
        raise RecordOdd(f'"{place}" is not an object')
    asked, thought, commands, results, answer = (_bare(optional_text(one, key)) for key in _FIELDS)
    beside = rest(one, _FIELDS)
    if asked:
        yield Turn("user", asked)
    reasoning = given(reasoning_content=None if thought == _NOTHING else thought)
    if commands and commands != _NOTHING:
        yield Turn("assistant", commands, extra={**reasoning, "part": "commands"})
        reasoning = {}
    if results and results != _NOTHING:
        yield Turn("tool", results)
    if answer or reasoning or beside:
        yield Turn("assistant", answer, extra={**beside, **reasoning} or None)


def _bare(text: str) -> str:
    """Return a text without the marks of its field."""
    return _END.sub("", _BEGIN.sub("", text))


ADAPTER = Adapter("moss", "MOSS rounds", _recognise, _read)
