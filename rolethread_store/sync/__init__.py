"""Elsewhere: the store's sealed bytes on a remote of the user's choice, and back.

::

    LocalFiles ─ gathered ─ planned ─ push ──►  v1/objects/ab/<sha256>     bytes of the store
                                                v1/keys/<sha256>           header and key slots
                                                v1/heads/<device>/<n>-<sha256>   a whole state
    new folder ◄── restore ── dominating head ◄─┘        verify looks at all of it

No name is ever given to other bytes, nothing is locked and no clock is believed, so a plain
folder serves as well as an object store. Only sealed bytes pass through here; the room
knows nothing of entries.
"""

from rolethread_store.sync.failures import (
    DeviceForked,
    HeadsDiverged,
    LocalFileDamaged,
    RemoteDamaged,
    RemoteEmpty,
    RemoteForeign,
    RemoteObjectExists,
    RemoteObjectMissing,
    RemoteOtherKey,
    RemoteRefused,
    RemoteRolledBack,
    RemoteUnavailable,
)
from rolethread_store.sync.local import LocalFiles
from rolethread_store.sync.push import push
from rolethread_store.sync.records import RemoteTooNew
from rolethread_store.sync.remote import ExtraMissing, Remote, RemoteUrlInvalid
from rolethread_store.sync.reports import PushReport, RestoreReport, VerifyReport
from rolethread_store.sync.restore import DestinationNotEmpty, Unlock, restore
from rolethread_store.sync.trust import TrustDamaged
from rolethread_store.sync.verify import verify

__all__ = [
    "DestinationNotEmpty",
    "DeviceForked",
    "ExtraMissing",
    "HeadsDiverged",
    "LocalFileDamaged",
    "LocalFiles",
    "PushReport",
    "Remote",
    "RemoteDamaged",
    "RemoteEmpty",
    "RemoteForeign",
    "RemoteObjectExists",
    "RemoteObjectMissing",
    "RemoteOtherKey",
    "RemoteRefused",
    "RemoteRolledBack",
    "RemoteTooNew",
    "RemoteUnavailable",
    "RemoteUrlInvalid",
    "RestoreReport",
    "TrustDamaged",
    "Unlock",
    "VerifyReport",
    "push",
    "restore",
    "verify",
]
