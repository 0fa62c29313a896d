from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

import rolethread_store
from rolethread_store.cli import main as entry
from rolethread_store.cli.main import COMMANDS, build
from tests.cli.running import Runner


def _commands() -> Iterator[tuple[str, ...]]:
    root: Any = build()
    for name in COMMANDS:
        command = root.get_command(object(), name)
        yield (name,)
        if isinstance(command, TyperGroup):
            yield from ((name, inner) for inner in command.commands)


@pytest.mark.parametrize("path", list(_commands()), ids=" ".join)
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...], run: Runner) -> None:
    shown = run(*path, "--help")
    assert shown.code == 0
    assert f"Usage: rolethread {' '.join(path)}" in shown.out
    assert "\n  Example:\n    " in shown.out
    assert "rolethread " in shown.out.split("Example:")[1]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_overview_says_what_the_command_says(name: str) -> None:
    root: Any = build()
    command = root.get_command(object(), name)
    assert command.help.splitlines()[0] == COMMANDS[name].summary


def test_overview_names_every_command_and_exit_code(run: Runner) -> None:
    shown = run("--help")
    assert shown.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in shown.out
    for number in (10, 11, 12, 13, 14, 15, 16, 17, 130, 141):
        assert f" {number}  " in shown.out


def test_overview_starts_no_engine() -> None:
    code = (
        "import sys; from rolethread_store.cli.main import main; main(['--help'])\n"
        "heavy = {'duckdb', 'pyarrow', 'numpy', 'cryptography', 'pydantic', 'fsspec', 'rich'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_version(run: Runner) -> None:
    assert run("--version").out == f"rolethread {rolethread_store.__version__}\n"


def test_nothing_typed_shows_the_overview_as_a_usage_error(run: Runner) -> None:
    shown = run()
    assert shown.code == 2
    assert shown.out == ""
    assert "Usage: rolethread" in shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("improt", "x"),
        ("list",),
        ("list", "--dataset", "tavern", "--limit", "many"),
        ("show", "--no-such-option"),
        ("search", "x", "--mode", "psychic"),
        ("tag", "add", "x", "--dataset", "tavern"),
        ("tag", "add", "x", "--dataset", "tavern", "--all", "--where", "true"),
        ("edit", "0", "--content", "x"),
        ("edit", "0", "--content", "x", "--message", "0", "--file", "y"),
        ("sql", "SELECT 1", "--json", "--csv"),
        ("--passphrase-fd", "9", "status", "--passphrase-file", "x"),
    ],
)
def test_what_is_not_understood_is_2(arguments: tuple[str, ...], store: Path, run: Runner) -> None:
    shown = run(*arguments)
    assert shown.code == 2
    assert shown.out == ""
    assert shown.err.startswith("error: ")


def test_a_misspelt_command_is_guessed(run: Runner) -> None:
    assert "did you mean: rolethread import" in run("improt").err


@pytest.mark.parametrize("after", [False, True])
def test_shared_options_may_stand_on_either_side(
    after: bool, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLETHREAD_STORE", "/nowhere/at/all")
    option = ("--store", str(store))
    shown = run("datasets", *option) if after else run(*option, "datasets")
    assert shown.code == 0
    assert "tavern" in shown.out


def test_the_later_of_two_options_wins(store: Path, run: Runner) -> None:
    assert run("--store", "/nowhere/at/all", "datasets", "--store", store).code == 0


def _raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(rolethread_store, "open", fail)


def test_an_unexpected_error_is_1_and_keeps_its_words_to_itself(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, RuntimeError("quoting an entry"))
    shown = run("status")
    assert shown.code == 1
    assert "RuntimeError" in shown.err
    assert "quoting an entry" not in shown.err


def test_control_c_is_130(store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    _raising(monkeypatch, KeyboardInterrupt())
    assert run("status").code == 130


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError(2, "No such file", "a"), 10),
        (PermissionError(13, "Permission denied", "a"), 12),
        (OSError(28, "No space left on device", "a"), 17),
    ],
)
def test_what_the_system_refuses_has_a_family(
    error: OSError, code: int, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    _raising(monkeypatch, error)
    shown = run("status")
    assert shown.code == code
    assert shown.err == f"error: {error.strerror}: a\n"


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
def test_a_reader_that_leaves_ends_the_command_quietly(store: Path) -> None:
    command = [sys.executable, "-m", "rolethread_store.cli", "sql"]
    query = "SELECT repeat('x', 1000) FROM range(100000)"
    with subprocess.Popen(
        [*command, query], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        code = process.wait(timeout=60)
    assert (code, told) == (141, b"")


def test_main_is_what_the_package_installs() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'rolethread = "rolethread_store.cli.main:main"' in project
    assert callable(entry.main)


def test_a_command_does_not_load_pandas(store: Path) -> None:
    code = (
        "import sys\n"
        "from rolethread_store.cli.main import main\n"
        "for words in (['import', 'array.json', '--dataset', 'b'],\n"
        "              ['list', '--dataset', 'tavern'],\n"
        "              ['export', 'b', 'b.csv', '--format', 'csv'], ['doctor'],\n"
        "              ['export', 'b', 'b.parquet', '--format', 'parquet']):\n"
        "    sys.argv = ['rolethread', *words]\n"
        "    assert main() == 0, words\n"
        "assert sys.modules.get('pyarrow') and not sys.modules.get('pandas')\n"
    )
    text = '[{"messages": [{"role": "user", "content": "Ho!"}], "n": 1}]'
    (store.parent / "array.json").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=store.parent
    )
    assert done.returncode == 0, done.stderr
    assert "Who lit the old lighthouse?" in done.stdout
