"""Key slots as they show themselves: read without any secret, found by id, label or kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto import SlotDamaged, SlotHeader, read_slot_header
from rolethread_store.dataset import present_layout
from rolethread_store.errors import Conflict, Corrupt, NotFound, Unsupported
from rolethread_store.storage import Disk
from rolethread_store.store.secrets import kind_name, slot_bytes

__all__ = [
    "SlotAmbiguous",
    "SlotInfo",
    "SlotMissing",
    "described",
    "header_of",
    "listed",
    "named",
    "slots_of",
]

_UNREADABLE = "unreadable"


class SlotMissing(NotFound):
    """The store has no such key slot."""

    code: ClassVar[str] = "store.slot-missing"


class SlotAmbiguous(Conflict):
    """The name means several key slots."""

    code: ClassVar[str] = "store.slot-ambiguous"


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """What a key slot says of itself; readable without any secret, and not proven by one.

    Attributes:
        slot_id: Its identity, and its file's name.
        kind: ``passphrase``, ``recovery-code``, ``key-file``, ``keyring``, or ``unreadable``.
        label: Its name for people.
        created_at: When it was made (UTC).
        in_use: Whether the store is open by it now.
        problem: Why it cannot be used, or ``None``.
    """

    slot_id: UUID
    kind: str
    label: str
    created_at: datetime | None
    in_use: bool = False
    problem: str | None = None


def slots_of(path: str | Path) -> list[SlotInfo]:
    """Return the key slots of a store, oldest first, without opening it.

    Raises:
        FileMissing: there is no store.
    """
    layout = present_layout(Path(path).expanduser().absolute())
    return listed(slot_bytes(layout, Disk(layout.staging)), None)


def listed(slots: Mapping[UUID, bytes], opened_with: UUID | None) -> list[SlotInfo]:
    """Return what slots say of themselves, oldest first; unreadable ones come last."""
    infos = [described(slot_id, blob, opened_with) for slot_id, blob in slots.items()]
    return sorted(infos, key=lambda one: (one.created_at is None, one.created_at, one.slot_id.hex))


def described(slot_id: UUID, blob: bytes, opened_with: UUID | None) -> SlotInfo:
    """Return what one slot says of itself, or why it cannot be read."""
    try:
        header = header_of(slot_id, blob)
    except (Corrupt, Unsupported) as error:
        return SlotInfo(slot_id, _UNREADABLE, "", None, problem=str(error))
    return SlotInfo(
        slot_id, kind_name(header.kind), header.label, header.created_at, slot_id == opened_with
    )


def header_of(slot_id: UUID, blob: bytes) -> SlotHeader:
    """Return a slot's header, which must be that of the slot its file is named after.

    Raises:
        SlotDamaged: it is not a slot as it was written, or lies under another's name.
        SlotTooNew: a newer program wrote it.
        KdfRefused: its key derivation is outside the bounds.
    """
    header = read_slot_header(blob)
    if header.slot_id != slot_id:
        raise SlotDamaged(f"key slot {header.slot_id} lies under the name of another")
    return header


def named(infos: Sequence[SlotInfo], name: UUID | str) -> SlotInfo:
    """Return the slot that is meant by an id, or by a label or kind that only one has.

    Raises:
        SlotMissing: there is none.
        SlotAmbiguous: there are several.
    """
    for name_of in (_id_of, _label_of, _kind_of):
        found = [one for one in infos if name_of(one) == _plain(name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise SlotAmbiguous(
                f"{len(found)} key slots are called “{name}”", hint="name one by its id"
            )
    raise SlotMissing(f"there is no key slot “{name}”", hint="see: rolethread slots list")


def _plain(name: UUID | str) -> str:
    text = name.hex if isinstance(name, UUID) else name
    try:
        return UUID(hex=text).hex
    except ValueError:
        return text


def _id_of(info: SlotInfo) -> str:
    return info.slot_id.hex


def _label_of(info: SlotInfo) -> str:
    return info.label


def _kind_of(info: SlotInfo) -> str:
    return info.kind
