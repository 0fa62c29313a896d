"""Who is who among the speakers of a record."""

from __future__ import annotations

import pytest

from rolethread_store.formats.adapters import ReadingOptions
from rolethread_store.formats.adapters.speakers import Part, cast, character_key, characters


def _roles(names: list[str], *assistants: str) -> dict[str, str]:
    parts = cast(names, ReadingOptions(assistants=frozenset(assistants)))
    return {name: part.role for name, part in parts.items()}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ann", "ann"),
        ("  Old   Tom ", "old-tom"),
        ("山田 花子", "山田-花子"),
        ("Ёжик", "ёжик"),
        ("Ａｎｎ", "ann"),
        ("Straße", "strasse"),
        ("McCoy O'Neil", "mccoy-o'neil"),
        ("José", "josé"),
        ("पूजा", "पूजा"),
        ("★", "★"),
        ("a\u200bb\tc", "a-b-c"),
        (" \t\u200b", ""),
    ],
)
def test_a_key_is_made_of_any_script(name: str, key: str) -> None:
    assert character_key(name) == key


def test_composed_and_decomposed_names_are_one() -> None:
    assert character_key("Jose\u0301") == character_key("José")


def test_the_first_of_two_is_the_user() -> None:
    assert _roles(["Ann", "Rex", "Ann"]) == {"Ann": "user", "Rex": "assistant"}


def test_the_first_of_many_is_the_user_and_the_rest_the_assistant() -> None:
    assert _roles(["Ann", "Rex", "Tom", "Rex"]) == {
        "Ann": "user",
        "Rex": "assistant",
        "Tom": "assistant",
    }


def test_who_is_named_is_the_assistant_without_case() -> None:
    assert _roles(["Ann", "REX", "Tom", "System"], "rex", "TOM") == {
        "Ann": "user",
        "REX": "assistant",
        "Tom": "assistant",
        "System": "system",
    }


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["User", "Assistant"], ["user", "assistant"]),
        (["Assistant", "Human"], ["assistant", "user"]),
        (["Rex", "User"], ["assistant", "user"]),
        (["Bot", "Ann"], ["assistant", "user"]),
        (["System", "Ann", "Rex"], ["system", "user", "assistant"]),
        (["User", "Assistant", "Tom"], ["user", "assistant", "assistant"]),
    ],
)
def test_role_words_have_their_role_and_people_the_other(
    names: list[str], roles: list[str]
) -> None:
    assert list(_roles(names).values()) == roles


def test_role_words_are_no_characters() -> None:
    parts = cast(["User", "Rex", " "], ReadingOptions())
    assert parts["User"] == Part("user", None)
    assert parts[" "].character is None
    assert [one.key for one in characters(parts)] == ["rex"]


def test_spellings_of_one_name_are_one_character() -> None:
    parts = cast(["Ann", "ANN ", "Rex"], ReadingOptions())
    assert parts["Ann"] == parts["ANN "]
    assert [(one.key, one.name) for one in characters(parts)] == [("ann", "Ann"), ("rex", "Rex")]


def test_nobody_has_no_parts() -> None:
    assert cast([], ReadingOptions()) == {}
