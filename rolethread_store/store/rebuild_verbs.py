"""The verbs of an open store about its files as a whole: new keys, less history, no garbage."""

from __future__ import annotations

from rolethread_store.crypto import KdfParams
from rolethread_store.model import ProgressListener, unheard
from rolethread_store.store import keeping, rekeying
from rolethread_store.store.keeping import KeepReport
from rolethread_store.store.parts import Parts
from rolethread_store.store.rekeying import RekeyReport
from rolethread_store.store.slots import SlotBook

__all__ = ["RebuildVerbs"]


class RebuildVerbs:
    """What :class:`~rolethread_store.store.Store` does with its tree as a whole."""

    _parts: Parts
    _slots: SlotBook

    def rekey(
        self,
        passphrase: str,
        *,
        kdf: KdfParams | None = None,
        progress: ProgressListener = unheard,
    ) -> RekeyReport:
        """Give everything new keys, and the store one passphrase and one recovery code.

        Copies made before still open with the old key, and each remote needs a new folder.
        One that was interrupted goes on where it stopped.

        Raises:
            RebuildRunning: another process does already.
            RekeyPassphrase: an unfinished one was begun with another passphrase.
            Locked: another process writes, at the end; what is done is kept.
            Unavailable: the disk is full; what is done is kept.
        """
        report, slot_id = rekeying.rekey(self._parts, passphrase, progress, kdf)
        self._slots = SlotBook(self._parts.journal, slot_id)
        return report

    def abandon_rekey(self) -> bool:
        """Take away what an unfinished rekey left; return whether there was anything."""
        return rekeying.abandon(self._parts)

    def keep_history(self, limit: str, *, dry_run: bool = False) -> KeepReport:
        """Keep only so much history, now and from now on; no present answer changes.

        What lies beyond can no longer be undone or looked into, and its content is gone
        from disk. Working copies and published versions stay as they are.

        Args:
            limit: ``all``, a time (``30d``, ``12w``, ``6m``, ``1y``) or a size (``500MB``).
            dry_run: Only tell what would go.

        Raises:
            HorizonInvalid: the limit is not understood.
            RekeyUnfinished: a rekey has to be finished or abandoned first.
        """
        return keeping.keep(self._parts, keeping.Horizon.of(limit), dry_run=dry_run)

    @property
    def history_limit(self) -> str:
        """How much history is kept, ``all`` unless the user said otherwise."""
        return keeping.remembered(self._parts).text
