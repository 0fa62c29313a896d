"""Text search: case-insensitive, white space folded, by role and tag.

Folding white space costs more than finding a word, so a text is folded only when the
longest word of the question is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import DatasetFold
from rolethread_store.dataset import Reader
from rolethread_store.engine import literal
from rolethread_store.errors import InvalidInput
from rolethread_store.query.views import named_rows

__all__ = ["SearchHit", "SearchInvalid", "SearchMode", "SearchQuestion", "search"]

_SNIPPET_BEFORE = 30
_SNIPPET_LENGTH = 120


class SearchInvalid(InvalidInput):
    """A search without a word, or with an unknown mode."""

    code: ClassVar[str] = "query.search-invalid"


class SearchMode(StrEnum):
    """How the text must occur."""

    CONTAINS = "contains"
    ALL_WORDS = "all-words"
    PHRASE = "phrase"

    @classmethod
    def of(cls, word: str) -> SearchMode:
        """Return the mode a user named.

        Raises:
            SearchInvalid: there is no such mode.
        """
        try:
            return cls(word)
        except ValueError:
            modes = ", ".join(cls)
            raise SearchInvalid(f"“{word}” is not a search mode", hint=f"modes: {modes}") from None


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """What is looked for.

    Attributes:
        text: The words.
        mode: ``contains``: the text as it stands, anywhere in one message; ``phrase``: the
            same, but not inside longer words; ``all-words``: every word somewhere in the
            entry's messages.
        roles: Only messages with one of these roles; all when empty.
        tags: Only entries with all of these tags.
        limit: At most so many hits.
    """

    text: str
    mode: SearchMode = SearchMode.CONTAINS
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One entry that was found.

    Attributes:
        dataset: Its dataset.
        entry_id: The entry.
        position: Its place in the dataset.
        turn: First message that matches, from 0.
        role: That message's role.
        snippet: A piece of that message around the first word.
    """

    dataset: str
    entry_id: UUID
    position: int
    turn: int
    role: str | None
    snippet: str


def search(
    reader: Reader, folds: Sequence[DatasetFold], question: SearchQuestion
) -> list[SearchHit]:
    """Return the entries that match, in order.

    Raises:
        SearchInvalid: the text has no word.
    """
    words = question.text.split()
    if not words:
        raise SearchInvalid("the search text is empty")
    rows = named_rows(reader, folds)
    first, every = _conditions(question.mode, words)
    scope = _in_scope(question.roles)
    conditions = [f"list_contains(tags, {literal(tag)})" for tag in question.tags]
    conditions += [f"list_contains({_per_message(test, scope)}, true)" for test in every]
    where = " AND ".join(conditions)
    limit = "" if question.limit is None else f" LIMIT {int(question.limit)}"
    found = reader.rows(
        "SELECT dataset, entry_id, position, turn - 1, messages[turn].role, "
        "messages[turn].content FROM (SELECT dataset, entry_id, position, messages, "
        f"list_position({_per_message(first, scope)}, true) AS turn FROM ({rows}) "
        f"WHERE {where}) ORDER BY dataset, position, entry_id{limit}"
    )
    return [
        SearchHit(dataset, entry_id, position, turn, role, _snippet(content, words))
        for dataset, entry_id, position, turn, role, content in found
    ]


def _in_scope(roles: Sequence[str]) -> str:
    if not roles:
        return "true"
    return f"m.role IN ({', '.join(literal(role) for role in roles)})"


def _per_message(test: str, scope: str) -> str:
    return f"list_transform(messages, lambda m: {scope} AND m.content IS NOT NULL AND {test})"


def _conditions(mode: SearchMode, words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the test for the shown message, and the tests some message must pass each."""
    has = [f"contains(lower(m.content), lower({literal(word)}))" for word in words]
    if mode is SearchMode.ALL_WORDS:
        return has[0], has
    longest = has[max(range(len(words)), key=lambda i: len(words[i]))]
    phrase = literal(" ".join(words))
    folded = "regexp_replace(lower(m.content), '[\\s\\v\\x1c-\\x1f\\x85\\pZ]+', ' ', 'g')"
    if mode is SearchMode.PHRASE:
        escaped = literal(re.escape(" ".join(words)))
        edge = "[^\\pL\\pN_]"
        test = f"regexp_matches({folded}, '(^|{edge})' || lower({escaped}) || '($|{edge})')"
    elif len(words) == 1:
        return longest, [longest]
    else:
        test = f"contains({folded}, lower({phrase}))"
    both = f"{longest} AND {test}"
    return both, [both]


def _snippet(content: str, words: Sequence[str]) -> str:
    text = " ".join(content.split())
    place = text.lower().find(words[0].lower())
    start = max(0, place - _SNIPPET_BEFORE)
    piece = text[start : start + _SNIPPET_LENGTH]
    return ("…" if start else "") + piece + ("…" if start + _SNIPPET_LENGTH < len(text) else "")
