"""The secret a caller opens a store with, tried on the store's key slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto import (
    MAX_KEY_FILE,
    MAX_SLOT,
    Secret,
    SlotDamaged,
    SlotHeader,
    SlotKind,
    WrongKeyringKey,
    open_slot,
    parse_key_file,
    read_slot_header,
)
from rolethread_store.errors import Corrupt, Denied, InvalidInput, Unsupported
from rolethread_store.storage import Disk, Layout, SystemKeyring, read_key_file

__all__ = [
    "NoSecret",
    "NoUsableSlot",
    "Secrets",
    "key_path",
    "keyring_name",
    "kind_name",
    "root_key",
    "slot_bytes",
]

_Failure = Denied | Corrupt | Unsupported


class NoSecret(InvalidInput):
    """Nothing that could open the store was given."""

    code: ClassVar[str] = "store.no-secret"


class NoUsableSlot(Corrupt):
    """No key slot of the wanted kind can be read."""

    code: ClassVar[str] = "store.no-usable-slot"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens a store; of several the first in this order counts.

    Attributes:
        passphrase: The passphrase.
        recovery_code: The recovery code.
        key_file: Where the key file lies.
        keyring: Whether to ask the operating system's keyring.
    """

    passphrase: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    key_file: Path | None = None
    keyring: bool = False

    @property
    def kind(self) -> SlotKind:
        """Which slots it opens.

        Raises:
            NoSecret: nothing was given.
        """
        if self.passphrase is not None:
            return SlotKind.PASSPHRASE
        if self.recovery_code is not None:
            return SlotKind.RECOVERY_CODE
        if self.key_file is not None:
            return SlotKind.KEY_FILE
        if self.keyring:
            return SlotKind.KEYRING
        raise NoSecret("a passphrase, a recovery code, a key file or the keyring is needed")


def key_path(key_file: str | Path | None) -> Path | None:
    """Return where a key file lies, as a caller may name it."""
    return None if key_file is None else Path(key_file).expanduser()


def kind_name(kind: SlotKind) -> str:
    """Return a kind as people type it: ``recovery-code``."""
    return kind.name.lower().replace("_", "-")


def keyring_name(store_id: UUID, slot_id: UUID) -> str:
    """Return the name under which the system keyring holds a slot's key."""
    return f"{store_id.hex}/{slot_id.hex}"


def slot_bytes(layout: Layout, disk: Disk) -> dict[UUID, bytes]:
    """Return the bytes of every slot of a store; a file far too long to be one is cut off."""
    found = {}
    for name in disk.list(layout.keys):
        slot_id = layout.slot_of(name)
        if slot_id is not None:
            path = layout.slot(slot_id)
            # Whoever can write the folder must not be able to fill our memory.
            found[slot_id] = disk.read(path) if disk.size(path) <= MAX_SLOT else b""
    return found


def root_key(slots: Sequence[bytes], store_id: UUID, secrets: Secrets) -> tuple[UUID, Secret]:
    """Return the id of the slot that opened, and the store's root key.

    Every slot of the right kind is tried: one that is damaged, forged or newer than this
    program never locks the store while another opens.

    Raises:
        NoSecret: no secret was given.
        WrongPassphrase: it opens no slot; likewise the errors of the other kinds.
        NoUsableSlot: there is no slot of that kind.
    """
    kind = secrets.kind
    failures: list[_Failure] = []
    key = _file_key(secrets) if kind is SlotKind.KEY_FILE else None
    system = SystemKeyring() if kind is SlotKind.KEYRING else None
    for header, slot in _of_kind(slots, kind, failures):
        try:
            return header.slot_id, open_slot(
                slot,
                store_id=store_id,
                passphrase=secrets.passphrase,
                recovery_code=secrets.recovery_code if kind is SlotKind.RECOVERY_CODE else None,
                key=_system_key(system, store_id, header) if system is not None else key,
            )
        except (Denied, Corrupt, Unsupported) as error:
            failures.append(error)
    # A wrong secret is what people can mend at once, so it is told before damage.
    for family in (Denied, Corrupt, Unsupported):
        for failure in failures:
            if isinstance(failure, family):
                raise failure
    raise NoUsableSlot(
        f"the store has no key slot for a {kind_name(kind).replace('-', ' ')}",
        hint="open it another way (see: rolethread slots list), or put back the keys folder",
    )


def _of_kind(
    slots: Sequence[bytes], kind: SlotKind, failures: list[_Failure]
) -> Iterator[tuple[SlotHeader, bytes]]:
    for slot in slots:
        try:
            header = read_slot_header(slot)
        except (Corrupt, Unsupported) as error:
            failures.append(error)
            continue
        if header.kind is kind:
            yield header, slot


def _file_key(secrets: Secrets) -> Secret | None:
    if secrets.key_file is None:
        return None
    return parse_key_file(read_key_file(secrets.key_file, MAX_KEY_FILE))


def _system_key(system: SystemKeyring, store_id: UUID, header: SlotHeader) -> Secret:
    """Return the key that the system keyring holds for a slot.

    Raises:
        WrongKeyringKey: it holds none; a slot made on another machine has none here.
        SystemKeyringUnavailable: it does not answer.
    """
    text = system.get(keyring_name(store_id, header.slot_id))
    if text is None:
        raise WrongKeyringKey(
            "the system keyring holds no key for this store",
            hint="open the store another way, then: rolethread slots add keyring",
        )
    try:
        return Secret(bytes.fromhex(text))
    except ValueError:
        # The original error would carry the text along.
        raise SlotDamaged("the key in the system keyring is damaged") from None
