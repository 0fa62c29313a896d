"""Character cards in PNG pictures: JSON in base64 in a text chunk.

``ccv3`` is preferred to ``chara``: programs that write it write both. Nothing of the picture
is decoded, and no chunk of more than 64 MiB, packed or not, is looked at.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from base64 import b64decode
from collections.abc import Iterator

from rolethread_store.formats.adapters import JsonObject
from rolethread_store.formats.documents.document import Document, DocumentKind
from rolethread_store.formats.documents.strict import TextOdd, parsed_object, whole_text

__all__ = ["KIND"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORDS = (b"ccv3", b"chara")
_LARGEST = 64 << 20


def _recognise(head: bytes, name: str) -> str | None:
    return "a PNG picture" if head.startswith(_SIGNATURE) else None


def _read(data: bytes) -> Iterator[Document]:
    try:
        record = _card(data)
    except TextOdd as odd:
        yield Document(0, data, None, str(odd))
    else:
        yield Document(0, data, record)


def _card(data: bytes) -> JsonObject:
    texts: dict[bytes, bytes] = {}
    faults: list[str] = []
    for kind, body in _chunks(data, faults):
        keyword, found, rest = body.partition(b"\0")
        keyword = keyword.lower()
        if not found or keyword not in _KEYWORDS or keyword in texts:
            continue
        try:
            texts[keyword] = _text(kind, rest)
        except TextOdd as odd:
            faults.append(f"chunk {keyword.decode()}: {odd}")
    for keyword in _KEYWORDS:
        if keyword in texts:
            try:
                return parsed_object(_decoded(texts[keyword]))
            except TextOdd as odd:
                faults.append(f"chunk {keyword.decode()}: {odd}")
    if faults:
        raise TextOdd("the picture's card cannot be read: " + "; ".join(faults))
    raise TextOdd("a picture without a character card: it has no chara or ccv3 chunk")


def _chunks(data: bytes, faults: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """Give the text chunks that are whole, and tell of those that are not."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        begin, end = at + 8, at + 8 + size
        if end + 4 > len(data):
            break
        if kind == b"IEND":
            return
        at = end + 4
        if kind not in (b"tEXt", b"zTXt", b"iTXt"):
            continue
        if size > _LARGEST:
            faults.append(f"a text chunk of {size:,} bytes is too large")
        elif zlib.crc32(data[begin - 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            faults.append("a text chunk is damaged: its checksum differs")
        else:
            yield kind, data[begin:end]
    faults.append("the picture ends in the middle")


def _text(kind: bytes, rest: bytes) -> bytes:
    """Return what a text chunk says behind its keyword."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _unpacked(rest[1:])
    if len(rest) < 2:
        raise TextOdd("too short")
    packed = rest[0] == 1
    _, _, text = rest[2:].partition(b"\0")[2].partition(b"\0")
    return _unpacked(text) if packed else text


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, _LARGEST)
    except zlib.error:
        raise TextOdd("it cannot be unpacked") from None
    if unpacking.unconsumed_tail:
        raise TextOdd("it is too large when unpacked")
    if not unpacking.eof:
        raise TextOdd("it ends in the middle")
    return text


def _decoded(text: bytes) -> str:
    # Some tools leave base64 out where the chunk may hold any text.
    if text.lstrip().startswith(b"{"):
        return whole_text(text)
    compact = b"".join(text.split())
    try:
        raw = b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        raise TextOdd("not base64") from None
    return whole_text(raw)


KIND = DocumentKind(
    name="png-card",
    title="Character card in a PNG picture",
    recognise=_recognise,
    read=_read,
)
