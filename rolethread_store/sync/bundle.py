"""The key bundle on a remote: public header and key slots in one object.

Fields are specified in ``docs/format.md`` ("On a remote").
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from rolethread_store.sync.chunks import sha256
from rolethread_store.sync.records import FORMAT, Record, damaged, require_known_format

__all__ = ["KeyBundle", "read_bundle"]

_SLOT_NAME = re.compile(r"[0-9a-f]{32}\.slot", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """What is needed before anything can be opened: public header and key slots.

    Attributes:
        store_id: The store.
        header: Bytes of the file ``STORE``.
        slots: Bytes of every key slot by its file name.
    """

    store_id: UUID
    header: bytes
    slots: Mapping[str, bytes]

    def encoded(self) -> bytes:
        """Return the bytes of the object: the same for the same header and slots."""
        slots = {name: base64.b64encode(self.slots[name]).decode() for name in sorted(self.slots)}
        record = {
            "format": FORMAT,
            "header": base64.b64encode(self.header).decode(),
            "slots": slots,
            "store_id": self.store_id.hex,
        }
        return json.dumps(record, separators=(",", ":"), ensure_ascii=True).encode()


class _BundleRecord(Record):
    format: Literal[1]
    header: str
    slots: Mapping[str, str]
    store_id: UUID


def read_bundle(content: bytes, digest: str) -> KeyBundle:
    """Return a key bundle.

    Args:
        content: The object.
        digest: SHA-256 (hex) from its name.

    Raises:
        RemoteDamaged: It is not what was written.
        RemoteTooNew: A newer program wrote it.
    """
    what = f"key bundle {digest[:12]}…"
    if sha256(content) != digest:
        raise damaged(what)
    try:
        require_known_format(content, what)
        record = _BundleRecord.model_validate_json(content)
        slots = {name: base64.b64decode(text, validate=True) for name, text in record.slots.items()}
        header = base64.b64decode(record.header, validate=True)
        if not all(_SLOT_NAME.fullmatch(name) for name in slots):
            raise damaged(what)  # A restore writes files of these names.
    except ValueError as error:
        raise damaged(what) from error
    return KeyBundle(record.store_id, header, slots)
