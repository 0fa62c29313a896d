"""Records are built without validation, so they must be what validation would accept."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from rolethread_store.changelog import HistoryInconsistent, Place, Stretch
from rolethread_store.dataset.records import change_record, decoded, encoded, move_record
from rolethread_store.editing import message_edit
from rolethread_store.model import ChangeSet, MessageEdited

STAMP = (uuid4(), 7, datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC))


def test_a_record_is_what_validation_makes_of_it() -> None:
    edit = message_edit(uuid4(), uuid4(), 1, "“Ü”\u2028\n", message_count=2)
    one = change_record(STAMP, [edit], "edit")
    lower = Place(one, None)
    upper = Place(one, lower)
    moves = [
        move_record(STAMP, "undo", Stretch(lower, lower), None),
        move_record(STAMP, "redo", Stretch(lower, upper), uuid4()),
    ]
    for record in (one, *moves):
        assert set(record.__dict__) == set(ChangeSet.model_fields)
        assert decoded(encoded(record)) == record
        assert ChangeSet.model_validate(record.model_dump()) == record
        assert encoded(record) == record.model_dump_json(exclude_none=True).encode()
    assert set(edit.__dict__) == set(MessageEdited.model_fields)
    assert MessageEdited.model_validate(edit.model_dump()) == edit


def test_an_odd_number_for_a_message_is_still_checked() -> None:
    edit = message_edit(uuid4(), uuid4(), True, "x", message_count=2)
    assert type(edit.message) is int


def test_a_record_of_an_unknown_structure_is_refused() -> None:
    with pytest.raises(HistoryInconsistent):
        decoded(b'{"set_id": 1}')
