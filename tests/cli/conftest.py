"""A small store to run commands on, and a way to run them inside this process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import rolethread_store
from rolethread_store.cli.main import main
from rolethread_store.crypto.kdf import floor_params
from tests.cli.running import PASSPHRASE, RECORDS, SHAREGPT, Ran, Runner, stay_as_it_is


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files to import: three good records and one that is not JSON."""
    folder = tmp_path_factory.mktemp("sources")
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    text = "\n".join([lines[0], "{not json", lines[1], json.dumps(SHAREGPT)]) + "\n"
    (folder / "tavern.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, sources: Path) -> tuple[Path, str]:
    """A store with one dataset, and its recovery code; made once, because keys are slow."""
    path = tmp_path_factory.mktemp("template") / "store"
    with rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params()) as store:
        store.dataset("tavern").import_file(sources / "tavern.jsonl")
        code = store.recovery_code
    assert code is not None
    return path, code


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the person who runs the tests matters, and their process stays as it is."""
    for name in ("STORE", "PASSPHRASE", "RECOVERY_CODE", "KEY_FILE", "TRACEBACK"):
        monkeypatch.delenv(f"ROLETHREAD_{name}", raising=False)
    stay_as_it_is(monkeypatch)


@pytest.fixture
def store(
    template: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clean_environment: None,
) -> Path:
    """A copy of the store, named by the environment with its passphrase."""
    path = tmp_path / "store"
    shutil.copytree(template[0], path)
    monkeypatch.setenv("ROLETHREAD_STORE", str(path))
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", PASSPHRASE)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], clean_environment: None) -> Runner:
    """Run a command line as the entry point does; a traceback is a failure."""

    def ran(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code, captured.out, captured.err)

    return ran


@pytest.fixture
def entry_id(store: Path, run: Runner) -> str:
    """The id of the first entry."""
    listed = run("list", "--dataset", "tavern", "--json")
    return str(listed.json[0]["entry_id"])
