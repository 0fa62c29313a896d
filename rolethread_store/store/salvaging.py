"""Saving what can still be read of a damaged store into a new one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import ClassVar

from rolethread_store.changelog import DatasetFold, Layer
from rolethread_store.crypto import KdfParams
from rolethread_store.dataset import FileDamage, Reader, Remains
from rolethread_store.errors import Corrupt
from rolethread_store.model import BatchKind, FactPut, Setting
from rolethread_store.store.carrying import SavedDataset, carried
from rolethread_store.store.checking import found_in
from rolethread_store.store.secrets import Secrets, key_path
from rolethread_store.store.store import Store, create_store

__all__ = ["NothingToSalvage", "SalvageReport", "salvage_store"]


class NothingToSalvage(Corrupt):
    """No dataset of the store can be read."""

    code: ClassVar[str] = "store.nothing-to-salvage"


@dataclass(frozen=True, slots=True)
class SalvageReport:
    """What was saved and what was not.

    Attributes:
        path: The new store.
        datasets: What it holds.
        damages: The damaged files of the old one, with the entries that were in them.
        left_out: Changes that could be read and that nothing readable could take.
        unreadable: Changes that could not be read.
        recovery_code: Opens the new store.
    """

    path: Path
    datasets: tuple[SavedDataset, ...]
    damages: tuple[FileDamage, ...]
    left_out: tuple[str, ...]
    unreadable: int
    recovery_code: str


def salvage_store(  # noqa: PLR0913 (each way to open it is one keyword)
    path: str | Path,
    destination: str | Path,
    passphrase: str | None = None,
    *,
    recovery_code: str | None = None,
    key_file: str | Path | None = None,
    keyring: bool = False,
    new_passphrase: str,
    kdf: KdfParams | None = None,
) -> SalvageReport:
    """Write every dataset, as far as it can be read, to a new store.

    Of a damaged segment the row groups around the damage are read; a copy of them lies, sealed,
    beside the destination meanwhile.
    Its versions and working copies go over too. The old store is not changed. The history of
    single changes stays behind, and so do remotes: a remote belongs to one store.

    Raises:
        FolderNotEmpty: the destination is taken.
        NothingToSalvage: no dataset can be read; no store was made.
        Denied: the secret opens no slot of the old store.
    """
    secrets = Secrets(passphrase, recovery_code, key_path(key_file), keyring)
    beside = Path(destination).expanduser().absolute().parent
    copies = beside / f".rolethread-salvage-{token_hex(8)}"
    found = found_in(Path(path).expanduser(), secrets, copies)
    reader = Reader(found.remains)
    try:
        folds = [*found.remains.existing(), *_nameless(found.remains)]
        if not folds:
            raise NothingToSalvage(
                f"no dataset in {path} can be read", hint="restore the store from a remote"
            )
        target = create_store(destination, passphrase=new_passphrase, kdf=kdf)
        saved = _carried(found.remains, reader, folds, target)
        return SalvageReport(
            target.path,
            saved,
            tuple(found.damages),
            tuple(found.remains.left_out),
            found.remains.unreadable,
            target.recovery_code or "",
        )
    finally:
        reader.close()
        found.close()


def _carried(
    remains: Remains, reader: Reader, folds: list[DatasetFold], target: Store
) -> tuple[SavedDataset, ...]:
    """Write everything to a new store and close it; all or nothing."""
    try:
        with target:
            saved = tuple(carried(reader, fold, target) for fold in folds)
            _copy_facts(remains, target)
    except BaseException:
        shutil.rmtree(target.path, ignore_errors=True)
        raise
    return saved


def _nameless(remains: Remains) -> list[DatasetFold]:
    """Return states made of batches whose dataset nothing readable names."""
    folds = []
    for number, batch in enumerate(remains.orphans, start=1):
        fold = DatasetFold(batch.batch_id)
        fold.names.append((0, f"salvaged {number}"))
        fold.layers.append(Layer(0, BatchKind.ENTRIES, batch.batch_id))
        folds.append(fold)
    return folds


def _copy_facts(remains: Remains, target: Store) -> None:
    """Take the registry over; settings are the old store's own."""
    kept = [fact for fact in remains.facts.facts.values() if not isinstance(fact, Setting)]
    if kept:
        puts = [FactPut(fact=fact) for fact in kept]
        target._parts.journal.commit(puts, f"salvage {len(puts)} definitions")
