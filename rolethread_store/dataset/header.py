"""The public header: the only readable file of a store.

Two lines of UTF-8: a JSON object, then the SHA-256 (hex) of the first line with its line
feed. The checksum finds accidents before any secret is asked for; against intent, every
manifest carries the header's HMAC (``Keyring.header_tag``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rolethread_store.errors import Corrupt, Unsupported
from rolethread_store.storage import Layout

__all__ = ["FORMAT_VERSION", "HeaderDamaged", "StoreHeader", "StoreTooNew"]

FORMAT_VERSION = 1
_FORMAT = "rolethread-store"


class HeaderDamaged(Corrupt):
    """The file ``STORE`` is not what was written."""

    code: ClassVar[str] = "dataset.header-damaged"


class StoreTooNew(Unsupported):
    """The store was written by a later version of the program."""

    code: ClassVar[str] = "dataset.store-too-new"


@dataclass(frozen=True, slots=True)
class StoreHeader:
    """What anybody may know of a store.

    Attributes:
        store_id: Random identity of the store.
        version: Format version.
        features: Features a reader must know, beyond those of the version.
        tree: Folder that holds everything sealed; empty for the store's own. To put this
            file in place of another is how one whole tree takes the place of another.
    """

    store_id: UUID
    version: int = FORMAT_VERSION
    features: tuple[str, ...] = ()
    tree: str = ""

    def encode(self) -> bytes:
        """Return the file's bytes."""
        fields: dict[str, object] = {
            "format": _FORMAT,
            "version": self.version,
            "store_id": self.store_id.hex,
            "features": list(self.features),
        }
        if self.tree:
            fields["tree"] = self.tree
        line = json.dumps(fields, separators=(",", ":"), sort_keys=True).encode() + b"\n"
        return line + hashlib.sha256(line).hexdigest().encode() + b"\n"

    @classmethod
    def decode(cls, content: bytes) -> StoreHeader:
        """Read the file's bytes.

        Raises:
            HeaderDamaged: a byte differs from what was written.
            StoreTooNew: a later format, or a feature this program does not know.
        """
        line, _, checksum = content.partition(b"\n")
        expected = hashlib.sha256(line + b"\n").hexdigest().encode() + b"\n"
        if checksum != expected:
            raise HeaderDamaged(
                "the file STORE is damaged", hint="restore it from a remote, or from a copy"
            )
        try:
            fields = json.loads(line)
            if fields["format"] != _FORMAT:
                raise HeaderDamaged("the file STORE does not belong to a RoleThread store")
            header = cls(
                UUID(hex=fields["store_id"]),
                int(fields["version"]),
                tuple(fields["features"]),
                fields.get("tree", ""),
            )
        except (ValueError, KeyError, TypeError):
            raise HeaderDamaged("the file STORE has an unknown structure") from None
        header.require_known()
        # A path that leads elsewhere must not be followed; the tag is only checked later.
        if header.tree != "" and not (isinstance(header.tree, str) and Layout.is_tree(header.tree)):
            raise HeaderDamaged("the file STORE names a folder that cannot be a tree")
        return header

    def require_known(self) -> None:
        """Refuse a format this program cannot read.

        Raises:
            StoreTooNew: a later format, or a feature this program does not know.
        """
        if self.version != FORMAT_VERSION or self.features:
            raise StoreTooNew(
                f"this store has format {self.version} (features: "
                f"{', '.join(map(str, self.features)) or 'none'}); "
                f"this program reads format {FORMAT_VERSION}",
                hint="install a newer rolethread-store",
            )
