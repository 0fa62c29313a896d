"""Cards in pictures and archives, and what was made to harm."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from rolethread_store.formats.documents import Document, charx, png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture(*chunks: tuple[bytes, bytes]) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    image = chunk(b"IDAT", zlib.compress(b"\0\x7f"))
    texts = b"".join(chunk(kind, body) for kind, body in chunks)
    return SIGNATURE + head + image + texts + chunk(b"IEND", b"")


def card(name: str) -> dict[str, Any]:
    return {"spec": "chara_card_v2", "data": {"name": name}}


def coded(value: object) -> bytes:
    return b64encode(json.dumps(value).encode())


def only(found: Iterator[Document]) -> Document:
    (document,) = found
    return document


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"tEXt", b"chara\0" + coded(card("A")))],
        [(b"tEXt", b"chara\0" + coded(card("B"))), (b"tEXt", b"ccv3\0" + coded(card("A")))],
        [(b"tEXt", b"ccv3\0" + coded(card("A"))), (b"tEXt", b"chara\0" + coded(card("B")))],
        [(b"tEXt", b"ccv3\0!broken!"), (b"tEXt", b"chara\0" + coded(card("A")))],
        [(b"zTXt", b"chara\0\0" + zlib.compress(coded(card("A"))))],
        [(b"iTXt", b"Chara\0\0\0\0\0" + coded(card("A")).rstrip(b"="))],
        [(b"iTXt", b"chara\0\1\0en\0key\0" + zlib.compress(json.dumps(card("A")).encode()))],
        [(b"tEXt", b"Software\0x"), (b"tEXt", b"chara\0" + coded(card("A")))],
    ],
    ids=range(8),
)
def test_a_picture_gives_its_card(chunks: list[tuple[bytes, bytes]]) -> None:
    data = picture(*chunks)
    assert only(png.KIND.read(data)) == Document(0, data, card("A"))


BROKEN = picture((b"tEXt", b"chara\0" + coded(card("A")))).replace(coded(card("A"))[:6], b"AAAAAA")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (picture(), "without a character card"),
        (picture((b"tEXt", b"chara\0???")), "not base64"),
        (picture((b"tEXt", b"chara\0" + b64encode(b"{}x"))), "not valid JSON"),
        (picture((b"tEXt", b"chara\0" + b64encode(b'{"a":1,"a":2}'))), "duplicate key"),
        (picture((b"tEXt", b"chara\0" + b64encode(b'{"a":"\\ud83d"}'))), "surrogate"),
        (picture((b"tEXt", b"chara\0" + b64encode(b"\xff\xfe\xfd"))), "text"),
        (picture((b"tEXt", b"chara\0" + coded([1]))), "not a JSON object"),
        (picture((b"zTXt", b"chara\0\0junk")), "cannot be unpacked"),
        (picture((b"zTXt", b"chara\0\0" + zlib.compress(coded(card("A")))[:-9])), "ends in the"),
        (picture()[:40], "ends in the middle"),
        (SIGNATURE, "ends in the middle"),
        (BROKEN, "checksum differs"),
        (picture((b"iTXt", b"chara\0\0")), "too short"),
    ],
    ids=range(13),
)
def test_a_picture_without_a_readable_card_says_why(data: bytes, reason: str) -> None:
    document = only(png.KIND.read(data))
    assert (document.raw, document.record) == (data, None)
    assert reason in (document.fault or "")


def test_no_chunk_grows_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_LARGEST", 1000)
    bomb = zlib.compress(b"A" * 100_000)
    assert "too large when unpacked" in str(
        only(png.KIND.read(picture((b"zTXt", b"chara\0\0" + bomb)))).fault
    )
    large = picture((b"tEXt", b"chara\0" + b"A" * 2000))
    assert "bytes is too large" in str(only(png.KIND.read(large)).fault)


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return written.getvalue()


CARD = json.dumps(card("A")).encode()


@pytest.mark.parametrize("before", [b"", b"\xff\xd8\xff\xe0 a picture"], ids=["bare", "behind"])
def test_an_archive_gives_its_card(before: bytes) -> None:
    data = before + archive(("card.json", CARD), ("assets/icon.png", b"x"))
    assert charx.KIND.recognise(data, "x.zip") is not None
    assert only(charx.KIND.read(data)) == Document(0, data, card("A"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (archive(("other.json", CARD)), "no card.json"),
        (archive(("card.json", CARD), ("../../evil", b"x")), "outside of itself"),
        (archive(("card.json", CARD), ("/etc/evil", b"x")), "outside of itself"),
        (archive(("card.json", CARD), ("a\\..\\evil", b"x")), "outside of itself"),
        (archive(("card.json", CARD), ("C:evil", b"x")), "outside of itself"),
        (archive(("card.json", b"[]")), "not a JSON object"),
        (archive(("card.json", CARD))[:60], "cannot be read"),
        (b"PK\x03\x04", "cannot be read"),
        (archive(("card.json", CARD)).replace(b"\x08\x00", b"\x63\x00"), "cannot be read"),
    ],
    ids=range(9),
)
def test_an_archive_without_a_readable_card_says_why(data: bytes, reason: str) -> None:
    document = only(charx.KIND.read(data))
    assert (document.raw, document.record) == (data, None)
    assert reason in (document.fault or "")


def test_no_member_grows_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charx, "_LARGEST", 1000)
    data = archive(("card.json", b" " * 5000 + CARD))
    assert "too large" in str(only(charx.KIND.read(data)).fault)
    # What the directory says of a size is changed to 100 bytes.
    place = data.index(b"PK\x01\x02") + 24
    lying = data[:place] + struct.pack("<I", 100) + data[place + 4 :]
    document = only(charx.KIND.read(lying))
    assert document.record is None
    monkeypatch.setattr(charx, "_MOST_MEMBERS", 1)
    many = archive(("card.json", CARD), ("b", b""))
    assert "members" in str(only(charx.KIND.read(many)).fault)
