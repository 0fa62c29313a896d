"""The key slots of an open store: list, add, remove, change the passphrase.

A change of slots is a change of files in one folder, never of the data. What is new is
durable and read back before anything old goes, so a crash leaves more ways in, not fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from rolethread_store.crypto import (
    MAX_KEY_FILE,
    KdfParams,
    SlotIdentity,
    SlotKind,
    calibrated,
    make_key_slot,
    make_passphrase_slot,
    make_recovery_slot,
    new_code,
    new_key_file,
    parse_key_file,
)
from rolethread_store.dataset import Journal
from rolethread_store.errors import (
    Conflict,
    InvalidInput,
    StoreError,
    Unavailable,
    Unsupported,
)
from rolethread_store.storage import FileMissing, SystemKeyring, read_key_file, write_key_file
from rolethread_store.store.secrets import Secrets, keyring_name, kind_name, root_key, slot_bytes
from rolethread_store.store.slot_list import (
    SlotAmbiguous,
    SlotInfo,
    described,
    listed,
    named,
)

__all__ = [
    "KeyFileInsideStore",
    "NewSlot",
    "NewSlotIncomplete",
    "SlotBook",
    "SlotKindUnknown",
    "SlotNeeded",
    "TooManySlots",
]

_MOST_SLOTS = 32


class SlotNeeded(Conflict):
    """Without this slot, nothing would be left that is proven to open the store."""

    code: ClassVar[str] = "store.slot-needed"


class SlotKindUnknown(InvalidInput):
    """There is no such kind of key slot, or it lacks what it opens with."""

    code: ClassVar[str] = "store.slot-kind-unknown"


class TooManySlots(Conflict):
    """The store has as many key slots as it may."""

    code: ClassVar[str] = "store.too-many-slots"


class KeyFileInsideStore(InvalidInput):
    """A key file in the store's own folder would travel with every copy of it."""

    code: ClassVar[str] = "store.key-file-inside"


