"""Small secrets in the keyring of the operating system, through the ``keyring`` package.

The package is optional and so is a keyring: a server or a container has none. Both are
said clearly, and whoever asked goes on with another secret.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import ClassVar

from rolethread_store.errors import Unavailable, Unsupported

__all__ = ["SystemKeyring", "SystemKeyringMissing", "SystemKeyringUnavailable"]

_SERVICE = "rolethread-store"
# Backends that stand for "there is none": one refuses everything, one forgets everything.
_NO_BACKEND = frozenset({"keyring.backends.fail", "keyring.backends.null"})
_OTHER_WAY = "Open the store with its passphrase, recovery code or key file."


class SystemKeyringMissing(Unsupported):
    """The package that reaches the system's keyring is not installed."""

    code: ClassVar[str] = "storage.no-keyring-library"


class SystemKeyringUnavailable(Unavailable):
    """This machine has no keyring that works here, or it refused."""

    code: ClassVar[str] = "storage.keyring-unavailable"


class SystemKeyring:
    """The keyring of the user who runs this process.

    Raises:
        SystemKeyringMissing: The extra is not installed.
        SystemKeyringUnavailable: There is no keyring, or only one that hides nothing.
    """

    def __init__(self) -> None:
        self._library = _library()
        with self._translated():
            backend = self._library.get_keyring()
        kind = type(backend)
        if kind.__module__ in _NO_BACKEND:
            raise SystemKeyringUnavailable("this machine has no system keyring", hint=_OTHER_WAY)
        if "plaintext" in kind.__name__.lower():
            # Of the package keyrings.alt: a readable file. A key in it is no secret.
            raise SystemKeyringUnavailable(
                "the keyring of this machine keeps secrets in the clear; it was not used",
                hint=_OTHER_WAY,
            )

    def get(self, name: str) -> str | None:
        """Return what was put under a name, ``None`` if there is nothing.

        Raises:
            SystemKeyringUnavailable: It is locked or does not answer.
        """
        with self._translated():
            found = self._library.get_password(_SERVICE, name)
        return None if found is None else str(found)

    def put(self, name: str, value: str) -> None:
        """Keep a value under a name, and read it back.

        Raises:
            SystemKeyringUnavailable: It is locked, or does not give back what was put in.
        """
        with self._translated():
            self._library.set_password(_SERVICE, name, value)
        if self.get(name) != value:
            raise SystemKeyringUnavailable(
                "the system keyring does not give back what was put into it", hint=_OTHER_WAY
            )

    def remove(self, name: str) -> None:
        """Forget what is under a name, if there is anything.

        Raises:
            SystemKeyringUnavailable: It is locked or does not answer.
        """
        if self.get(name) is not None:
            with self._translated():
                self._library.delete_password(_SERVICE, name)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Backends add RuntimeError and OSError to the library's own; none may show a value."""
        try:
            yield
        except (self._library.errors.KeyringError, RuntimeError, OSError) as error:
            raise SystemKeyringUnavailable(
                f"the system keyring does not answer ({type(error).__name__})", hint=_OTHER_WAY
            ) from None


def _library() -> ModuleType:
    try:
        found = importlib.import_module("keyring")
        importlib.import_module("keyring.errors")
    except ImportError:
        raise SystemKeyringMissing(
            "the system keyring needs the package keyring, which is not installed",
            hint="pip install 'rolethread-store[keyring]'",
        ) from None
    return found
