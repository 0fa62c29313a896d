"""The commands slots and passphrase, and opening by whatever they made."""

from __future__ import annotations

import getpass
import os
import re
import sys
from pathlib import Path

import pytest

from rolethread_store.testing.keyrings import KeyringLibrary
from tests.cli.running import PASSPHRASE, Runner

NEW = "five other words entirely here"


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> KeyringLibrary:
    made = KeyringLibrary()
    for name, module in made.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    path = tmp_path / "new.txt"
    path.write_text(NEW + "\n")
    path.chmod(0o600)
    return path


def listed(run: Runner) -> list[str]:
    return [one["kind"] for one in run("slots", "list", "--json").json]


def test_slots_are_listed_without_a_secret(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    shown = run("slots", "list")
    assert shown.code == 0
    assert [line.split("\t")[1] for line in shown.out.splitlines()[1:]] == [
        "passphrase", "recovery-code",
    ]  # fmt: skip
    first = run("slots", "list", "--json").json[0]
    assert set(first) == {"slot_id", "kind", "label", "created_at", "problem"}
    assert run("--store", "/nowhere", "slots", "list").code == 10


def test_a_changed_passphrase_opens_and_the_old_one_does_not(
    store: Path, run: Runner, new_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = run("passphrase", "change", "--new-passphrase-file", new_file)
    assert changed.code == 0
    assert changed.out == ""
    assert "older copy of the keys folder" in changed.err
    assert NEW not in changed.err
    assert PASSPHRASE not in changed.err
    assert run("status").code == 12
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", NEW)
    assert run("status").code == 0
    assert listed(run) == ["recovery-code", "passphrase"]


def test_a_person_changes_it_at_the_prompt(
    store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    asked: list[str] = []

    def type_in(answers: list[str]) -> None:
        asked.clear()
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

        def answer(prompt: str, **_: object) -> str:
            asked.append(prompt)
            return answers.pop(0)

        monkeypatch.setattr(getpass, "getpass", answer)

    type_in([PASSPHRASE, NEW, NEW + "?"])
    assert run("passphrase", "change").code == 16
    type_in([PASSPHRASE, "", ""])
    assert run("passphrase", "change").code == 16
    type_in([PASSPHRASE, NEW, NEW])
    assert run("passphrase", "change").code == 0
    assert asked == ["Passphrase: ", "New passphrase: ", "The same again: "]
    type_in([NEW])
    assert run("status").code == 0


def test_without_anybody_to_ask_the_new_one_must_be_named(store: Path, run: Runner) -> None:
    shown = run("passphrase", "change")
    assert shown.code == 12
    assert "--new-passphrase-file" in shown.err
    assert listed(run) == ["passphrase", "recovery-code"]


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaa", "19741974197412"])
def test_a_weak_passphrase_is_warned_about_and_taken(
    store: Path, run: Runner, new_file: Path, weak: str
) -> None:
    new_file.write_text(weak)
    shown = run("slots", "add", "passphrase", "--new-passphrase-file", new_file)
    assert shown.code == 0
    assert "weak" in shown.err
    assert weak not in shown.err
    new_file.write_text(NEW)
    assert "weak" not in run("slots", "add", "passphrase", "--new-passphrase-file", new_file).err


def test_a_key_file_is_made_and_opens(
    store: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "my.key"
    made = run("slots", "add", "key-file", key, "--label", "stick")
    assert made.code == 0
    assert "keep a copy" in made.err
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    assert run("status", "--key-file", key).code == 0
    monkeypatch.setenv("ROLETHREAD_KEY_FILE", str(key))
    assert run("status").code == 0
    assert run("slots", "remove", "stick").code == 13
    assert run("slots", "remove", "passphrase").code == 0
    assert listed(run) == ["recovery-code", "key-file"]
    if os.name == "posix":
        key.chmod(0o644)
        shown = run("status")
        assert (shown.code, "chmod 600" in shown.err) == (12, True)
    key.write_text("my diary")
    key.chmod(0o600)
    shown = run("status")
    assert shown.code == 16
    assert "diary" not in shown.err


def test_a_new_recovery_code_is_alone_on_stdout_and_opens(
    store: Path, run: Runner, tmp_path: Path
) -> None:
    refused = run("slots", "add", "recovery-code")
    assert (refused.code, refused.out) == (2, "")
    made = run("slots", "add", "recovery-code", "--yes")
    assert re.fullmatch(r"([0-9A-Z]{4}-){8}[0-9A-Z]{4}\n", made.out)
    assert made.out.strip() not in made.err
    code = tmp_path / "code.txt"
    code.write_text(made.out)
    code.chmod(0o600)
    assert run("status", "--recovery-code-file", code).code == 0


def test_the_keyring_opens_by_itself_once_it_has_a_slot(
    store: Path, run: Runner, library: KeyringLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("slots", "add", "keyring").code == 0
    monkeypatch.delenv("ROLETHREAD_PASSPHRASE")
    assert run("status").code == run("status", "--keyring").code == 0
    kept = dict(library.kept)
    library.kept.clear()
    shown = run("status")
    assert shown.code == 12
    assert "note: the system keyring was not used" in shown.err
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", PASSPHRASE)
    assert run("status").code == 0
    assert run("status", "--keyring").code == 12, "what was asked for by name is not replaced"
    library.kept.update(kept)
    library.refuse()
    shown = run("status")
    assert shown.code == 0
    assert not any(value in shown.err for value in kept.values())
    assert run("status", "--keyring").code == 17


def test_without_the_package_the_extra_is_named_and_another_secret_used(
    store: Path, run: Runner, library: KeyringLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("slots", "add", "keyring")
    monkeypatch.setitem(sys.modules, "keyring", None)
    shown = run("status")
    assert shown.code == 0
    assert "rolethread-store[keyring]" in shown.err
    shown = run("status", "--keyring")
    assert shown.code == 15
    assert "rolethread-store[keyring]" in shown.err
    assert run("slots", "add", "keyring").code == 15


def test_a_store_without_a_keyring_slot_never_asks_the_keyring(
    store: Path, run: Runner, library: KeyringLibrary
) -> None:
    library.refuse()
    shown = run("status")
    assert (shown.code, shown.err) == (0, "")


@pytest.mark.parametrize("other", ["--key-file=x", "--recovery-code-file=x", "--keyring"])
def test_two_ways_at_once_are_not_understood(
    store: Path, run: Runner, new_file: Path, other: str
) -> None:
    assert run("status", "--passphrase-file", new_file, other).code == 2


def test_a_push_after_a_change_says_what_stays_on_the_remote(
    store: Path, run: Runner, new_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("remote", "add", "usb", tmp_path / "usb")
    assert "earlier set" not in run("push").err
    changed = run("passphrase", "change", "--new-passphrase-file", new_file)
    assert "rolethread push" in changed.err
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", NEW)
    assert "1 earlier set of key slots stay" in run("push").err
    restored = tmp_path / "restored"
    assert run("restore", tmp_path / "usb", restored).code == 0
    assert run("--store", restored, "status").code == 0
    monkeypatch.setenv("ROLETHREAD_PASSPHRASE", PASSPHRASE)
    assert run("restore", tmp_path / "usb", tmp_path / "again").code == 12


def test_a_backup_is_restored_by_key_file(store: Path, run: Runner, tmp_path: Path) -> None:
    key = tmp_path / "my.key"
    run("slots", "add", "key-file", key)
    run("remote", "add", "usb", tmp_path / "usb")
    run("push")
    assert run("restore", tmp_path / "usb", tmp_path / "again", "--key-file", key).code == 0
    assert run("--store", tmp_path / "again", "--key-file", key, "status").code == 0
