"""The system's keyring keeps small secrets, or says clearly why it does not."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from rolethread_store.storage import (
    SystemKeyring,
    SystemKeyringMissing,
    SystemKeyringUnavailable,
)
from rolethread_store.testing.keyrings import KeyringLibrary


def installed(monkeypatch: pytest.MonkeyPatch, library: KeyringLibrary) -> KeyringLibrary:
    for name, module in library.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return library


def test_what_is_put_in_comes_back_until_it_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    library = installed(monkeypatch, KeyringLibrary())
    system = SystemKeyring()
    assert system.get("a") is None
    system.put("a", "secret")
    assert SystemKeyring().get("a") == "secret"
    assert list(library.kept) == [("rolethread-store", "a")]
    system.remove("a")
    system.remove("a")
    assert not library.kept


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SystemKeyringMissing) as caught:
        SystemKeyring()
    assert caught.value.hint == "pip install 'rolethread-store[keyring]'"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keyring.backends.fail", "Keyring"),
        ("keyring.backends.null", "Keyring"),
        ("keyrings.alt.file", "PlaintextKeyring"),
    ],
)
def test_what_keeps_nothing_or_hides_nothing_is_not_used(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    backend = type(name, (), {"__module__": module})()
    installed(monkeypatch, KeyringLibrary(backend))
    with pytest.raises(SystemKeyringUnavailable) as caught:
        SystemKeyring()
    assert "passphrase" in (caught.value.hint or "")


def test_a_keyring_that_refuses_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    library = installed(monkeypatch, KeyringLibrary())
    system = SystemKeyring()
    system.put("a", "canary")
    library.refuse()
    calls: list[Callable[[], object]] = [
        lambda: system.get("a"),
        lambda: system.put("a", "canary"),
        lambda: system.remove("a"),
    ]
    for call in calls:
        with pytest.raises(SystemKeyringUnavailable) as caught:
            call()
        assert "canary" not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_keyring_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, KeyringLibrary()).forgetful = True
    with pytest.raises(SystemKeyringUnavailable, match="give back"):
        SystemKeyring().put("a", "secret")


def test_the_real_package_has_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring", reason="the keyring extra is not installed")
    backend = pytest.importorskip("keyring.backend")
    kept: dict[tuple[str, str], str] = {}

    def put(_: object, service: str, name: str, value: str) -> None:
        kept[service, name] = value

    def get(_: object, service: str, name: str) -> str | None:
        return kept.get((service, name))

    def forget(_: object, service: str, name: str) -> None:
        del kept[service, name]

    methods = {"set_password": put, "get_password": get, "delete_password": forget, "priority": 1}
    before = keyring.get_keyring()
    keyring.set_keyring(type("Memory", (backend.KeyringBackend,), methods)())
    try:
        system = SystemKeyring()
        system.put("a", "secret")
        assert system.get("a") == kept["rolethread-store", "a"] == "secret"
        system.remove("a")
        assert system.get("a") is None
    finally:
        keyring.set_keyring(before)
