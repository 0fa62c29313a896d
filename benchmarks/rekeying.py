"""New keys for the whole store while edits go on, and a new passphrase.

Everything is read, opened and sealed again under new keys, so the comparison is what it
takes to copy the same bytes durably. No bar names a time for it; a change of the
passphrase alone has one, with the key derivation that ``init`` calibrates.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path

from benchmarks.setting import PASSPHRASE, Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table
from rolethread_store.crypto import calibrated, floor_params
from rolethread_store.store import Store

__all__ = ["main"]

_BAR_PASSPHRASE = 2.0
_NEW = "another passphrase for measurements"


def _copied(path: Path) -> float:
    """Return the seconds a durable copy of the store takes."""
    target = path.with_name("copied")
    started = time.perf_counter()
    shutil.copytree(path, target)
    for file in target.rglob("*"):
        if file.is_file():
            with file.open("rb") as open_file:
                os.fsync(open_file.fileno())
    taken = time.perf_counter() - started
    shutil.rmtree(target)
    return taken


def _edits(store: Store, done: threading.Event, taken: list[float]) -> None:
    """Edit one entry after another until the other thread is done."""
    ids = [row[0] for row in store.sql("SELECT entry_id FROM entries LIMIT 500").fetchall()]
    while not done.wait(0.02):
        started = time.perf_counter()
        store.edit(ids[len(taken) % len(ids)], message=0, content=f"edit {len(taken)}")
        taken.append(time.perf_counter() - started)


def main() -> int:
    """Measure both, the long one first."""
    setting = Setting.from_command_line(__doc__)
    with lent_store(setting) as path:
        copying = _copied(path)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        taken: list[float] = []
        done = threading.Event()
        with open_store(path) as store:
            editor = threading.Thread(target=_edits, args=(store, done, taken))
            editor.start()
            started = time.perf_counter()
            store.rekey(_NEW, kdf=floor_params())
            rekeying = time.perf_counter() - started
            done.set()
            editor.join()
            kdf = calibrated()
            started = time.perf_counter()
            store.change_passphrase(PASSPHRASE, kdf=kdf)
            changing = time.perf_counter() - started
    table(
        ("work", "seconds", "MB/s"),
        [
            ("copy of the store, synced", f"{copying:.2f}", f"{size / copying / 1e6:.0f}"),
            ("rekey", f"{rekeying:.2f}", f"{size / rekeying / 1e6:.0f}"),
            (f"slowest of {len(taken)} edits beside it", f"{max(taken, default=0):.3f}", ""),
            ("change of the passphrase", f"{changing:.2f}", ""),
        ],
    )
    print(f"rekey is {rekeying / copying:.1f}x the copy")
    return 0 if Verdict("passphrase-change", changing, _BAR_PASSPHRASE, "s").tell() else 1


if __name__ == "__main__":
    sys.exit(main())
