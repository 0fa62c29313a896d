"""Make the store that the other benchmarks read, and lend copies that they may change."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rolethread_store
from benchmarks.generate import ensure_source
from benchmarks.setting import DATASET, PASSPHRASE, Setting
from rolethread_store.crypto import floor_params
from rolethread_store.store import Store

__all__ = ["ensure_store", "lent_store", "main", "new_store", "open_store"]


def new_store(path: Path) -> Store:
    """Make an empty store; the key derivation is the cheapest allowed, for no bar is about it."""
    return rolethread_store.create(path, passphrase=PASSPHRASE, kdf=floor_params())


def open_store(path: Path) -> Store:
    """Open a store of these benchmarks."""
    return rolethread_store.open(path, PASSPHRASE)


def ensure_store(setting: Setting) -> Path:
    """Return the store with the data set imported, made now if it is not there."""
    if setting.store.exists():
        return setting.store
    source = ensure_source(setting)
    with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
        staged = Path(folder) / "store"
        with new_store(staged) as store:
            report = store.dataset(DATASET).import_file(source)
        assert report.entries == setting.entries, report
        setting.plain.unlink(missing_ok=True)
        staged.rename(setting.store)
    print(f"imported {report.entries:,} entries in {report.seconds:.1f} s")
    return setting.store


@contextmanager
def lent_store(setting: Setting) -> Iterator[Path]:
    """Lend a copy that may be changed; segments never change and are linked, not copied."""
    original = ensure_store(setting)
    with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
        copy = Path(folder) / "store"
        shutil.copytree(original, copy, copy_function=_linked_or_copied)
        # What the copy left to write must not be charged to the first measurement.
        os.sync()
        yield copy


def _linked_or_copied(source: str, target: str) -> str:
    if Path(source).parent.name == "segments":
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def main() -> int:
    """Make the store anew, as after a change of the format."""
    setting = Setting.from_command_line(__doc__)
    shutil.rmtree(setting.store, ignore_errors=True)
    ensure_store(setting)
    return 0


if __name__ == "__main__":
    sys.exit(main())
