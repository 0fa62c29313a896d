"""Bytes on disk after a hundred thousand random edits, against a fresh import.

A tenth of the entries asked for, each edited once on average, in blocks of a thousand; no
maintenance command is given, the store looks after itself and is opened anew ten times.
The fresh store is the edited dataset exported and imported again.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from benchmarks.setting import DATASET, Setting
from benchmarks.stores import lent_store, new_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_BLOCK = 1_000
_LIVES = 10
_BAR_LIVE, _BAR_ALL = 1.5, 2.5
_TEXT = "“Again,” she says, and the whole room goes quiet at that one word. " * 3


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _edit(path: Path, edits: int, rng: random.Random) -> None:
    with open_store(path) as store:
        ids = [str(row[0]) for row in store.sql("SELECT entry_id FROM entries").fetchall()]
        for start in range(0, edits, _BLOCK):
            with store.transaction():
                for number in range(start, min(start + _BLOCK, edits)):
                    text = f"{_TEXT}{rng.random()}"
                    store.edit(rng.choice(ids), message=1, content=f"{number} {text}")


def _live_bytes(path: Path) -> int:
    """Return the size of the segments that the present state is read from."""
    with open_store(path) as store:
        return sum(info.bytes for info in store.datasets())


def main() -> int:
    """Edit, then compare the whole folder and the present state with a fresh import."""
    setting = Setting.from_command_line(__doc__)
    small = setting.of_size(max(1_000, setting.entries // 10))
    rng = random.Random(11)
    with lent_store(small) as path, tempfile.TemporaryDirectory(dir=small.folder) as folder:
        for _ in range(_LIVES):
            _edit(path, small.entries // _LIVES, rng)
        exported = Path(folder) / "edited.jsonl"
        with open_store(path) as store:
            store.dataset(DATASET).export(exported)
        with new_store(Path(folder) / "fresh") as fresh:
            fresh.dataset(DATASET).import_file(exported)
        whole, live, base = _bytes(path), _live_bytes(path), _bytes(Path(folder) / "fresh")
    table(
        ("what", "MB"),
        [
            ("fresh import of the edited dataset", f"{base / 1e6:.1f}"),
            ("segments of the present state", f"{live / 1e6:.1f}"),
            ("the whole store with its history", f"{whole / 1e6:.1f}"),
        ],
    )
    held = [
        Verdict("bytes-live", live / base, _BAR_LIVE).tell(),
        Verdict("bytes-with-history", whole / base, _BAR_ALL).tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
