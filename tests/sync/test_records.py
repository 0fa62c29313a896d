from __future__ import annotations

import base64
import json
import zlib
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolethread_store.crypto.envelope import Kind, seal_envelope
from rolethread_store.crypto.keyring import Keyring
from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import StoreError
from rolethread_store.sync.bundle import KeyBundle, read_bundle
from rolethread_store.sync.chunks import sha256
from rolethread_store.sync.failures import RemoteDamaged, RemoteForeign
from rolethread_store.sync.local import is_store_file
from rolethread_store.sync.records import (
    Head,
    HeadName,
    Part,
    RemoteFile,
    RemoteTooNew,
    Seen,
    open_head,
    parse_head_name,
    seal_head,
)

STORE = UUID(int=1)
DEVICE = UUID(int=2)
DIGEST = "ab" * 32


def keyring(fill: bytes = b"k") -> Keyring:
    return Keyring(Secret(fill * 32), STORE)


def head(seq: int = 4) -> Head:
    part = Part(sha256=DIGEST, size=5)
    return Head(
        store_id=STORE,
        device=DEVICE,
        seq=seq,
        previous=DIGEST,
        generation=3,
        keys=part,
        files=(RemoteFile(path="log/x", size=5, parts=(part,)),),
        objects=1,
        bytes=5,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        seen={UUID(int=9): Seen(seq=2, sha256=DIGEST)},
        includes={},
    )


def sealed_json(record: object, seq: int = 4) -> tuple[bytes, HeadName]:
    context = STORE.bytes + DEVICE.bytes + seq.to_bytes(8, "big")
    content = zlib.compress(json.dumps(record).encode())
    sealed = seal_envelope(keyring().head_key, Kind.HEAD, content, context)
    return sealed, HeadName(DEVICE, seq, sha256(sealed))


def test_a_head_comes_back() -> None:
    sealed = seal_head(head(), keyring())
    name = HeadName(DEVICE, 4, sha256(sealed))
    assert open_head(sealed, name, keyring()) == head()
    assert parse_head_name(name.name) == name


def test_a_head_of_another_place_or_store_is_refused() -> None:
    sealed = seal_head(head(), keyring())
    name = HeadName(DEVICE, 4, sha256(sealed))
    with pytest.raises(RemoteForeign):
        open_head(sealed, name, keyring(b"o"))
    with pytest.raises(RemoteForeign):
        open_head(sealed, name._replace(seq=5), keyring())
    with pytest.raises(RemoteForeign):
        open_head(sealed, name._replace(device=STORE), keyring())


def test_a_newer_head_is_told_from_a_broken_one() -> None:
    with pytest.raises(RemoteTooNew):
        open_head(*sealed_json({"format": 2, "anything": True}), keyring())
    records: list[object] = [{"format": 1}, {}, [], 7, {"format": "1"}]
    for broken in records:
        with pytest.raises(RemoteDamaged):
            open_head(*sealed_json(broken), keyring())
    record = json.loads(head().model_dump_json())
    with pytest.raises(RemoteDamaged):
        open_head(*sealed_json({**record, "seq": 5}), keyring())
    assert open_head(*sealed_json({**record, "added_later": 1}), keyring()) == head()


@given(st.binary(max_size=300))
def test_noise_is_never_a_head_or_a_bundle(noise: bytes) -> None:
    with pytest.raises(StoreError):
        open_head(noise, HeadName(DEVICE, 1, sha256(noise)), keyring())
    with pytest.raises(RemoteDamaged):
        read_bundle(noise, sha256(noise))


slot_names = st.from_regex(r"\A[0-9a-f]{32}\.slot\Z")


@given(st.dictionaries(slot_names, st.binary(max_size=99), max_size=3))
def test_a_bundle_comes_back_and_has_one_spelling(slots: dict[str, bytes]) -> None:
    bundle = KeyBundle(STORE, b"header", slots)
    content = bundle.encoded()
    assert read_bundle(content, sha256(content)) == bundle
    turned = KeyBundle(STORE, b"header", dict(reversed(slots.items())))
    assert turned.encoded() == content


@pytest.mark.parametrize(
    "name", ["../" + "a" * 32 + ".slot", "a" * 32 + ".slot\n", "STORE", "x/" + "a" * 32 + ".slot"]
)
def test_a_bundle_cannot_name_other_files(name: str) -> None:
    record = {
        "format": 1,
        "store_id": STORE.hex,
        "header": "",
        "slots": {name: base64.b64encode(b"x").decode()},
    }
    content = json.dumps(record).encode()
    with pytest.raises(RemoteDamaged):
        read_bundle(content, sha256(content))


def test_a_newer_bundle_is_told_from_a_broken_one() -> None:
    content = json.dumps({"format": 2}).encode()
    with pytest.raises(RemoteTooNew):
        read_bundle(content, sha256(content))


@pytest.mark.parametrize(
    "path",
    [
        "STORE",
        "keys/" + "a" * 32 + ".slot",
        "log/../STORE",
        "/log/00000000-" + "a" * 32 + ".log",
        "segments/../../" + "a" * 32 + "-0000.parquet",
        "segments/" + "a" * 32 + "-0000.parquet/",
        "trust/" + "a" * 32 + ".trust",
        "",
    ],
)
def test_a_head_cannot_name_files_outside_its_folders(path: str) -> None:
    assert not is_store_file(path)


def test_the_files_of_a_store_may_be_named() -> None:
    assert is_store_file("log/00000000-" + "a" * 32 + ".log")
    assert is_store_file("segments/" + "a" * 32 + "-0000.parquet")
    assert is_store_file("manifests/" + "0" * 16 + ".manifest")
