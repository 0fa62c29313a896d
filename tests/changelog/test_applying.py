"""What one change does to one entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.changelog import applied
from rolethread_store.changelog.applying import changed_tags
from rolethread_store.changelog.leftovers import without_content
from rolethread_store.model import (
    EntriesDeleted,
    EntryAdded,
    EntryChange,
    EntryMoved,
    EntryRewritten,
    Message,
    MessageEdited,
    TagsChanged,
)
from tests.scenes import entry

ME = UUID(int=1)
LATER = datetime(2026, 2, 2, tzinfo=UTC)
BEFORE = entry(3, "one", "two", tags=("a", "b"))
ID = BEFORE.entry_id


def test_a_message_gets_another_text_and_the_rest_stays() -> None:
    after = applied(
        BEFORE, MessageEdited(dataset_id=ME, entry_id=ID, message=1, content="2"), LATER
    )
    assert after is not None
    assert [message.content for message in after.messages] == ["one", "2"]
    assert after.updated_at == LATER
    assert (after.tags, after.created_at, after.position) == (
        BEFORE.tags,
        BEFORE.created_at,
        BEFORE.position,
    )


def test_a_message_that_an_undo_took_away_is_not_missed() -> None:
    after = applied(
        BEFORE, MessageEdited(dataset_id=ME, entry_id=ID, message=9, content="2"), LATER
    )
    assert after is not None
    assert after.messages == BEFORE.messages


def test_a_rewrite_replaces_messages_tags_and_unknown_fields() -> None:
    change = EntryRewritten(
        dataset_id=ME, entry_id=ID, messages=(Message(role="user", content="new"),), extra="{}"
    )
    after = applied(BEFORE, change, LATER)
    assert after is not None
    assert (len(after.messages), after.tags, after.extra) == (1, None, "{}")
    assert after.origin == BEFORE.origin


def test_a_move_changes_the_position_only() -> None:
    after = applied(BEFORE, EntryMoved(dataset_id=ME, entry_id=ID, position=7), LATER)
    assert after == BEFORE.model_copy(update={"position": 7, "updated_at": LATER})


def test_a_deleted_entry_is_gone_and_an_added_one_is_there() -> None:
    assert applied(BEFORE, EntriesDeleted(dataset_id=ME, entry_ids=(ID,)), LATER) is None
    assert applied(None, EntryAdded(dataset_id=ME, entry=BEFORE), LATER) == BEFORE


@pytest.mark.parametrize(
    "change",
    [
        MessageEdited(dataset_id=ME, entry_id=ID, message=0, content="x"),
        TagsChanged(dataset_id=ME, entry_ids=(ID,), add=("t",)),
        EntryMoved(dataset_id=ME, entry_id=ID, position=1),
    ],
)
def test_a_change_without_its_entry_has_no_effect(change: EntryChange) -> None:
    assert applied(None, change, LATER) is None


def test_tags_keep_their_order_and_come_once() -> None:
    assert changed_tags(("b", "a", "b"), ("c", "a", "c"), ()) == ("b", "a", "b", "c")
    assert changed_tags(("b", "a", "b"), (), ("b",)) == ("a",)
    assert changed_tags(None, ("x",), ("y",)) == ("x",)
    assert changed_tags(("x", "y"), ("x",), ("x",)) == ("y", "x")


def test_a_field_named_content_beside_a_text_stays() -> None:
    own = '{"content":"the source\'s own"}'
    before = BEFORE.model_copy(
        update={
            "messages": (
                Message(role="user", content="text", extra=own),
                Message(role="user", content=None, extra=own),
            )
        }
    )
    for message, left in enumerate((own, None)):
        change = MessageEdited(dataset_id=ME, entry_id=ID, message=message, content="new")
        after = applied(before, change, LATER)
        assert after is not None
        assert after.messages[message].content == "new"
        assert after.messages[message].extra == left


@pytest.mark.parametrize(
    ("extra", "left"),
    [
        (None, None),
        ('{"weight":1e400}', '{"weight":1e400}'),
        ('{"content":null}', None),
        (
            '{"a":1,"content":[{"type":"text","text":"}, \\" ]"}],"b":"content"}',
            '{"a":1,"b":"content"}',
        ),
        ('{"\\u0063ontent":null,"b":2}', '{"b":2}'),
        ('{"a":"\\\\","content":{"content":1}}', '{"a":"\\\\"}'),
        ('{"a":{"content":1}}', '{"a":{"content":1}}'),
        ('{ "a" : [ 1 , 2 ] , "content" : null }', '{"a" : [ 1 , 2 ]}'),
    ],
)
def test_only_a_structured_content_leaves_the_extra_fields(
    extra: str | None, left: str | None
) -> None:
    assert without_content(extra) == left


def test_numbers_and_depths_no_decoder_takes_are_kept() -> None:
    digits, deep = "9" * 6000, "[" * 5000 + "]" * 5000
    extra = f'{{"content":null,"digits":{digits},"deep":{deep}}}'
    assert without_content(extra) == f'{{"digits":{digits},"deep":{deep}}}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.just("content"), json_values, max_size=4), st.booleans())
def test_the_other_fields_keep_their_values(fields: dict[str, object], ascii_only: bool) -> None:
    left = without_content(json.dumps(fields, ensure_ascii=ascii_only))
    fields.pop("content", None)
    assert (json.loads(left) if left is not None else {}) == fields
