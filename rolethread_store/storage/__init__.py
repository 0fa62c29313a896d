"""Named bytes on disk: every path, atomic publication, the append file and the lock.

Knows nothing of encryption or of what the bytes mean.
"""

from rolethread_store.storage.append import AppendFile, AppendRefused
from rolethread_store.storage.digests import TAIL_BYTES, sha256_file, tail_digest
from rolethread_store.storage.disk import Disk
from rolethread_store.storage.failures import (
    AlreadyThere,
    DiskFailed,
    DiskFull,
    FileMissing,
    ReadOnly,
    translated,
)
from rolethread_store.storage.key_files import KeyFileExposed, read_key_file, write_key_file
from rolethread_store.storage.layout import Layout, LogName
from rolethread_store.storage.leases import Lease, others_read
from rolethread_store.storage.leftovers import collect_leftovers, new_spill_folder
from rolethread_store.storage.lock import RebuildRunning, StoreLocked, WriterLock, rebuilding
from rolethread_store.storage.reserve import RESERVE_BYTES, Reserve
from rolethread_store.storage.system_keyring import (
    SystemKeyring,
    SystemKeyringMissing,
    SystemKeyringUnavailable,
)

__all__ = [
    "RESERVE_BYTES",
    "TAIL_BYTES",
    "AlreadyThere",
    "AppendFile",
    "AppendRefused",
    "Disk",
    "DiskFailed",
    "DiskFull",
    "FileMissing",
    "KeyFileExposed",
    "Layout",
    "Lease",
    "LogName",
    "ReadOnly",
    "RebuildRunning",
    "Reserve",
    "StoreLocked",
    "SystemKeyring",
    "SystemKeyringMissing",
    "SystemKeyringUnavailable",
    "WriterLock",
    "collect_leftovers",
    "new_spill_folder",
    "others_read",
    "read_key_file",
    "rebuilding",
    "sha256_file",
    "tail_digest",
    "translated",
    "write_key_file",
]
