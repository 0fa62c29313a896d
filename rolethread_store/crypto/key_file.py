"""The key file: 32 random bytes in a small text file that a person carries elsewhere.

Three lines of ASCII, each ended by a line feed::

    rolethread key file 1
    <the 32 bytes, 64 hex digits>
    <check: the first 16 hex digits of the SHA-256 of the two lines above, with their ends>

The check tells a damaged key file from one that belongs to another store. Any other file is
refused: a photograph or a song that "is the key" changes with the first program that opens
it, and a guess at which of a person's files it is costs nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar

from rolethread_store.crypto.aead import KEY_BYTES
from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import Corrupt, InvalidInput, Unsupported

__all__ = [
    "MAX_KEY_FILE",
    "KeyFileDamaged",
    "KeyFileTooNew",
    "KeyFileUnusable",
    "new_key_file",
    "parse_key_file",
]

MAX_KEY_FILE = 1024
"""No key file is longer, in bytes."""

_TITLE = b"rolethread key file "
_VERSION = 1
_CHECK_DIGITS = 16
_BODY = re.compile(rb"([0-9a-f]{64})\n([0-9a-f]{16})")


class KeyFileUnusable(InvalidInput):
    """The file is not a key file."""

    code: ClassVar[str] = "crypto.key-file-unusable"


class KeyFileDamaged(Corrupt):
    """The key file is not what was written: a line is missing or has changed."""

    code: ClassVar[str] = "crypto.key-file-damaged"


class KeyFileTooNew(Unsupported):
    """The key file was written by a newer version of the program."""

    code: ClassVar[str] = "crypto.key-file-too-new"


def new_key_file() -> bytes:
    """Return the contents of a new key file."""
    head = _TITLE + b"%d\n" % _VERSION + Secret.random(KEY_BYTES).reveal().hex().encode() + b"\n"
    return head + _check(head) + b"\n"


def parse_key_file(content: bytes) -> Secret:
    """Return the 32 bytes of a key file.

    Line ends of Windows and blanks at the end are allowed, because file transfers add them.

    Raises:
        KeyFileUnusable: If it is no key file; the message repeats nothing of it.
        KeyFileDamaged: If it was one.
        KeyFileTooNew: If a newer program wrote it.
    """
    text = content.replace(b"\r\n", b"\n").rstrip()
    title, _, body = text.partition(b"\n")
    if len(content) > MAX_KEY_FILE or not title.startswith(_TITLE):
        raise KeyFileUnusable(
            "this is not a key file of RoleThread Store",
            hint="Make one with: rolethread slots add key-file PATH",
        )
    number = title.removeprefix(_TITLE)
    if number != b"%d" % _VERSION and re.fullmatch(rb"[1-9][0-9]{0,3}", number):
        raise KeyFileTooNew(
            "the key file has a format that this program does not know",
            hint="Install a newer version of RoleThread Store.",
        )
    found = _BODY.fullmatch(body)
    head = title + b"\n" + body.partition(b"\n")[0] + b"\n"
    if found is None or not hmac.compare_digest(found[2], _check(head)):
        raise KeyFileDamaged(
            "the key file is damaged", hint="Use a copy of it, or open the store another way."
        )
    return Secret(bytes.fromhex(found[1].decode()))


def _check(head: bytes) -> bytes:
    return hashlib.sha256(head).hexdigest()[:_CHECK_DIGITS].encode()
