from __future__ import annotations

import getpass
import os
import shlex
import sys
from pathlib import Path

import pytest

from rolethread_store.cli.new_passphrase import PassphraseMismatch, first_passphrase
from rolethread_store.cli.options import Given
from rolethread_store.cli.secrets import (
    SecretCommandFailed,
    SecretExposed,
    SecretMissing,
    SecretUnreadable,
    Unlocking,
    environment_without_secrets,
    unlocking,
)
from rolethread_store.cli.usage import UsageProblem
from tests.cli.running import PASSPHRASE, Runner

pytestmark = pytest.mark.usefixtures("clean_environment")

SECRET = "grüne Laterne"


def _file(folder: Path, content: bytes = SECRET.encode() + b"\r\nsecond line\n") -> Path:
    path = folder / "secret.txt"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def _terminal(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given = iter(answers)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda *_, **__: next(given))


def test_from_a_file_the_first_line_counts(tmp_path: Path) -> None:
    assert unlocking(Given(passphrase_file=_file(tmp_path))) == Unlocking(SECRET)


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = _file(tmp_path)
    path.chmod(mode)
    with pytest.raises(SecretExposed) as caught:
        unlocking(Given(passphrase_file=path))
    assert SECRET not in str(caught.value)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("chmod 600")


@pytest.mark.parametrize("content", [b"", b"\nafter", b"\xff\xfe"])
def test_a_file_without_a_usable_line_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(SecretUnreadable):
        unlocking(Given(passphrase_file=_file(tmp_path, content)))


def test_from_a_descriptor() -> None:
    reading, writing = os.pipe()
    os.write(writing, SECRET.encode() + b"\n")
    os.close(writing)
    assert unlocking(Given(passphrase_fd=reading)) == Unlocking(SECRET)


def test_a_descriptor_that_is_not_open_is_named() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with pytest.raises(SecretUnreadable, match=str(reading)):
        unlocking(Given(passphrase_fd=reading))


def test_from_a_command_which_gets_no_secret_and_no_shell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", "other")
    code = "import os, sys; print(sys.argv[1], os.environ.get('ROLETHREAD_PASSPHRASE'))"
    command = shlex.join([sys.executable, "-c", code, "$HOME;x"])
    assert unlocking(Given(passphrase_command=command)) == Unlocking("$HOME;x None")


@pytest.mark.parametrize("command", ["/no/such/program", f"{sys.executable} -c 'exit(3)'"])
def test_a_command_that_fails_is_denied(command: str) -> None:
    with pytest.raises(SecretCommandFailed):
        unlocking(Given(passphrase_command=command))


def test_options_go_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", "from the environment")
    monkeypatch.setenv("ROLETHREAD_RECOVERY_CODE", "CODE")
    assert unlocking(Given(passphrase_file=_file(tmp_path))) == Unlocking(SECRET)
    assert unlocking(Given()) == Unlocking(recovery_code="CODE")
    monkeypatch.delenv("ROLETHREAD_RECOVERY_CODE")
    assert unlocking(Given()) == Unlocking("from the environment")


def test_several_sources_are_a_usage_error(tmp_path: Path) -> None:
    path = _file(tmp_path)
    with pytest.raises(UsageProblem):
        unlocking(Given(passphrase_file=path, recovery_code_file=path))


def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(SecretMissing) as caught:
        unlocking(Given())
    assert "--passphrase-file" in (caught.value.hint or "")


def test_a_person_types_a_new_passphrase_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _terminal(monkeypatch, SECRET, SECRET)
    assert first_passphrase(Given()) == SECRET
    _terminal(monkeypatch, SECRET, SECRET + "!")
    with pytest.raises(PassphraseMismatch):
        first_passphrase(Given())


def test_a_person_types_it_once_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    _terminal(monkeypatch, SECRET)
    assert unlocking(Given()) == Unlocking(SECRET)


def test_a_secret_is_not_shown_by_its_holder() -> None:
    assert SECRET not in repr(Unlocking(SECRET, SECRET))


def test_programs_we_start_see_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", SECRET)
    monkeypatch.setenv("ROLETHREAD_RECOVERY_CODE", SECRET)
    assert SECRET not in environment_without_secrets().values()


def test_the_recovery_code_opens_a_store(
    template: tuple[Path, str], store: Path, tmp_path: Path, run: Runner
) -> None:
    path = _file(tmp_path, template[1].encode())
    assert run("status", "--recovery-code-file", path).code == 0


def test_wrong_and_missing_passphrases_are_12(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", "not " + PASSPHRASE)
    shown = run("status")
    assert shown.code == 12
    assert PASSPHRASE not in shown.err
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    assert run("status").code == 12


def test_a_missing_store_is_10_before_anybody_types(tmp_path: Path, run: Runner) -> None:
    shown = run("--store", tmp_path / "none", "status")
    assert shown.code == 10
    assert "rolethread init" in shown.err
