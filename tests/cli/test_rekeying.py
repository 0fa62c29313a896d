from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Runner


def new_passphrase(folder: Path) -> Path:
    path = folder / "new.txt"
    path.write_text("five other very quiet lanterns")
    path.chmod(0o600)
    return path


def test_rekey_prints_the_new_code_alone(store: Path, tmp_path: Path, run: Runner) -> None:
    before = run("list", "--dataset", "tavern", "--json").json
    run("remote", "add", "attic", tmp_path / "attic")
    done = run("rekey", "--yes", "--new-passphrase-file", new_passphrase(tmp_path))
    assert done.code == 0
    code = done.out.strip()
    assert len(code.split("-")) == 9
    assert "attic" in done.err
    assert "old keys" in done.err
    new = tmp_path / "new.txt"
    again = run("list", "--dataset", "tavern", "--json", "--passphrase-file", new)
    assert again.json == before
    (tmp_path / "code.txt").write_text(code)
    (tmp_path / "code.txt").chmod(0o600)
    assert run("status", "--recovery-code-file", tmp_path / "code.txt").code == 0


def test_rekey_asks_first_and_has_nothing_to_abandon(store: Path, run: Runner) -> None:
    refused = run("rekey")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert run("rekey", "--abandon").code == 0
    assert (store / "segments").exists()


@pytest.mark.usefixtures("store")
def test_a_new_passphrase_by_recovery_code(
    template: tuple[Path, str], tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever lost the passphrase opens with the code and gives a new one."""
    code = tmp_path / "code.txt"
    code.write_text(template[1])
    code.chmod(0o600)
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    new = new_passphrase(tmp_path)
    done = run("rekey", "--yes", "--recovery-code-file", code, "--new-passphrase-file", new)
    assert done.code == 0
    assert run("status", "--passphrase-file", new).code == 0
    assert run("status", "--recovery-code-file", code).code == 12
