"""Who says what in plain text: the ways people write down speakers.

A way holds when enough of the whole text is somebody's: at least two turns of at least two
speakers who come again, and 60 % of the paragraphs. Marks of chat templates and headings are
meant where they hold; of the other ways, the one that finds most turns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Said", "Speech", "heard"]

_SHARE = 0.6
# A wrapped turn is a long paragraph; a longer one with few speakers is some other text.
_LONGEST_PARAGRAPH = 40
_NAME = r"[^\W\d_][\w .'\u2019&()\-]{0,39}?"
_COLON = r"[:\uff1a]"
_TIME = r"(?:\[?(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?)\]?[ \t]+)?"
_ROLES = frozenset(
    (
        *("user", "human", "assistant", "ai", "bot", "model", "system", "gpt", "chatgpt"),
        *("instruction", "response", "input", "output"),
    )
)
# What stands before a colon in logs, mail and notes, and is nobody.
_NOBODY = frozenset(
    (
        *("info", "debug", "warn", "warning", "error", "trace", "critical", "fatal", "note"),
        *("todo", "from", "to", "cc", "bcc", "subject", "date", "http", "https", "file"),
        *("version", "name", "title", "author", "description"),
    )
)
_SPOKEN_LINE = re.compile(
    rf"^{_TIME}(?:<(?P<irc>[^<>\s][^<>\n]{{0,39}})>[ \t]"
    # A wide colon needs no blank behind it; a plain one without is that of an address.
    rf"|(?P<name>{_NAME})[ \t]?(?:\uff1a|:(?=[ \t\n]|\Z)))",
    re.MULTILINE,
)
_BOLD = re.compile(
    rf"^(?:[-*] )?(?P<mark>\*\*|__|\*|_)(?P<name>{_NAME})"
    rf"(?:{_COLON}(?P=mark)|(?P=mark)[ \t]?{_COLON})[ \t]?",
    re.MULTILINE,
)
_HEADING = re.compile(
    rf"^#{{1,6}} +(?:\*\*)?(?P<name>{_NAME}){_COLON}?(?:\*\*)?[ \t]*$\n?", re.MULTILINE
)
_TOKEN = re.compile(
    r"<\|im_start\|>(?P<chatml>[^\n<|]+)\n|<\|start_header_id\|>(?P<llama>[^<|]+)<\|end_header_id\|>\n*"
    r"|<start_of_turn>(?P<gemma>[^\n<]+)\n|<\|(?P<metharme>system|user|model|assistant)\|>"
)
_TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "</s>", "<|end_of_text|>")
_BRACKETED = re.compile(
    r"^[ \t\u3000]*(?P<name>[^\W\d_][\w\u30fb\u30fc]{0,19})(?=[「『])", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Said:
    """One turn: who, what, and the time of day as written, if it is."""

    speaker: str
    text: str
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """What was heard in a text.

    Attributes:
        way: How speakers are marked, in a few words.
        turns: Who said what.
        preface: What stands before the first speaker.
    """

    way: str
    turns: tuple[Said, ...]
    preface: str


def heard(text: str) -> Speech | None:
    """Return who says what in a text with newlines as line ends, or ``None`` if nobody does."""
    for way in _PLAIN_WAYS:
        # Inside of turns marked beyond doubt, people may well quote a conversation.
        if (speech := way(text)) is not None:
            return speech
    found = [speech for way in _LIKELY_WAYS if (speech := way(text)) is not None]
    return max(found, key=lambda speech: len(speech.turns), default=None)


def _by_marks(
    way: str, pattern: re.Pattern[str], clean: Callable[[str], str] = str.strip
) -> Callable[[str], Speech | None]:
    """Return a way of telling speakers by what stands at the beginning of their turns."""

    def listen(text: str) -> Speech | None:
        marks = list(pattern.finditer(text))
        names = [_name(mark) for mark in marks]
        if not _are_speakers(names):
            return None
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        turns = tuple(
            Said(name, clean(text[mark.end() : end]), mark.groupdict().get("time"))
            for name, mark, end in zip(names, marks, ends, strict=True)
        )
        return Speech(way, turns, text[: marks[0].start()].strip())

    return listen


def _name(mark: re.Match[str]) -> str:
    groups = mark.groupdict()
    keys = ("name", "irc", "chatml", "llama", "gemma", "metharme")
    return next(value.strip() for key in keys if (value := groups.get(key)) is not None)


def _are_speakers(names: Sequence[str]) -> bool:
    """Tell whether names come again as speakers do, and keys of a list do not."""
    known = {name.casefold() for name in names}
    if len(names) < 2 or len(known) < 2 or len(known & _NOBODY) * 2 >= len(known):
        return False
    if any(len(name.split()) > 4 for name in known):
        return False
    return len(known - _ROLES) <= max(2, len(names) * 2 // 3)


def _enough(
    listen: Callable[[str], Speech | None], pattern: re.Pattern[str]
) -> Callable[[str], Speech | None]:
    """Return a way that holds only if speakers begin most of the paragraphs."""

    def measured(text: str) -> Speech | None:
        speech = listen(text)
        if speech is None:
            return None
        paragraphs = [one for one in re.split(r"\n[ \t]*\n", text) if one.strip()]
        begun = sum(1 for one in paragraphs if _begins(one.strip("\n"), pattern))
        return speech if begun >= len(paragraphs) * _SHARE else None

    return measured


def _begins(paragraph: str, pattern: re.Pattern[str]) -> bool:
    if pattern.match(paragraph) is None:
        return False
    lines = paragraph.count("\n") + 1
    return lines <= _LONGEST_PARAGRAPH or len(pattern.findall(paragraph)) * 4 >= lines


def _headed(text: str) -> Speech | None:
    """Hear speakers in headings; those of chapters are no role words and come only once."""
    speech = _by_marks("headings", _HEADING)(text)
    if speech is None:
        return None
    names = [turn.speaker.casefold() for turn in speech.turns]
    if not set(names) & _ROLES and len(set(names)) * 2 > len(names):
        return None
    before = len(re.split(r"\n[ \t]*\n", speech.preface)) if speech.preface else 0
    total = len(re.split(r"\n[ \t]*\n", text.strip()))
    return speech if before <= total * (1 - _SHARE) else None


def _quoted(text: str) -> Speech | None:
    """Hear questions in quoted paragraphs and answers in the others."""
    paragraphs = [one.strip("\n") for one in re.split(r"\n[ \t]*\n", text) if one.strip()]
    quoted = [all(line.startswith(">") for line in one.split("\n")) for one in paragraphs]
    if not quoted or not quoted[0] or sum(quoted) < 2 or sum(quoted) < len(quoted) * 0.3:
        return None
    if re.search(r"^(?:#{1,6} |```|[-*+] |>>)", text, re.MULTILINE):
        return None
    turns: list[Said] = []
    for is_question, paragraph in zip(quoted, paragraphs, strict=True):
        speaker = "user" if is_question else "assistant"
        said = re.sub(r"^> ?", "", paragraph, flags=re.MULTILINE) if is_question else paragraph
        if turns and turns[-1].speaker == speaker:
            said = f"{turns.pop().text}\n\n{said}"
        turns.append(Said(speaker, said))
    return Speech("quoted paragraphs and answers", tuple(turns), "") if len(turns) > 1 else None


def _without_end(text: str) -> str:
    said = text.strip()
    while end := next((one for one in _TURN_ENDS if said.endswith(one)), None):
        said = said[: -len(end)].rstrip()
    return said


def _without_brackets(text: str) -> str:
    said = text.strip()
    inner = re.fullmatch(r"「([^「」]*)」|『([^『』]*)』", said)
    return (inner[1] if inner[1] is not None else inner[2]) if inner else said


_PLAIN_WAYS: tuple[Callable[[str], Speech | None], ...] = (
    _by_marks("marks of a chat template", _TOKEN, _without_end),
    _headed,
)
_LIKELY_WAYS: tuple[Callable[[str], Speech | None], ...] = (
    _enough(_by_marks("names in bold", _BOLD), _BOLD),
    _enough(_by_marks("names before a colon", _SPOKEN_LINE), _SPOKEN_LINE),
    _enough(_by_marks("names before brackets", _BRACKETED, _without_brackets), _BRACKETED),
    _quoted,
)
