"""The keys of an open store, all derived from its root key.

::

    root key (random, 32 bytes; only in key slots, wrapped)
      ├─ "manifest", "log", "head", "trust", "device", "header"   context: store id (16)
      └─ "data-key-wrap"                     context: store id (16) + batch id (16)
           └─ RFC 3394 wraps one random data key per segment batch: 40 bytes

Data keys are random, not derived: forgetting the wrapped key shreds the batch while the
root key lives on.
"""

from __future__ import annotations

import hmac
from typing import ClassVar
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from rolethread_store.crypto.aead import KEY_BYTES, derive
from rolethread_store.crypto.secret import Secret
from rolethread_store.errors import Corrupt

__all__ = ["DataKeyBroken", "HeaderForged", "Keyring"]

_WRAPPED_BYTES = KEY_BYTES + 8


class DataKeyBroken(Corrupt):
    """A wrapped data key is damaged or belongs to another batch or store."""

    code: ClassVar[str] = "crypto.data-key-broken"


class HeaderForged(Corrupt):
    """The public header is not the one that this store's owner wrote."""

    code: ClassVar[str] = "crypto.header-forged"


class Keyring:
    """Every key of one store, by purpose.

    Args:
        root: The store root key, 32 bytes. The keyring takes it over and wipes it.
        store_id: The store it belongs to.

    Raises:
        ValueError: If the root key is not 32 bytes.
    """

    __slots__ = (
        "_header_key",
        "_root",
        "device_key",
        "head_key",
        "log_key",
        "manifest_key",
        "store_id",
        "trust_key",
    )

    def __init__(self, root: Secret, store_id: UUID) -> None:
        self._root = root
        self.store_id = store_id
        self.manifest_key = derive(root, "manifest", store_id.bytes)
        self.log_key = derive(root, "log", store_id.bytes)
        self.head_key = derive(root, "head", store_id.bytes)
        self.trust_key = derive(root, "trust", store_id.bytes)
        self.device_key = derive(root, "device", store_id.bytes)
        self._header_key = derive(root, "header", store_id.bytes)

    @property
    def root(self) -> Secret:
        """The root key itself, for sealing it into another key slot."""
        return self._root

    def new_data_key(self) -> Secret:
        """Return a fresh random key for one segment batch."""
        return Secret.random(KEY_BYTES)

    def wrap(self, data_key: Secret, batch_id: UUID) -> bytes:
        """Wrap a data key so that it unwraps only for the same batch of this store.

        Returns:
            40 bytes.

        Raises:
            ValueError: If the data key is not 32 bytes.
        """
        if len(data_key) != KEY_BYTES:
            raise ValueError("a data key is exactly 32 bytes")
        return aes_key_wrap(self._wrapping_key(batch_id), data_key.reveal())

    def unwrap(self, wrapped: bytes, batch_id: UUID) -> Secret:
        """Return the data key of a batch.

        Raises:
            DataKeyBroken: If it was damaged, or wrapped for another batch or store.
        """
        if len(wrapped) != _WRAPPED_BYTES:
            raise DataKeyBroken(f"the wrapped key of batch {batch_id} has the wrong length")
        try:
            return Secret(aes_key_unwrap(self._wrapping_key(batch_id), wrapped))
        except InvalidUnwrap as error:
            raise DataKeyBroken(
                f"the wrapped key of batch {batch_id} is damaged or belongs elsewhere"
            ) from error

    def header_tag(self, header: bytes) -> bytes:
        """Return the HMAC-SHA256 of the public header's bytes."""
        return hmac.digest(self._header_key.reveal(), header, "sha256")

    def require_header(self, header: bytes, tag: bytes) -> None:
        """Check a stored tag of the public header, in constant time.

        Raises:
            HeaderForged: If the tag was not made from these bytes by this store.
        """
        if not hmac.compare_digest(self.header_tag(header), tag):
            raise HeaderForged("the public header of the store was changed")

    def wipe(self) -> None:
        """Overwrite every key; the keyring cannot be used afterwards."""
        for secret in (
            self._root,
            self.manifest_key,
            self.log_key,
            self.head_key,
            self.trust_key,
            self.device_key,
            self._header_key,
        ):
            secret.wipe()

    def __repr__(self) -> str:
        """Show nothing of the keys."""
        return "Keyring(***)"

    def _wrapping_key(self, batch_id: UUID) -> bytes:
        context = self.store_id.bytes + batch_id.bytes
        return derive(self._root, "data-key-wrap", context).reveal()
