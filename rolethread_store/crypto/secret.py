"""Key bytes that do not show themselves.

A key that reaches a log line, a traceback with locals, a pickle or a ``repr`` is a key
lost. Everything secret therefore travels as a ``Secret``; the bytes come out only where
``reveal`` is written, which is what a reviewer searches for.

Wiping is best effort: Python and the libraries below may hold copies that nobody can
reach. It shortens the time a key lies in memory and promises no more.
"""

from __future__ import annotations

import hmac
import os
from typing import ClassVar, NoReturn, SupportsIndex

from rolethread_store.errors import Denied

__all__ = ["Secret", "SecretWiped"]


class SecretWiped(Denied):
    """A key was asked for after it had been wiped: the store is closed."""

    code: ClassVar[str] = "crypto.secret-wiped"


class Secret:
    """Bytes that can be compared and revealed, and in no other way read.

    Equality takes the same time wherever two secrets differ. A secret has no hash,
    cannot be copied and cannot be pickled.

    Args:
        value: The bytes; they are copied.
    """

    __slots__ = ("_value", "_wiped")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: bytes | bytearray | memoryview) -> None:
        self._value = bytearray(value)
        self._wiped = False

    @classmethod
    def random(cls, length: int = 32) -> Secret:
        """Return ``length`` fresh bytes from the operating system's generator."""
        return cls(os.urandom(length))

    def reveal(self) -> bytes:
        """Return the bytes.

        Raises:
            SecretWiped: After ``wipe``.
        """
        if self._wiped:
            raise SecretWiped("the key was wiped from memory", hint="Open the store again.")
        return bytes(self._value)

    def wipe(self) -> None:
        """Overwrite the bytes with zeros; the secret cannot be used afterwards."""
        self._value[:] = bytes(len(self._value))
        self._wiped = True

    def __len__(self) -> int:
        """Return the number of bytes."""
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time; never equal to anything but a ``Secret``."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal(), other.reveal())

    def __repr__(self) -> str:
        """Show nothing."""
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        """Show nothing, whatever the format asks for."""
        return repr(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse pickling and copying: either would make bytes that no wipe reaches.

        Raises:
            TypeError: Always.
        """
        raise TypeError("a Secret cannot be pickled or copied")
