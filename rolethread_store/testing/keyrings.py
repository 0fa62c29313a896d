"""A stand-in for the ``keyring`` package: secrets in a dict, and its ways of refusing."""

from __future__ import annotations

from types import ModuleType

__all__ = ["KeyringLibrary"]


class _KeyringError(Exception):
    """What the real package raises."""


class _Backend:
    """A keyring that works."""


class KeyringLibrary(ModuleType):
    """The functions of the package that the program uses.

    Attributes:
        kept: What was put in, by service and name.
        refusal: Raised by every call when set.
        forgetful: Whether nothing that is put in is kept.
    """

    def __init__(self, backend: object | None = None) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.refusal: Exception | None = None
        self.forgetful = False
        self.errors = ModuleType("keyring.errors")
        vars(self.errors)["KeyringError"] = _KeyringError
        self._backend = backend or _Backend()

    def modules(self) -> dict[str, ModuleType]:
        """Return what to put into ``sys.modules``."""
        return {"keyring": self, "keyring.errors": self.errors}

    def refuse(self) -> None:
        """Raise the package's error at every call from now on, with a secret in its text."""
        self.refusal = _KeyringError(f"cannot keep {sorted(self.kept.values())}")

    def get_keyring(self) -> object:
        """Return the backend."""
        return self._backend

    def get_password(self, service: str, name: str) -> str | None:
        """Return what is kept."""
        self._answer()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        """Keep a value."""
        self._answer()
        if not self.forgetful:
            self.kept[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        """Forget a value."""
        self._answer()
        del self.kept[service, name]

    def _answer(self) -> None:
        if self.refusal is not None:
            raise self.refusal
