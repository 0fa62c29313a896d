"""What a tag may be, and what is defined after some change sets."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rolethread_store.model import FactPut, FactRemoved
from rolethread_store.model.facts import Character, FactKind, Setting, Tag
from rolethread_store.registry import Registry, TagInvalid, clean_tags
from tests.scenes import history_set


def test_tags_are_composed_trimmed_and_come_once() -> None:
    assert clean_tags([" e\u0301te\u0301 ", "été", "数", "a b"]) == ("été", "数", "a b")


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x00", "x" * 201, "\ud800"])
def test_what_cannot_be_a_tag_is_refused(text: str) -> None:
    with pytest.raises(TagInvalid):
        clean_tags([text])


@given(st.text(max_size=50))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        once = clean_tags([text])
    except TagInvalid:
        assume(False)
    assert clean_tags(once) == once
    assert unicodedata.is_normalized("NFC", once[0])


def test_the_last_word_on_a_fact_counts() -> None:
    storm = Tag(key="storm", name="Storm")
    anna = Character(key="anna", name="Anna")
    registry = Registry.of(
        [
            history_set(1, FactPut(fact=storm), FactPut(fact=anna)),
            history_set(2, FactPut(fact=Tag(key="storm", name="Tempest"))),
            history_set(3, FactPut(fact=Setting(key="storm", value="1"))),
            history_set(4, FactRemoved(fact_kind=FactKind.CHARACTER, key="anna")),
            history_set(5, FactRemoved(fact_kind=FactKind.CHARACTER, key="nobody")),
        ]
    )
    tag = registry.get(FactKind.TAG, "storm")
    assert isinstance(tag, Tag)
    assert tag.name == "Tempest"
    assert registry.get(FactKind.CHARACTER, "anna") is None
    assert [fact.key for fact in registry.of_kind(FactKind.SETTING)] == ["storm"]
