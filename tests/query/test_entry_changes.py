"""Field-level differences of two states of an entry."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.model import Alternative, Message, Origin
from rolethread_store.query import (
    FieldChange,
    MessageChange,
    MessageFate,
    compared_entries,
    compared_messages,
)
from tests.scenes import entry

messages = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["user", "assistant"]),
        content=st.none() | st.sampled_from(["", "a", "b", "c d"]),
        name=st.none() | st.sampled_from(["Ada"]),
        extra=st.none() | st.sampled_from(['{"x": 1}', '{"x": null}', '{"x": 1, "y": 2}']),
    ),
    max_size=6,
)


def rebuilt(before: Sequence[Message], changes: Sequence[MessageChange]) -> list[Message]:
    """Carry changes out, as somebody would who knows only the old messages."""
    gone = {one.before for one in changes if one.fate is MessageFate.REMOVED}
    come = {one.after: one.message for one in changes if one.fate is MessageFate.INSERTED}
    fields: dict[int | None, dict[str, object]] = {
        one.before: {
            field.field: field.after for field in one.fields if not field.field.startswith("extra")
        }
        for one in changes
        if one.fate is MessageFate.EDITED
    }
    kept = iter(
        [
            message.model_copy(update=fields.get(number))
            for number, message in enumerate(before)
            if number not in gone
        ]
    )
    result = []
    for place in range(len(before) - len(gone) + len(come)):
        inserted = come.get(place)
        result.append(next(kept) if inserted is None else inserted)
    return result


def bare(messages: Sequence[Message]) -> list[Message]:
    return [one.model_copy(update={"extra": None}) for one in messages]


@given(messages, messages)
def test_changes_lead_from_one_state_to_the_other(
    before: list[Message], after: list[Message]
) -> None:
    changes = compared_messages(before, after)
    assert (not changes) == (before == after)
    assert bare(rebuilt(before, changes)) == bare(after)
    for one in changes:
        if one.fate is MessageFate.EDITED:
            assert one.before is not None
            assert one.after is not None
            assert one.fields
            assert before[one.before] != after[one.after]


def test_an_inserted_message_does_not_make_the_others_differ() -> None:
    old = [Message(role="user", content="a"), Message(role="assistant", content="b")]
    new = [Message(role="system", content="s"), *old]
    (change,) = compared_messages(old, new)
    assert (change.fate, change.before, change.after) == (MessageFate.INSERTED, None, 0)
    (back,) = compared_messages(new, old)
    assert (back.fate, back.before, back.message) == (MessageFate.REMOVED, 0, new[0])


def test_an_edited_message_beside_an_inserted_one_stays_itself() -> None:
    old = [Message(role="user", content="a"), Message(role="assistant", content="b")]
    new = [
        Message(role="user", content="a!"),
        Message(role="system", content="s"),
        Message(role="assistant", content="b"),
    ]
    edited, inserted = compared_messages(old, new)
    assert edited.fields == (FieldChange("content", "a", "a!"),)
    assert inserted.after == 1


def test_every_field_of_a_message_is_told() -> None:
    old = Message(role="user", content="a", weight=1.0, extra='{"n": 1, "gone": true}')
    new = Message(
        role="assistant", content="a", name="Ada", character="ada", weight=0.5,
        alternatives=(Alternative(content="x"),), extra='{"n": 1.0, "new": [null]}',
    )  # fmt: skip
    (change,) = compared_messages([old], [new])
    assert {one.field: (one.before, one.after) for one in change.fields} == {
        "role": ("user", "assistant"),
        "name": (None, "Ada"),
        "character": (None, "ada"),
        "weight": (1.0, 0.5),
        "alternatives": (None, [{"content": "x", "extra": None}]),
        "extra.n": (1, 1.0),
        "extra.gone": (True, None),
        "extra.new": (None, [None]),
    }


def test_the_other_fields_of_an_entry() -> None:
    old = entry(1, "a", tags=("x", "y"))
    new = old.model_copy(
        update={"tags": ("y",), "extra": '{"score": 3}', "origin": Origin(format="sharegpt")}
    )
    assert compared_entries(old, new) == (
        FieldChange("tags", ["x", "y"], ["y"]),
        FieldChange("format", None, "sharegpt"),
        FieldChange("extra.score", None, 3),
    )
    again = new.model_copy(update={"extra": '{ "score":3}'})
    assert [one.field for one in compared_entries(new, again)] == ["extra"]
    assert compared_entries(old, old.model_copy(update={"position": 7})) == ()
