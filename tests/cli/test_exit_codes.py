from __future__ import annotations

import pytest

from rolethread_store import errors
from rolethread_store.cli.exit_codes import EXIT_CODES, MEANINGS, exit_code_of
from rolethread_store.errors import StoreError

FAMILIES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, StoreError) and value is not StoreError
]


def test_every_family_has_a_number_of_its_own_with_a_meaning() -> None:
    assert set(EXIT_CODES) == set(FAMILIES)
    assert len(set(EXIT_CODES.values())) == len(FAMILIES)
    assert set(EXIT_CODES.values()) < set(MEANINGS)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_concrete_error_has_its_family_s_number(family: type[StoreError]) -> None:
    concrete = type("Concrete", (family,), {})
    assert exit_code_of(concrete("x")) == EXIT_CODES[family]


def test_anything_else_is_unexpected() -> None:
    assert exit_code_of(ZeroDivisionError()) == 1
