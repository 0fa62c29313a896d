"""Conversations made to fit before they are written."""

from __future__ import annotations

from typing import Any

import pytest

from rolethread_store.formats import (
    STUB,
    Arrangement,
    Ending,
    Greeting,
    Names,
    SystemTurns,
)
from tests.formats.targets.offering import Offer, chat


def arranged(offer: Offer, record: dict[str, Any], arrangement: Arrangement) -> list[list[str]]:
    """Return each record's turns as ``role: content``, names included."""
    assert offer.bench.take_records([record]).sources[0].kept == 1
    return [
        [f"{one['role']}{'/' + one['name'] if 'name' in one else ''}: {one['content']}"
         for one in made["messages"]]
        for made in offer.records("chatml", arrangement=arrangement)
    ]  # fmt: skip


GREETING = chat(
    ("system", "Tavern."),
    ("assistant", "Come in.", {"name": "Rex"}),
    ("user", "Hello.", {"name": "Ann"}),
    ("assistant", "Sit."),
)


def test_nothing_is_changed_unless_it_is_asked_for(offer: Offer) -> None:
    assert arranged(offer, GREETING, Arrangement()) == [
        ["system: Tavern.", "assistant/Rex: Come in.", "user/Ann: Hello.", "assistant: Sit."]
    ]


def test_names_go_before_the_text_or_away(offer: Offer) -> None:
    assert arranged(offer, GREETING, Arrangement(names=Names.PREFIX)) == [
        ["system: Tavern.", "assistant: Rex: Come in.", "user: Ann: Hello.", "assistant: Sit."]
    ]
    assert arranged(offer, GREETING, Arrangement(names=Names.DROP)) == [
        ["system: Tavern.", "assistant: Come in.", "user: Hello.", "assistant: Sit."]
    ]


def test_a_stub_comes_before_a_greeting_and_nowhere_else(offer: Offer) -> None:
    stub = Arrangement(greeting_first=Greeting.STUB)
    assert arranged(offer, GREETING, stub)[0][:3] == [
        "system: Tavern.", f"user: {STUB}", "assistant/Rex: Come in."
    ]  # fmt: skip
    own = Arrangement(greeting_first=Greeting.STUB, stub="It's dark.")
    assert arranged(offer, chat(("assistant", "a"), ("user", "b")), own) == [
        ["user: It's dark.", "assistant: a", "user: b"]
    ]
    for record in (chat(("user", "b"), ("assistant", "a")), chat(("system", "s")), chat()):
        assert arranged(offer, record, stub) == arranged(offer, record, Arrangement())


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (GREETING, ["system: Tavern.\n\nCome in.", "user/Ann: Hello.", "assistant: Sit."]),
        (chat(("assistant", "a"), ("user", "b")), ["system: a", "user: b"]),
        (
            chat(("assistant", "a"), ("assistant", "b"), ("user", "c")),
            ["system: a\n\nb", "user: c"],
        ),
        (
            chat(("system", "s"), ("system", "t"), ("assistant", "a")),
            ["system: s", "system: t\n\na"],
        ),
        (chat(("user", "b"), ("assistant", "a")), ["user: b", "assistant: a"]),
        # A prompt cannot hold a picture or a call.
        (chat(("assistant", [{"a": 1}]), ("user", "b")), ["assistant: [{'a': 1}]", "user: b"]),
    ],
)
def test_a_greeting_folds_into_the_system_prompt(
    offer: Offer, record: dict[str, Any], expected: list[str]
) -> None:
    assert arranged(offer, record, Arrangement(greeting_first=Greeting.FOLD)) == [expected]


def test_system_turns_are_joined_or_the_first_is_kept(offer: Offer) -> None:
    record = chat(("user", "a"), ("system", "1"), ("assistant", "b"), ("developer", "2"))
    assert arranged(offer, record, Arrangement(system=SystemTurns.MERGE)) == [
        ["system: 1\n\n2", "user: a", "assistant: b"]
    ]
    assert arranged(offer, record, Arrangement(system=SystemTurns.FIRST)) == [
        ["system: 1", "user: a", "assistant: b"]
    ]
    odd = chat(("system", [{"type": "x"}]), ("user", "a"), ("system", "2"))
    assert arranged(offer, odd, Arrangement(system=SystemTurns.MERGE)) == arranged(
        offer, odd, Arrangement()
    )


def test_turns_after_the_last_answer_can_go(offer: Offer) -> None:
    trim = Arrangement(ending=Ending.TRIM)
    record = chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("system", "d"))
    assert arranged(offer, record, trim) == [["user: a", "assistant: b"]]
    assert arranged(offer, chat(("user", "a")), trim) == [["user: a"]]


def test_one_record_for_each_answer(offer: Offer) -> None:
    record = chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    unroll = Arrangement(unroll=True)
    assert arranged(offer, record, unroll) == [
        ["user: a", "assistant: b"],
        ["user: a", "assistant: b", "user: c", "assistant: d"],
    ]
    offer.bench.take_records([record, chat(("user", "alone"))])
    path = offer.bench.folder / "counted"
    outcome = offer.write(path, "mlx", arrangement=unroll)
    assert (outcome.entries, outcome.records) == (1, 2)
    assert outcome.skipped == {"no assistant turn": 1}
