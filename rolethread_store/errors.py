"""Every way the store can refuse, in one tree.

A caller acts on the family (wait, ask again, restore, install); a script acts on
``code``, which never changes once released. Concrete errors live next to the code
that raises them and inherit exactly one family.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "Conflict",
    "Corrupt",
    "Denied",
    "InvalidInput",
    "Locked",
    "NotFound",
    "StoreError",
    "Unavailable",
    "Unsupported",
]


class StoreError(Exception):
    """Root of every error the library raises on purpose.

    Attributes:
        code: Stable identifier, ``room.what`` in lower case, for scripts.
        hint: What the user can do next, or ``None``.
    """

    code: ClassVar[str] = "store.error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class NotFound(StoreError):
    """A store, dataset, entry or remote that was named does not exist."""

    code: ClassVar[str] = "store.not-found"


class Conflict(StoreError):
    """The request contradicts what is there; nothing was changed."""

    code: ClassVar[str] = "store.conflict"


class Locked(StoreError):
    """Another process is writing; waiting helps."""

    code: ClassVar[str] = "store.locked"


class Corrupt(StoreError):
    """Bytes are not what was written; the message names the file."""

    code: ClassVar[str] = "store.corrupt"


class Denied(StoreError):
    """A wrong secret, or the system forbids the access."""

    code: ClassVar[str] = "store.denied"


class Unsupported(StoreError):
    """This program or machine cannot do it: a newer format, a missing extension."""

    code: ClassVar[str] = "store.unsupported"


class InvalidInput(StoreError):
    """What was given cannot be used as it is; nothing was changed."""

    code: ClassVar[str] = "store.invalid-input"


class Unavailable(StoreError):
    """The disk, the memory or the remote cannot serve now: full, failing, unreachable."""

    code: ClassVar[str] = "store.unavailable"
