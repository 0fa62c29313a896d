"""Reading a store's state from disk: manifest, log, history and folds that fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from rolethread_store.changelog import History, LogCipher, LogHistory, LogPosition, LogReader
from rolethread_store.crypto import Keyring
from rolethread_store.dataset.manifest import Manifest, load_manifest
from rolethread_store.dataset.records import decoded
from rolethread_store.dataset.states import States
from rolethread_store.errors import Corrupt
from rolethread_store.model import Batch
from rolethread_store.storage import Disk, Layout
from rolethread_store.uncollected import uncollected

__all__ = ["BatchUnknown", "Loaded", "Shelf", "is_still", "load", "read_log"]

_READ_ATTEMPTS = 5


class BatchUnknown(Corrupt):
    """The log names a batch that no manifest knows."""

    code: ClassVar[str] = "dataset.batch-unknown"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a store lies and what opens it."""

    layout: Layout
    disk: Disk
    keyring: Keyring
    cipher: LogCipher


@dataclass(frozen=True, slots=True)
class Loaded:
    """A state as it was read; see :class:`Journal` for its parts."""

    manifest: Manifest
    manifest_digest: str
    batches: dict[UUID, Batch]
    log: LogHistory
    history: History
    states: States


def is_still(shelf: Shelf, log: LogHistory) -> bool:
    """Tell whether nothing was added to a log since it was read; see :meth:`LogReader.is_still`."""
    return LogReader(shelf.layout, shelf.disk, shelf.cipher).is_still(log)


def read_log(shelf: Shelf, manifest: Manifest) -> LogHistory:
    """Return the log, which must hold what the manifest says of it.

    Raises:
        LogDamaged: it does not.
    """
    mark = manifest.log
    marks = () if mark is None else (LogPosition(**mark.model_dump()),)
    return LogReader(shelf.layout, shelf.disk, shelf.cipher).read_all(marks=marks)


@uncollected()
def load(shelf: Shelf, working_copy: str | None) -> Loaded:
    """Return the newest state.

    Raises:
        Corrupt: manifest or log are not what was written.
    """
    for attempt in range(_READ_ATTEMPTS):
        loaded = _once(shelf, working_copy)
        try:
            _require_batches(loaded)
        except BatchUnknown:
            # A writer published and committed between our two readings.
            if attempt == _READ_ATTEMPTS - 1:
                raise
            continue
        break
    return loaded


def _once(shelf: Shelf, working_copy: str | None) -> Loaded:
    manifest, digest = load_manifest(shelf.layout, shelf.disk, shelf.keyring)
    log = read_log(shelf, manifest)
    history = History()
    for item in log.records():
        history.append(decoded(item.body))
    return Loaded(
        manifest=manifest,
        manifest_digest=digest,
        batches={batch.batch_id: batch for batch in manifest.batches},
        log=log.outline(),
        history=history,
        states=States(history, manifest.bases, working_copy),
    )


def _require_batches(loaded: Loaded) -> None:
    for dataset_id in loaded.history.dataset_ids():
        fold = loaded.states.fold(dataset_id)
        for batch_id in fold.batch_ids:
            if batch_id not in loaded.batches:
                raise BatchUnknown(f"no manifest knows batch {batch_id}")
