"""Word-level differences of texts: always the two texts, whatever was found alike."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolethread_store.query import Piece, PieceKind, compared_texts

SAME, REMOVED, ADDED = PieceKind.SAME, PieceKind.REMOVED, PieceKind.ADDED

texts = st.text(st.sampled_from("ab \n.é數"), max_size=40)


def side(pieces: tuple[Piece, ...], other: PieceKind) -> str:
    return "".join(piece.text for piece in pieces if piece.kind is not other)


@given(texts, texts)
@example("", "")
@example("a\r\nb\u2028c", "a\nb\u2029c")
def test_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = compared_texts(before, after)
    assert side(pieces, ADDED) == before
    assert side(pieces, REMOVED) == after
    kinds = [piece.kind for piece in pieces]
    assert all(one is not two for one, two in pairwise(kinds))
    assert all(piece.text for piece in pieces)


def test_equal_texts_are_one_piece() -> None:
    assert compared_texts("so be it", "so be it") == (Piece(SAME, "so be it"),)


def test_only_the_words_that_changed_are_marked() -> None:
    assert compared_texts("Who lit the old lamp?", "Who lit the new lamp?!") == (
        Piece(SAME, "Who lit the "),
        Piece(REMOVED, "old"),
        Piece(ADDED, "new"),
        Piece(SAME, " lamp"),
        Piece(REMOVED, "?"),
        Piece(ADDED, "?!"),
    )


def many(word: str, count: int, per_line: int) -> str:
    words = [f"{word}{number}" for number in range(count)]
    lines = (" ".join(words[at : at + per_line]) for at in range(0, count, per_line))
    return "\n".join(lines)


@pytest.mark.parametrize("per_line", [8, 1])
def test_a_huge_text_is_compared_more_coarsely_and_soon(per_line: int) -> None:
    before = f"first\n{many('a', 20_000, per_line)}\nmiddle\n{many('c', 9_000, per_line)}\nlast"
    after = f"first\n{many('b', 20_000, per_line)}\nmiddle\n{many('d', 9_000, per_line)}\nlast"
    started = time.process_time()
    pieces = compared_texts(before, after)
    assert time.process_time() - started < 5
    assert side(pieces, ADDED) == before
    assert side(pieces, REMOVED) == after
    assert pieces[0].kind is SAME
    assert pieces[-1].text.endswith("last")


def test_one_word_in_a_huge_text_is_still_found() -> None:
    before = many("word", 100_000, 12)
    pieces = compared_texts(before, before.replace("word50000 ", "other "))
    assert [piece.text for piece in pieces if piece.kind is not SAME] == ["word50000", "other"]
