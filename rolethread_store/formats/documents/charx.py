"""CHARX: a zip archive with a character card in ``card.json``.

Only that member is unpacked, and only as far as it says it is long. An archive that names a
place outside of itself was made to harm, so nothing of it is read.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from rolethread_store.formats.adapters import JsonObject
from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import TextOdd, parsed_object, whole_text

__all__ = ["KIND"]

_CARD = "card.json"
_LARGEST = 64 << 20
_MOST_MEMBERS = 10_000
# As the archive's own lists write it: a local header, 26 bytes in its length and name.
_LOCAL = re.compile(rb"PK\x03\x04.{22}\x09\x00..card\.json", re.DOTALL)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def _recognise(head: bytes, name: str) -> str | None:
    if name.lower().endswith(".charx"):
        return "the ending .charx"
    # Some programs put a picture before the archive.
    if head.startswith((b"PK\x03\x04", b"\xff\xd8\xff")) and _LOCAL.search(head):
        return "an archive with card.json"
    return None


def _read(data: bytes) -> Iterator[Document]:
    try:
        record = _card(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
    else:
        yield Document(0, data, record)


def _card(data: bytes) -> JsonObject:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            text = _member(archive)
    except TextOdd:
        raise
    except _BROKEN as error:
        raise TextOdd(f"the archive cannot be read: {error}") from None
    return parsed_object(whole_text(text))


def _member(archive: zipfile.ZipFile) -> bytes:
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise TextOdd(f"the archive has {len(members):,} members, more than {_MOST_MEMBERS:,}")
    for member in members:
        if _leads_out(member.orig_filename):
            raise TextOdd(f"the archive names a place outside of itself: {member.orig_filename!r}")
    found = next((member for member in members if member.filename == _CARD), None)
    if found is None:
        raise TextOdd("the archive has no card.json")
    if found.file_size > _LARGEST:
        raise TextOdd(f"card.json is too large: {found.file_size:,} bytes")
    with archive.open(found) as member_file:
        # What an archive says of a member's size need not be so.
        text = member_file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise TextOdd("card.json is larger than the archive says")
    return text


def _leads_out(name: str) -> bool:
    steps = re.split(r"[/\\]", name)
    return ".." in steps or steps[0] == "" or re.match(r"[A-Za-z]:", name) is not None


KIND = DocumentKind(
    name="charx",
    title="Character card in a CHARX archive",
    recognise=_recognise,
    read=_read,
)
