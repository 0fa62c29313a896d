"""Changes are checked before they are made, and say exactly what was asked."""

from __future__ import annotations

from uuid import UUID

import pytest

from rolethread_store.editing import (
    ContentInvalid,
    MessageOutOfRange,
    among,
    deletion,
    message_edit,
)

A, E, F = UUID(int=1), UUID(int=2), UUID(int=3)


def test_an_edit_names_an_existing_message() -> None:
    change = message_edit(A, E, 1, "new", message_count=2)
    assert (change.dataset_id, change.entry_id, change.message, change.content) == (A, E, 1, "new")


@pytest.mark.parametrize(("number", "count"), [(2, 2), (-1, 2), (0, 0)])
def test_a_message_that_is_not_there_is_refused(number: int, count: int) -> None:
    with pytest.raises(MessageOutOfRange) as caught:
        message_edit(A, E, number, "new", message_count=count)
    assert caught.value.hint == f"its messages: {'0 to 1' if count else 'none'}"


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_is_no_text(text: str) -> None:
    with pytest.raises(ContentInvalid):
        message_edit(A, E, 0, text, message_count=1)


def test_a_deletion_names_each_entry_once() -> None:
    assert deletion(A, [F, E, F]).entry_ids == (F, E)


def test_a_choice_of_entries_is_a_condition() -> None:
    assert among([]) == "false"
    assert str(E) in among([E, F])
