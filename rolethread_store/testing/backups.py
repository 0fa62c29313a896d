"""A fabricated store folder: the files of a store without what is in them.

Backup sync moves sealed bytes and knows nothing of entries, so random bytes in the right
places are all it takes to test it.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import UUID

from rolethread_store.crypto.keyring import Keyring
from rolethread_store.crypto.secret import Secret
from rolethread_store.dataset import StoreHeader
from rolethread_store.errors import Denied
from rolethread_store.storage.layout import Layout
from rolethread_store.sync.local import LocalFiles

__all__ = ["SampleStore"]


@dataclass
class SampleStore:
    """A store folder of random files that can grow.

    Attributes:
        layout: Its paths.
        store_id: Its id.
        device_id: Which device it plays.
        root_key: Its root key; also stands in its slot, so that "unlocking" finds it.
        generation: Of its newest manifest.
        random: Where the bytes come from.
    """

    layout: Layout
    store_id: UUID
    device_id: UUID
    root_key: bytes
    generation: int = 0
    random: random.Random = field(default_factory=random.Random)

    @classmethod
    def create(cls, root: Path, seed: int) -> Self:
        """Make a store with a header, two slots, two segments, a manifest and a log."""
        chance = random.Random(seed)  # noqa: S311 - repeatable, and no secret
        ids = (UUID(int=chance.getrandbits(128)), UUID(int=chance.getrandbits(128)))
        store = cls(Layout(root), *ids, root_key=chance.randbytes(32), random=chance)
        for folder in store.layout.folders:
            folder.mkdir()
        store.layout.header.write_bytes(StoreHeader(store.store_id).encode())
        store.add_slot("passphrase")
        store.add_slot("recovery")
        store.add_segment(70_000)
        store.add_segment(30_000)
        store.publish()
        store.add_log(5_000)
        return store

    @property
    def keyring(self) -> Keyring:
        """A fresh keyring, for its user to wipe."""
        return Keyring(Secret(self.root_key), self.store_id)

    def add_slot(self, secret: str) -> Path:
        """Add a slot that this secret "opens"."""
        path = self.layout.slot(self._new_id())
        path.write_bytes(secret.encode() + b"|" + self.root_key)
        return path

    def add_segment(self, size: int) -> Path:
        """Add a segment; it belongs to the store from the next manifest on."""
        path = self.layout.segment(self._new_id(), 0)
        path.write_bytes(self.random.randbytes(size))
        return path

    def publish(self) -> Path:
        """Write the manifest of the next generation."""
        self.generation += 1
        path = self.layout.manifest(self.generation)
        path.write_bytes(self.random.randbytes(700))
        return path

    def add_log(self, size: int) -> Path:
        """Start another log file."""
        number = len(list(self.layout.logs.iterdir()))
        path = self.layout.log(number, self._new_id())
        path.write_bytes(self.random.randbytes(size))
        return path

    def grow_log(self, size: int) -> Path:
        """Append to the newest log file."""
        path = max(self.layout.logs.iterdir())
        with path.open("ab") as file:
            file.write(self.random.randbytes(size))
        return path

    def files(self) -> LocalFiles:
        """Return the snapshot that a push is given."""
        segments = sorted(self.layout.segments.iterdir())
        return LocalFiles(
            layout=self.layout,
            store_id=self.store_id,
            device_id=self.device_id,
            generation=self.generation,
            segments=tuple(
                (path, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in segments
            ),
            manifest=self.layout.manifest(self.generation),
            header=self.layout.header,
            slots=tuple(sorted(self.layout.keys.iterdir())),
            logs=tuple((path, path.stat().st_size) for path in sorted(self.layout.logs.iterdir())),
        )

    def unlocker(self, secret: str = "passphrase") -> _Unlocker:  # noqa: S107 - a word, no secret
        """Return what a restore is given for a user who knows ``secret``."""
        return _Unlocker(secret, self.store_id)

    def at(self, root: Path, device_id: UUID) -> SampleStore:
        """Return the same store in another folder, as another device."""
        return SampleStore(
            Layout(root), self.store_id, device_id, self.root_key, self.generation, self.random
        )

    def contents(self) -> dict[str, bytes]:
        """Return the files that a backup holds, by their paths."""
        wanted = [
            self.layout.header,
            max(self.layout.manifests.iterdir()),
            *self.layout.keys.iterdir(),
            *self.layout.segments.iterdir(),
            *self.layout.logs.iterdir(),
        ]
        return {path.relative_to(self.layout.root).as_posix(): path.read_bytes() for path in wanted}

    def _new_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))


@dataclass(frozen=True)
class _Unlocker:
    """Opens fabricated slots."""

    secret: str
    store_id: UUID

    def __call__(self, slots: list[bytes], header: bytes) -> Keyring:
        """Return the keyring of the first slot that the secret opens.

        Raises:
            Denied: It opens none.
        """
        known = StoreHeader(self.store_id)
        for slot in slots:
            secret, _, root_key = slot.partition(b"|")
            if secret == self.secret.encode() and StoreHeader.decode(header) == known:
                return Keyring(Secret(root_key), self.store_id)
        raise Denied("this secret opens no slot")
