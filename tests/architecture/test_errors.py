"""Errors are an interface: every one has a code, one family, an exit code and a line of docs."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from types import ModuleType

from rolethread_store import errors
from rolethread_store.cli.exit_codes import EXIT_CODES, MEANINGS
from rolethread_store.errors import StoreError

DOCS = Path(__file__).parents[2] / "docs"
FAMILIES = [
    family
    for name in errors.__all__
    if (family := getattr(errors, name)) is not StoreError and issubclass(family, StoreError)
]


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_errors", DOCS / "make_errors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()
ERRORS: list[type[StoreError]] = GENERATOR.concrete_errors()


def test_there_are_errors() -> None:
    assert len(ERRORS) > 10


def test_codes_are_unique() -> None:
    counted = Counter(error.code for error in [StoreError, *FAMILIES, *ERRORS])

    assert [code for code, times in counted.items() if times > 1] == []


def test_each_error_has_its_own_code_and_one_family() -> None:
    for error in ERRORS:
        name = error.__qualname__
        assert "code" in vars(error), f"{name}: or a script cannot tell it from its parent"
        assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", error.code), name
        assert len([family for family in FAMILIES if issubclass(error, family)]) == 1, name
        assert error.__doc__, name


def test_each_error_takes_a_message_and_a_hint() -> None:
    for error in ERRORS:
        raised = error("what happened", hint="what to do")
        assert (str(raised), raised.hint) == ("what happened", "what to do"), error.__qualname__


def test_every_family_has_an_exit_code_of_its_own() -> None:
    assert set(FAMILIES) <= set(EXIT_CODES)
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert set(EXIT_CODES.values()) <= set(MEANINGS)
    # 0 is success, and from 126 on the shell speaks (not found, killed by a signal).
    assert all(0 < number < 126 for number in EXIT_CODES.values())


def test_the_page_of_errors_is_current() -> None:
    written = (DOCS / "errors.md").read_text(encoding="utf-8")

    assert written == GENERATOR.page(), "run: python docs/make_errors.py"
