"""The shape of the source: length, names, docstrings, and what each module offers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rolethread_store

PACKAGE = Path(rolethread_store.__file__).parent
TESTS = Path(__file__).parents[1]
MODULES = sorted(PACKAGE.rglob("*.py"))
TEST_MODULES = sorted(TESTS.rglob("*.py"))

MODULE_LINES = 400
TEST_MODULE_LINES = 600
FUNCTION_LINES = 50

# A name that fits everything says nothing, and such modules grow without end.
FORBIDDEN = {
    "base", "common", "core", "data", "helper", "helpers", "manager", "misc", "service", "util",
    "utils",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()


each_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public_definitions(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public classes and functions of a module, and the public methods of its classes."""
    waiting: list[ast.Module | ast.ClassDef] = [tree]
    while waiting:
        for node in waiting.pop().body:
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
                yield node
                if isinstance(node, ast.ClassDef):
                    waiting.append(node)


def is_overload_or_setter(node: Function | ast.ClassDef) -> bool:
    return any(
        ast.unparse(decorator).endswith(("overload", "override", ".setter"))
        for decorator in node.decorator_list
    )


def offered(tree: ast.Module) -> list[str] | None:
    """Return the module's ``__all__``, or None when it has none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value or ast.List([]))]
    return None


def bound(tree: ast.Module) -> set[str]:
    """Return the names a module binds at its top level."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case _:
                pass
    return names


def order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Constants, then classes, then functions, numbers by value: the order ruff keeps."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    parts = re.findall(r"\d+|\D+", name)
    return kind, [(int(part), "") if part.isdigit() else (0, part) for part in parts]


def test_the_package_has_modules() -> None:
    assert len(MODULES) > 20


@each_module
def test_module_is_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= MODULE_LINES, f"{lines} lines: it has grown into two modules"


@pytest.mark.parametrize("path", TEST_MODULES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_test_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= TEST_MODULE_LINES


@each_module
def test_names_say_something(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts

    assert not FORBIDDEN.intersection(parts)


@each_module
def test_functions_are_short(path: Path) -> None:
    too_long = {
        node.name: length
        for node in functions(tree_of(path))
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    }

    assert not too_long


@each_module
def test_everything_public_is_explained(path: Path) -> None:
    tree = tree_of(path)
    silent = [
        node.name
        for node in public_definitions(tree)
        if not ast.get_docstring(node) and not is_overload_or_setter(node)
    ]

    assert ast.get_docstring(tree), "the module says nothing about itself"
    assert not silent


@each_module
def test_all_is_sorted_and_true(path: Path) -> None:
    tree = tree_of(path)
    names = offered(tree)

    assert names is not None, "no __all__"
    assert names == sorted(set(names), key=order)
    assert set(names) <= bound(tree)


@each_module
def test_no_first_party_import_hides_in_a_function(path: Path) -> None:
    hidden = [
        ast.unparse(node)
        for function in functions(tree_of(path))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and "rolethread_store" in ast.unparse(node)
    ]

    assert not hidden


@each_module
def test_catch_all_stays_in_the_outermost_handler(path: Path) -> None:
    caught = [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        # One that raises again is a clean-up, and hides nothing.
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]

    assert not caught or name_of(path) == "rolethread_store/cli/main.py"
