"""The shape of the source: length, names, docstrings, and what each module offers."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

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


def offenders(wrong_with: Callable[[Path], object]) -> dict[str, object]:
    """Return what is wrong with each module, by its name, for those with which something is.

    One test looks at all modules: six tests for each would be three thousand, and cost more
    than what they look at.
    """
    return {name_of(path): wrong for path in MODULES if (wrong := wrong_with(path))}


@cache
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


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_modules_are_short() -> None:
    """A longer one has grown into two."""
    assert not offenders(lambda path: max(0, lines_of(path) - MODULE_LINES))


def test_test_modules_are_short() -> None:
    assert not {
        path.relative_to(TESTS).as_posix(): lines
        for path in TEST_MODULES
        if (lines := lines_of(path)) > TEST_MODULE_LINES
    }


def test_names_say_something() -> None:
    assert not offenders(
        lambda path: FORBIDDEN.intersection(path.relative_to(PACKAGE).with_suffix("").parts)
    )


def test_functions_are_short() -> None:
    def too_long(path: Path) -> dict[str, int]:
        return {
            node.name: length
            for node in functions(tree_of(path))
            if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
        }

    assert not offenders(too_long)


def test_everything_public_is_explained() -> None:
    def silent(path: Path) -> list[str]:
        tree = tree_of(path)
        found = [
            node.name
            for node in public_definitions(tree)
            if not ast.get_docstring(node) and not is_overload_or_setter(node)
        ]
        return found if ast.get_docstring(tree) else ["the module itself", *found]

    assert not offenders(silent)


def test_all_is_sorted_and_true() -> None:
    def wrong(path: Path) -> str | list[str]:
        tree = tree_of(path)
        names = offered(tree)
        if names is None:
            return "no __all__"
        if names != sorted(set(names), key=order):
            return "not sorted"
        return sorted(set(names) - bound(tree))

    assert not offenders(wrong)


def test_no_first_party_import_hides_in_a_function() -> None:
    def hidden(path: Path) -> list[str]:
        return [
            ast.unparse(node)
            for function in functions(tree_of(path))
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
            and "rolethread_store" in ast.unparse(node)
        ]

    assert not offenders(hidden)


def test_catch_all_stays_in_the_outermost_handler() -> None:
    def caught(path: Path) -> list[int]:
        return [
            node.lineno
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ExceptHandler)
            and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
            # One that raises again is a clean-up, and hides nothing.
            and not any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(node))
        ]

    assert set(offenders(caught)) <= {"rolethread_store/cli/main.py"}
