"""The verbs of an open store that concern its key slots."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from rolethread_store.crypto import KdfParams
from rolethread_store.store.secrets import key_path
from rolethread_store.store.slot_list import SlotInfo
from rolethread_store.store.slots import NewSlot, SlotBook, SlotKindUnknown

__all__ = ["SlotVerbs"]


class SlotVerbs:
    """What :class:`~rolethread_store.store.Store` does with key slots."""

    _slots: SlotBook

    def slots(self) -> list[SlotInfo]:
        """Return the key slots, oldest first."""
        return self._slots.listed()

    def add_slot(
        self,
        kind: str,
        *,
        passphrase: str | None = None,
        key_file: str | Path | None = None,
        label: str | None = None,
        kdf: KdfParams | None = None,
    ) -> NewSlot:
        """Make another key slot: one more way to open the store.

        Args:
            kind: ``passphrase``, ``recovery-code``, ``key-file`` or ``keyring``.
            passphrase: For the first.
            key_file: For ``key-file``: where it lies; made if nothing is there.
            label: Its name for people, stored in clear.
            kdf: How the passphrase is stretched; calibrated by default.

        Raises:
            SlotKindUnknown: there is no such kind, or what it needs was not given.
            SystemKeyringMissing: the ``keyring`` extra is not installed.
            InvalidInput: passphrase, key file or label cannot be used.
        """
        book = self._slots
        match kind:
            case "passphrase" if passphrase is not None:
                return book.add_passphrase(passphrase, label, kdf)
            case "recovery-code":
                return book.add_recovery_code(label)
            case "key-file" if (path := key_path(key_file)) is not None:
                return book.add_key_file(path, label)
            case "keyring":
                return book.add_keyring(label)
            case _:
                raise SlotKindUnknown(
                    f"“{kind}” is no kind of key slot, or lacks what it opens with",
                    hint="passphrase, recovery-code, key-file or keyring",
                )

    def remove_slot(self, slot: str | UUID) -> SlotInfo:
        """Take a key slot away: by its id, or a label or kind that only one has.

        Copies of the slot's file that lie elsewhere, on remotes too, still open the store.

        Raises:
            SlotMissing: there is none.
            SlotNeeded: no other is proven to open the store.
        """
        return self._slots.remove(slot)

    def change_passphrase(
        self, new: str, *, old: str | None = None, kdf: KdfParams | None = None
    ) -> SlotInfo:
        """Put a new passphrase in place of the old one; interrupted, both work.

        Args:
            new: The new one.
            old: The one it replaces; needless if the store was opened with it.
            kdf: How it is stretched; calibrated by default.

        Raises:
            WrongPassphrase: ``old`` opens nothing.
            SlotAmbiguous: there are several, and it is not clear which is meant.
        """
        return self._slots.change_passphrase(new, old, kdf)
