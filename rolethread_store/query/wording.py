"""Which words of a text changed, for people who compare two of its states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

__all__ = ["Piece", "PieceKind", "compared_texts"]

_WORDS = re.compile(r"\s+|\w+|[^\w\s]+")
_MOST_PAIRS = 4_000_000
"""Pairs of tokens that are compared at most: about a tenth of a second."""


class PieceKind(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that has one fate."""

    kind: PieceKind
    text: str


def compared_texts(before: str, after: str) -> tuple[Piece, ...]:
    """Return the pieces that make up both texts, in order.

    The pieces that are not added give ``before``, those not removed give ``after``.
    Compared are words; lines when the changed middle is too long for that; and when even
    those are too many, the middle counts as replaced.
    """
    for split in (_WORDS.findall, _lines):
        old, new = split(before), split(after)
        first = _agreeing(old, new)
        last = _agreeing(old[first:][::-1], new[first:][::-1])
        middle_old, middle_new = old[first : len(old) - last], new[first : len(new) - last]
        if len(middle_old) * len(middle_new) <= _MOST_PAIRS:
            break
    else:
        return _joined(
            [
                (PieceKind.SAME, old[:first]),
                (PieceKind.REMOVED, middle_old),
                (PieceKind.ADDED, middle_new),
                (PieceKind.SAME, old[len(old) - last :]),
            ]
        )
    runs = [(PieceKind.SAME, old[:first])]
    # Blanks and frequent words seed no match (autojunk), else this would be cubic.
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, middle_old, middle_new).get_opcodes():
        if tag == "equal":
            runs.append((PieceKind.SAME, middle_old[i1:i2]))
        else:
            runs.append((PieceKind.REMOVED, middle_old[i1:i2]))
            runs.append((PieceKind.ADDED, middle_new[j1:j2]))
    runs.append((PieceKind.SAME, old[len(old) - last :]))
    return _joined(runs)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _agreeing(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many tokens are the same from the beginning on."""
    for place, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return place
    return min(len(old), len(new))


def _joined(runs: Sequence[tuple[PieceKind, Sequence[str]]]) -> tuple[Piece, ...]:
    """Return runs as pieces, neighbours of one kind as one."""
    pieces: list[Piece] = []
    for kind, tokens in runs:
        text = "".join(tokens)
        if not text:
            continue
        if pieces and pieces[-1].kind is kind:
            pieces[-1] = Piece(kind, pieces[-1].text + text)
        else:
            pieces.append(Piece(kind, text))
    return tuple(pieces)
