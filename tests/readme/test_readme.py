"""What the README shows is what happens: its transcript and its Python example are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rolethread_store.cli.main import main
from tests.cli.running import stay_as_it_is

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.timeout(240)

PROCESSES = ("init", "undo", "export")
"""Commands of the transcript that are processes: the first, one that writes, and the last."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def steps(transcript: str) -> list[tuple[str, list[str]]]:
    """Split a transcript into commands and the lines each printed."""
    found: list[tuple[str, list[str]]] = []
    for line in transcript.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def pattern(shown: str) -> re.Pattern[str]:
    """Return what a shown line stands for: ``…`` is anything, a run of blanks is any run."""
    parts = (re.escape(part) for part in re.split(r"(?:…|\s+)", shown))
    marks = re.findall(r"…|\s+", shown)
    joined = [text for pair in zip(parts, [*marks, ""], strict=True) for text in pair]
    return re.compile(
        "".join(".*" if part == "…" else r"\s+" if part.isspace() else part for part in joined)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "rolethread_store" / "sample", tmp_path / "rolethread_store" / "sample")
    for name in ("tavern.jsonl", "messy.jsonl"):
        shutil.copy(ROOT / "rolethread_store" / "sample" / name, tmp_path / name)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ROLETHREAD_STORE": str(folder / "store"),
        "ROLETHREAD_PASSPHRASE": "a lantern for the quiet road",
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }


def process(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str]], str]:
    """Run a command line, most of them in this process: it takes a second to start another."""
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    stay_as_it_is(monkeypatch)

    def ran(words: list[str]) -> str:
        if words[0] in PROCESSES:
            return process(["-m", "rolethread_store.cli", *words], folder)
        code = main(words)
        printed = capsys.readouterr()
        assert code == 0, f"{words}: {printed.err}"
        return printed.out + printed.err

    return ran


def test_transcript_is_true(run: Callable[[list[str]], str]) -> None:
    (transcript,) = blocks("console")
    entry_id = ""
    for command, shown in steps(transcript):
        words = shlex.split(command)
        assert words[0] == "rolethread"
        words = [entry_id if re.fullmatch(r"[0-9a-f]{8}-…", word) else word for word in words]
        printed = run(words[1:]).splitlines()
        for expected in shown:
            wanted = pattern(expected)
            assert any(wanted.fullmatch(line.rstrip()) for line in printed), (
                f"{command!r} does not print {expected!r}:\n" + "\n".join(printed)
            )
        found = re.search(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "\n".join(printed))
        if found and words[1] == "search":
            entry_id = found[0]


def test_python_example_runs(folder: Path) -> None:
    (example,) = blocks("python")
    assert len(example.strip().splitlines()) <= 12
    printed = process(["-c", example], folder)
    assert "88 records = 88 entries + 0 set aside" in printed
    assert (folder / "tavern-for-training.jsonl").read_text("utf-8").count("\n") == 88


def test_commands_of_the_readme_are_recipes() -> None:
    recipes = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for recipe in re.findall(r"^make (\S+)", README, re.MULTILINE):
        assert recipe in recipes


def test_the_readme_leads_to_what_is_protected_and_what_is_not() -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert {"SECURITY.md", "docs/threat-model.md"} <= set(linked)
    assert [path for path in linked if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/threat-model.md"])
def test_links_of_the_security_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    linked = re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
    assert linked
    assert [name for name in linked if not (path.parent / name).exists()] == []
