"""Adapters and kinds of documents of no program there is, to try the odd lane with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from rolethread_store.formats import adapting, detect, document_files
from rolethread_store.formats.adapters import (
    Adapter,
    Draft,
    JsonObject,
    Reading,
    ReadingOptions,
    RecordOdd,
    Swipe,
    Turn,
)
from rolethread_store.formats.documents import Document, DocumentKind
from rolethread_store.model.facts import Character

__all__ = ["DIARY", "LOG", "PARLEY", "ROLL", "TAPE", "use"]


def _parley(record: JsonObject, options: ReadingOptions) -> Reading:
    """Read ``{"parley": [[speaker, text, *others]], "cast": {key: name}}``, split at ``"---"``."""
    if not record["parley"]:
        raise RecordOdd("nobody speaks")
    drafts, turns = [], list[Turn]()
    for line in record["parley"]:
        if line == "---":
            drafts.append(Draft(tuple(turns)))
            turns = []
            continue
        speaker, text, *others = line
        role = "assistant" if speaker.casefold() in options.assistants else "user"
        swipes = tuple(Swipe(other, {"rank": n}) for n, other in enumerate(others))
        key = speaker.casefold() if speaker.casefold() in record.get("cast", {}) else None
        turns.append(Turn(role, text, speaker, key, alternatives=swipes))
    extra = {"at": record["at"]} if "at" in record else None
    drafts.append(Draft(tuple(turns), tags=("parley",), extra=extra))
    facts = tuple(Character(key=key, name=name) for key, name in record.get("cast", {}).items())
    return Reading(tuple(drafts), facts)


def _roll(record: JsonObject, options: ReadingOptions) -> Reading:
    """Read ``{"roll": {key: [name, description]}}``: definitions and nothing else."""
    return Reading(
        facts=tuple(
            Character(key=key, name=name, description=text)
            for key, (name, text) in record["roll"].items()
        )
    )


def _diary(record: JsonObject, options: ReadingOptions) -> Reading:
    """Read ``{"messages": [{"who", "words"}]}``: messages, but none of ours."""
    return Reading((Draft(tuple(Turn("user", m["words"], m["who"]) for m in record["messages"])),))


def _is_diary(record: JsonObject) -> str | None:
    listed = record.get("messages")
    return "who said which words" if isinstance(listed, list) and "who" in listed[0] else None


PARLEY = Adapter(
    "parley", "Parley", lambda record: "a parley" if "parley" in record else None, _parley
)
ROLL = Adapter("roll", "Roll", lambda record: "a roll" if "roll" in record else None, _roll)
DIARY = Adapter("diary", "Diary", _is_diary, _diary)


def _read_tape(data: bytes) -> Iterator[Document]:
    """Read ``TAPE`` and lines of ``speaker: text``; every ``%`` line is a fault."""
    place = data.index(b"\n") + 1
    for line in data[place:].splitlines(keepends=True):
        raw = line.rstrip(b"\n")
        if raw.startswith(b"%"):
            yield Document(place, raw, None, "noise on the tape")
        else:
            speaker, text = raw.decode("utf-8", "surrogateescape").split(": ")
            yield Document(place, raw, {"parley": [[speaker, text]]})
        place += len(line)


def _read_log(data: bytes) -> Iterator[Document]:
    yield Document(0, data, {"parley": [["Ann", str(len(data))]]})


TAPE = DocumentKind(
    "tape", "Tape", lambda head, name: "TAPE" if head[:4] == b"TAPE" else None, _read_tape
)
LOG = DocumentKind(
    "log", "Log", lambda head, name: ".log" if name.endswith(".log") else None, _read_log
)


def use(
    monkeypatch: pytest.MonkeyPatch,
    adapters: Sequence[Adapter] = (PARLEY, ROLL, DIARY),
    kinds: Sequence[DocumentKind] = (TAPE, LOG),
) -> None:
    """Let an import know these adapters and kinds, and no others."""
    for module in (adapting, detect):
        monkeypatch.setattr(module, "ADAPTERS", tuple(adapters))
    for module in (document_files, detect):
        monkeypatch.setattr(module, "KINDS", tuple(kinds))
