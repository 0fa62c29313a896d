"""What this device remembers of a remote, so that the remote cannot go back in time.

One small sealed file per remote in the store's ``trust`` folder. It is never pushed: it is
this device's own memory, and its name tells nobody which remote it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from rolethread_store.crypto.aead import derive
from rolethread_store.crypto.envelope import (
    EnvelopeBroken,
    EnvelopeForeignKey,
    Kind,
    open_envelope,
    seal_envelope,
)
from rolethread_store.crypto.keyring import Keyring
from rolethread_store.errors import Corrupt
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import FileMissing
from rolethread_store.storage.layout import Layout
from rolethread_store.sync.records import Seen

__all__ = ["Memory", "TrustBook", "TrustDamaged"]

_NAME_BYTES = 16


class TrustDamaged(Corrupt):
    """The memory of a remote cannot be read."""

    code: ClassVar[str] = "sync.trust-damaged"


class Memory(BaseModel):
    """What is known of one remote.

    Attributes:
        format: Version of this record, 1.
        heads: Newest head of every device that was seen there.
        includes: Heads of other devices whose state this store contains.
        pending: A head that was about to be written when this was saved. A listing that is
            late must not make this device use its number twice.
        doubted: Digests of objects that a verify found missing or damaged; the next push
            does not take them for granted.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1] = 1
    heads: Mapping[UUID, Seen] = {}
    includes: Mapping[UUID, Seen] = {}
    pending: Seen | None = None
    doubted: tuple[str, ...] = ()


class TrustBook:
    """The memories of a store, one per remote.

    Args:
        layout: The store.
        keyring: Its keys.
    """

    def __init__(self, layout: Layout, keyring: Keyring) -> None:
        self._layout = layout
        self._disk = Disk(self._layout.staging)
        self._keyring = keyring

    def load(self, url: str) -> Memory:
        """Return what is known of a remote: nothing at first.

        Raises:
            TrustDamaged: The file is not what this device wrote.
        """
        path = self._path(url)
        try:
            sealed = self._disk.read(path)
        except FileMissing:
            return Memory()
        try:
            plain = open_envelope(self._keyring.trust_key, Kind.TRUST, sealed, self._context(path))
            return Memory.model_validate_json(plain)
        except (EnvelopeBroken, EnvelopeForeignKey, ValidationError) as error:
            raise TrustDamaged(
                f"{path} is damaged; what this device knew of {url} is lost",
                hint="Run verify on another device if you have one, then delete this file.",
            ) from error

    def save(self, url: str, memory: Memory) -> None:
        """Replace what is known of a remote, durably.

        Raises:
            DiskFull: No space is left.
            DiskFailed: The disk failed.
            ReadOnly: The store lies where nothing can be written.
        """
        path = self._path(url)
        plain = memory.model_dump_json().encode()
        sealed = seal_envelope(self._keyring.trust_key, Kind.TRUST, plain, self._context(path))
        self._disk.replace(path, sealed)

    def _path(self, url: str) -> Path:
        # An address is easily guessed, so a plain digest of it would give it away.
        name = derive(self._keyring.trust_key, "trust-name", url.encode(), _NAME_BYTES)
        return self._layout.trust / f"{name.reveal().hex()}.trust"

    def _context(self, path: Path) -> bytes:
        return self._keyring.store_id.bytes + path.name.encode()
