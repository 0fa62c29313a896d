"""A sidecar read and written says the same as before, to the last digit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.formats.sidecars import (
    NotExact,
    SidecarMemory,
    SidecarTooNew,
    SidecarUnreadable,
    exact_text,
    read_exact,
    read_sidecar,
    write_sidecar,
)
from rolethread_store.model.facts import Alias, Category, Character, SystemPrompt, Tag
from tests.formats.sidecars.samples import ENTRIES, SIDECAR


def _sections() -> dict[str, Any]:
    return dict(read_exact(SIDECAR.encode()))


def _bytes(document: object) -> bytes:
    return exact_text(document).encode()


def test_everything_comes_back() -> None:
    written = write_sidecar(read_sidecar(SIDECAR.encode()))
    assert read_exact(written) == read_exact(SIDECAR.encode())
    text = written.decode()
    assert '"shelf": 1.10' in text
    assert "0.30000000000000000001" in text
    assert "grün" in text
    assert text.endswith("}\n")
    assert text.startswith('{\n  "metadata": {\n    "schema_version": 1')
    assert write_sidecar(read_sidecar(written)) == written


def test_what_it_says_becomes_facts() -> None:
    sidecar = read_sidecar(SIDECAR.encode())
    kinds = (Category, Tag, Alias, Character, SystemPrompt)
    of = {kind: [one for one in sidecar.facts if isinstance(one, kind)] for kind in kinds}
    assert [(one.key, getattr(one, "name", "")) for one in of[Category]] == [
        ("interaction", "Interaction")
    ]
    assert [(one.key, getattr(one, "status", "")) for one in of[Tag]] == [
        ("greeting", "active"), ("old_mood", "archived"),
    ]  # fmt: skip
    # Of two aliases of one tag the newer counts; an action without a target is none.
    assert [(one.key, getattr(one, "target", "")) for one in of[Alias]] == [("hello", "greeting")]
    assert [(one.section, one.place) for one in sidecar.leftovers] == [
        ("aliases", 0), ("aliases", 1),
    ]  # fmt: skip
    assert [(one.key, getattr(one, "active", None)) for one in of[Character]] == [
        ("rex", True), ("ann", False),
    ]  # fmt: skip
    assert [one.key for one in of[SystemPrompt]] == ["keeper"]
    assert sidecar.identity.entry_count == 2
    assert sidecar.identity.tag_usage == {"greeting": 1}
    first = sidecar.mappings[0]
    assert (first.entry_uuid, first.other) == (ENTRIES[0], {"since": 3})
    assert first.turns[0].label == "Ann"
    assert first.turns[0].other == {"sure": True}


def test_the_rest_is_remembered() -> None:
    sidecar = read_sidecar(SIDECAR.encode())
    memory = SidecarMemory.of(sidecar, sidecar.mappings[1:])
    again = SidecarMemory.parsed(memory.text())
    assert again == memory
    assert again.other["future"]["list"] == [1, Decimal("2.0"), None]
    assert ("tag", "old_mood") in again.keys


def test_a_bare_sidecar_has_defaults() -> None:
    document = _sections()
    bare = {
        "metadata": {key: document["metadata"][key]
                     for key in ("schema_version", "kind", "exported_at")},
        "dataset": {"dataset_uuid": "d", "filename": "f"},
        "tags": [{"slug": "a", "name": "A"}],
    }  # fmt: skip
    sidecar = read_sidecar(b"\xef\xbb\xbf" + _bytes(bare))
    assert (sidecar.identity.entry_count, sidecar.identity.tag_usage) == (0, None)
    assert sidecar.facts == (Tag(key="a", name="A"),)
    assert sidecar.mappings == ()


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("metadata", "kind"), "other", "metadata.kind"),
        (("metadata", "schema_version"), 0, "schema_version"),
        (("metadata", "schema_version"), True, "schema_version"),
        (("metadata", "exported_at"), "", "metadata.exported_at is empty"),
        (("dataset", "dataset_uuid"), None, "dataset.dataset_uuid is not a text"),
        (("dataset", "entry_count"), "2", "dataset.entry_count is not a whole number"),
        (("dataset", "tag_usage_counts"), {"a": "b"}, "tag_usage_counts.a"),
        (("tags",), {}, "sidecar.tags is not a list"),
        (("tags", 1), 5, "tags[1] is not an object"),
        (("tags", 0, "name"), 5, "tags[0].name is not a text"),
        (("categories", 0, "sort_order"), 1.5, "categories[0].sort_order"),
        (("characters", 0, "is_active"), "yes", "characters[0].is_active is not true or false"),
        (("aliases", 0, "metadata"), [], "aliases[0].metadata is not an object"),
        (("entry_character_mappings", 0, "turns", 1, "turn_index"), "1", "turns[1].turn_index"),
        (("system_prompts", 0, "content"), "", "system_prompts[0].content is empty"),
    ],
)
def test_a_wrong_value_is_named(path: tuple[Any, ...], value: object, words: str) -> None:
    document: Any = _sections()
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(SidecarUnreadable) as raised:
        read_sidecar(_bytes(document))
    assert words in str(raised.value)


def test_a_newer_schema_is_another_matter() -> None:
    document = _sections()
    document["metadata"]["schema_version"] = 2
    with pytest.raises(SidecarTooNew):
        read_sidecar(_bytes(document))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "line 1"),
        (b"\xff\xfe{\x00", "not UTF-8"),
        (b'{"a": 1, "a": 2}', "duplicate key"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": "\\ud83d"}', "surrogate"),
        (b"[" * 100_000, "too deeply"),
        (b"[" * 300 + b"]" * 300, "too deeply"),
    ],
)
def test_what_is_no_json_is_said(data: bytes, words: str) -> None:
    with pytest.raises(NotExact) as raised:
        read_exact(data)
    assert words in str(raised.value)
    with pytest.raises(SidecarUnreadable):
        read_sidecar(data)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: "." in str(d)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES, st.sampled_from([None, 2]))
def test_any_value_is_exact(value: object, indent: int | None) -> None:
    text = exact_text(value, indent=indent)
    again = read_exact(text.encode())
    assert exact_text(again, indent=indent) == text
    assert again == value
    assert json.loads(text, parse_float=Decimal) == value


@given(st.dictionaries(st.text(min_size=1).map("x_".__add__), _VALUES, max_size=4))
def test_unknown_keys_survive_anywhere(other: dict[str, Any]) -> None:
    document = read_exact(SIDECAR.encode())
    places = [
        document, document["metadata"], document["dataset"], document["tags"][0],
        document["categories"][0], document["aliases"][2], document["characters"][1],
        document["system_prompts"][0], document["entry_character_mappings"][0],
        document["entry_character_mappings"][1]["turns"][0],
    ]  # fmt: skip
    for place in places:
        place.update(other)
    sidecar = read_sidecar(exact_text(document).encode())
    assert read_exact(write_sidecar(sidecar)) == document
