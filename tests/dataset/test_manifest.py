"""Header and manifest: strict, versioned, published once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from uuid import UUID

import pytest

from rolethread_store.crypto import Keyring, Secret
from rolethread_store.dataset import (
    HeaderDamaged,
    Manifest,
    ManifestMissing,
    StoreHeader,
    StoreTooNew,
    load_manifest,
    newest_generation,
    publish_manifest,
)
from rolethread_store.errors import Conflict, Corrupt
from rolethread_store.storage import Disk, Layout

STORE = UUID(int=5)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    for folder in made.folders:
        folder.mkdir(parents=True, exist_ok=True)
    return made


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(Secret(bytes(32)), STORE)


def manifest(generation: int, store: UUID = STORE) -> Manifest:
    return Manifest(store_id=store, generation=generation, parent=None, header_tag="00")


def test_a_header_says_what_anybody_may_know() -> None:
    header = StoreHeader(STORE)
    assert StoreHeader.decode(header.encode()) == header
    assert json.loads(header.encode().splitlines()[0])["store_id"] == STORE.hex


def test_every_changed_byte_of_a_header_is_noticed() -> None:
    content = StoreHeader(STORE).encode()
    for place in range(len(content)):
        for other in (content[place] ^ 1, content[place] ^ 0x20, 0):
            changed = content[:place] + bytes([other]) + content[place + 1 :]
            if changed != content:
                with pytest.raises(HeaderDamaged):
                    StoreHeader.decode(changed)
    for shorter in (b"", content[:-1], content[:20], content + b"\n"):
        with pytest.raises(HeaderDamaged):
            StoreHeader.decode(shorter)


def with_checksum(line: bytes) -> bytes:
    return line + b"\n" + hashlib.sha256(line + b"\n").hexdigest().encode() + b"\n"


@pytest.mark.parametrize("fields", [b"[]", b"null", b"{}", b'{"format":"other"}', b"\xff", b'{"a"'])
def test_a_header_of_another_structure_is_damage(fields: bytes) -> None:
    with pytest.raises(HeaderDamaged):
        StoreHeader.decode(with_checksum(fields))


@pytest.mark.parametrize("header", [StoreHeader(STORE, 2), StoreHeader(STORE, 1, ("sharding",))])
def test_a_later_format_is_not_damage(header: StoreHeader) -> None:
    with pytest.raises(StoreTooNew):
        StoreHeader.decode(header.encode())


def test_the_newest_manifest_counts_and_its_parent_is_kept(
    layout: Layout, keyring: Keyring
) -> None:
    disk = Disk(layout.staging)
    assert newest_generation(layout, disk) == 0
    with pytest.raises(ManifestMissing):
        load_manifest(layout, disk, keyring)
    digests = [publish_manifest(manifest(n), layout, disk, keyring) for n in (1, 2, 3)]
    loaded, digest = load_manifest(layout, disk, keyring)
    assert (loaded.generation, digest) == (3, digests[2])
    assert len(list(layout.manifests.iterdir())) == 2
    with pytest.raises(Conflict):
        publish_manifest(manifest(3), layout, disk, keyring)


def test_a_manifest_of_another_place_does_not_open(layout: Layout, keyring: Keyring) -> None:
    disk = Disk(layout.staging)
    publish_manifest(manifest(1), layout, disk, keyring)
    layout.manifest(1).rename(layout.manifest(2))
    with pytest.raises(Corrupt):
        load_manifest(layout, disk, keyring)
    foreign = Keyring(Secret(b"\x01" * 32), STORE)
    layout.manifest(2).rename(layout.manifest(1))
    with pytest.raises(Corrupt):
        load_manifest(layout, disk, foreign)