class NewSlotIncomplete(Unavailable):
    """A key slot that was just written does not come back as it was; it was taken away."""

    code: ClassVar[str] = "store.new-slot-incomplete"


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A key slot that was made.

    Attributes:
        slot: The slot.
        recovery_code: The code that opens it, shown only now; of that kind only.
    """

    slot: SlotInfo
    recovery_code: str | None = field(default=None, repr=False)


class SlotBook:
    """The key slots of one open store.

    Args:
        journal: The store, whose writer lock a change takes.
        opened_with: The slot that the caller's secret has opened.
    """

    def __init__(self, journal: Journal, opened_with: UUID | None) -> None:
        self._journal = journal
        self._opened_with = opened_with
        # Slots that opened in this session, or were made in it and read back.
        self._proven = set() if opened_with is None else {opened_with}

    def listed(self) -> list[SlotInfo]:
        """Return every slot, oldest first, damaged ones too."""
        return listed(self._read(), self._opened_with)

    def add_passphrase(
        self, passphrase: str, label: str | None, kdf: KdfParams | None = None
    ) -> NewSlot:
        """Make a slot that opens with a passphrase; takes the derivation's time."""
        identity = self._begin(label or "passphrase")
        root = self._journal.keyring.root
        blob = make_passphrase_slot(root, passphrase, kdf or calibrated(), identity)
        return self._published(identity.slot_id, blob)

    def add_recovery_code(self, label: str | None) -> NewSlot:
        """Make a slot that opens with a fresh recovery code."""
        identity = self._begin(label or "recovery code")
        code = new_code()
        blob = make_recovery_slot(self._journal.keyring.root, code, identity)
        return NewSlot(self._published(identity.slot_id, blob).slot, code)

    def add_key_file(self, path: Path, label: str | None) -> NewSlot:
        """Make a slot that opens with a key file, and the file if it is not there.

        Raises:
            KeyFileInsideStore: the path lies in the store.
            KeyFileUnusable: what is there is no key file; it is left as it is.
            KeyFileExposed: other users can read it.
        """
        path = path.expanduser().absolute()
        if path.resolve().is_relative_to(self._journal.layout.root.resolve()):
            raise KeyFileInsideStore(
                f"{path} lies in the store's own folder",
                hint="choose another disk, a stick or at least another folder",
            )
        identity = self._begin(label or "key file")
        try:
            content, fresh = read_key_file(path, MAX_KEY_FILE), False
        except FileMissing:
            content, fresh = new_key_file(), True
        key = parse_key_file(content)
        root = self._journal.keyring.root
        blob = make_key_slot(root, key, SlotKind.KEY_FILE, identity)
        if fresh:
            write_key_file(path, content)
        with _undoing(lambda: path.unlink(missing_ok=True), when=fresh):
            return self._published(identity.slot_id, blob)

    def add_keyring(self, label: str | None) -> NewSlot:
        """Make a slot that opens with a key in the operating system's keyring.

        Raises:
            SystemKeyringMissing: the extra is not installed.
            SystemKeyringUnavailable: there is no keyring here, or it refused.
        """
        system = SystemKeyring()
        identity = self._begin(label or "keyring")
        name = keyring_name(identity.store_id, identity.slot_id)
        key = self._journal.keyring.new_data_key()
        blob = make_key_slot(self._journal.keyring.root, key, SlotKind.KEYRING, identity)
        system.put(name, key.reveal().hex())
        with _undoing(lambda: system.remove(name)):
            return self._published(identity.slot_id, blob)

    def remove(self, name: UUID | str) -> SlotInfo:
        """Take a slot away, by its id, its label or its kind.

        Raises:
            SlotMissing: there is none.
            SlotAmbiguous: the name means several.
            SlotNeeded: nothing proven would be left.
        """
        self._journal.begin_write()
        slots = self._read()
        wanted = named(listed(slots, self._opened_with), name)
        left = {key: blob for key, blob in slots.items() if key != wanted.slot_id}
        if not any(one.slot_id in self._proven for one in _usable(listed(left, None))):
            raise SlotNeeded(
                "the store is open by this slot; no other is proven to work"
                if wanted.slot_id == self._opened_with
                else "no other slot is proven to work",
                hint="open the store with another slot's secret, then remove this one",
            )
        self._take_away(wanted.slot_id)
        if wanted.kind == kind_name(SlotKind.KEYRING):
            # The slot is gone; a key that stays behind in some keyring opens nothing here.
            with suppress(Unavailable, Unsupported):
                SystemKeyring().remove(keyring_name(self._journal.keyring.store_id, wanted.slot_id))
        return wanted

    def change_passphrase(
        self, new: str, old: str | None = None, kdf: KdfParams | None = None
    ) -> SlotInfo:
        """Put a new passphrase in place of an old one; interrupted, both work.

        Args:
            new: The new passphrase.
            old: The one to replace; not needed if the store is open by it, or has only one.
            kdf: How it is stretched; calibrated by default.

        Raises:
            WrongPassphrase: ``old`` opens no slot.
            SlotAmbiguous: it is not clear which passphrase is meant.
        """
        self._journal.begin_write()
        replaced = self._replaced(old)
        made = self.add_passphrase(new, None if replaced is None else replaced.label, kdf).slot
        if replaced is not None:
            with _undoing(lambda: self._take_away(made.slot_id)):
                self._take_away(replaced.slot_id)
            if replaced.slot_id == self._opened_with:
                self._opened_with = made.slot_id
        return made

    def _replaced(self, old: str | None) -> SlotInfo | None:
        slots = self._read()
        infos = _usable(listed(slots, self._opened_with))
        passphrases = [one for one in infos if one.kind == kind_name(SlotKind.PASSPHRASE)]
        if old is not None:
            blobs = [slots[one.slot_id] for one in passphrases]
            store_id = self._journal.keyring.store_id
            slot_id, root = root_key(blobs, store_id, Secrets(passphrase=old))
            root.wipe()
            return next(one for one in passphrases if one.slot_id == slot_id)
        using = [one for one in passphrases if one.in_use]
        if using or len(passphrases) <= 1:
            return next(iter(using or passphrases), None)
        raise SlotAmbiguous(
            f"the store has {len(passphrases)} passphrases, and is not open by one of them",
            hint="open it with the one to change, or add a new one and remove the others",
        )

    def _begin(self, label: str) -> SlotIdentity:
        """Become the writer and name a new slot."""
        self._journal.begin_write()
        if len(self._read()) >= _MOST_SLOTS:
            raise TooManySlots(
                f"the store has {_MOST_SLOTS} key slots", hint="remove one that nobody needs"
            )
        clock = self._journal.clock
        return SlotIdentity(clock.new_id(), self._journal.keyring.store_id, clock.now(), label)

    def _published(self, slot_id: UUID, blob: bytes) -> NewSlot:
        """Write a slot and read it back, or leave nothing of it."""
        disk, path = self._journal.disk, self._journal.layout.slot(slot_id)
        with _undoing(lambda: disk.remove(path)):
            disk.put_new(path, blob)
            if disk.read(path) != blob:
                raise NewSlotIncomplete(
                    "the new key slot does not read back as it was written",
                    hint="check the disk, then try again",
                )
        self._proven.add(slot_id)
        return NewSlot(described(slot_id, blob, self._opened_with))

    def _take_away(self, slot_id: UUID) -> None:
        layout, disk = self._journal.layout, self._journal.disk
        path = layout.slot(slot_id)
        blob = disk.read(path)
        disk.remove(path)
        # Refused, it must still open the store: whoever was refused still counts on it.
        with _undoing(lambda: disk.put_new(path, blob)):
            disk.sync_folder(layout.keys)
        self._proven.discard(slot_id)

    def _read(self) -> Mapping[UUID, bytes]:
        return slot_bytes(self._journal.layout, self._journal.disk)


def _usable(infos: list[SlotInfo]) -> list[SlotInfo]:
    return [one for one in infos if one.problem is None]


@contextmanager
def _undoing(undo: Callable[[], object], *, when: bool = True) -> Iterator[None]:
    """Take back what was prepared for a step if the step fails."""
    try:
        yield
    except BaseException:
        if when:
            with suppress(StoreError, OSError):
                undo()
        raise
