from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.formats.adapters import RecordOdd, Turn
from rolethread_store.formats.adapters.trees import Node, as_path


def node(name: str, parent: str | None, *, shown: bool = True) -> Node:
    turns = (Turn("user", name),) if shown else ()
    return Node(name, parent, turns)


def said(turns: tuple[Turn, ...]) -> Iterator[str]:
    """Give every text there is, of turns, alternatives and the messages after them."""
    for turn in turns:
        yield turn.content or ""
        for swipe in turn.alternatives:
            yield swipe.content or ""
            yield from (reply["content"] for reply in (swipe.extra or {}).get("replies", ()))


@given(
    parents=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=30),
    leaf=st.integers(-1, 30),
)
def test_no_node_is_lost_and_none_told_twice(parents: list[Any], leaf: int) -> None:
    nodes = [
        node(str(at), str(above % at) if at and above < 25 else None, shown=shown)
        for at, (above, shown) in enumerate(parents)
    ]
    shown = [one.id for one in nodes if one.turns]
    turns = as_path(nodes, str(leaf))
    assert sorted(said(turns)) == sorted(shown)
    if str(leaf) in shown:
        assert str(leaf) in [turn.content for turn in turns]


def test_a_long_branch_is_no_deeper_than_a_short_one() -> None:
    nodes = [node("0", None), node("kept", "0")]
    nodes += [node(str(at), str(at - 1)) for at in range(1, 5_000)]
    turns = as_path(nodes, "kept")
    assert [turn.content for turn in turns] == ["0", "kept"]
    (other,) = turns[1].alternatives
    replies = json.loads(json.dumps(other.extra))["replies"]
    assert [(one["id"], one["parent"]) for one in replies[:2]] == [("2", "1"), ("3", "2")]
    assert len(replies) == 4_998


def test_what_is_not_shown_ties_what_is() -> None:
    nodes = [
        node("a", None),
        node("step", "a", shown=False),
        node("b", "step"),
        node("c", "a"),
        node("lost", "nowhere"),
    ]
    first, second = as_path(nodes, "b")
    assert (first.content, [one.content for one in first.alternatives]) == ("a", ["lost"])
    assert (second.content, [one.content for one in second.alternatives]) == ("b", ["c"])


@pytest.mark.parametrize(
    "nodes",
    [
        [node("a", "b"), node("b", "a")],
        [node("a", "a")],
        [node("a", None), node("b", "c"), node("c", "b")],
        [node("a", None), node("a", None)],
    ],
)
def test_what_is_no_tree_is_odd(nodes: list[Node]) -> None:
    with pytest.raises(RecordOdd):
        as_path(nodes, "a")


def test_hidden_nodes_in_a_circle_do_not_hang() -> None:
    nodes = [node("x", "y", shown=False), node("y", "x", shown=False), node("a", "x")]
    assert [turn.content for turn in as_path(nodes, "a")] == ["a"]
