"""One number per family of errors, so that a script can act without reading words.

1 and 2 are what shells and argument parsers use; 10, 11 and 12 are those of restic, which
many backup scripts already know; 130 and 141 are 128 plus the signal's number.
"""

from __future__ import annotations

from rolethread_store.errors import (
    Conflict,
    Corrupt,
    Denied,
    InvalidInput,
    Locked,
    NotFound,
    StoreError,
    Unavailable,
    Unsupported,
)

__all__ = [
    "BROKEN_PIPE",
    "EXIT_CODES",
    "INTERRUPTED",
    "MEANINGS",
    "UNEXPECTED",
    "USAGE",
    "exit_code_of",
]

UNEXPECTED = 1
USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141

EXIT_CODES: dict[type[StoreError], int] = {
    NotFound: 10,
    Locked: 11,
    Denied: 12,
    Conflict: 13,
    Corrupt: 14,
    Unsupported: 15,
    InvalidInput: 16,
    Unavailable: 17,
}

MEANINGS: dict[int, str] = {
    0: "done",
    UNEXPECTED: "an unexpected error, which is a bug: please report it",
    USAGE: "the command was not understood",
    10: "not found: a store, dataset, entry, remote or file",
    11: "locked: another process is writing; try again or use --wait",
    12: "denied: wrong or missing passphrase, or the system forbids it",
    13: "conflict: the request contradicts what is there; nothing was changed",
    14: "corrupt: bytes are not what was written",
    15: "unsupported: a newer store format, or something is not installed",
    16: "invalid input: what was given cannot be used; nothing was changed",
    17: "unavailable: disk, memory or remote is full, failing or unreachable",
    INTERRUPTED: "interrupted",
    BROKEN_PIPE: "the reader of the output went away",
}

_SYSTEM_ERRORS: tuple[tuple[type[OSError], type[StoreError]], ...] = (
    (FileNotFoundError, NotFound),
    (PermissionError, Denied),
    (FileExistsError, Conflict),
    (IsADirectoryError, InvalidInput),
    (NotADirectoryError, InvalidInput),
    (OSError, Unavailable),
)


def exit_code_of(error: BaseException) -> int:
    """Return the number for an error: by its family, or by what the system said."""
    for family, number in EXIT_CODES.items():
        if isinstance(error, family):
            return number
    for kind, family in _SYSTEM_ERRORS:
        if isinstance(error, kind):
            return EXIT_CODES[family]
    return UNEXPECTED
