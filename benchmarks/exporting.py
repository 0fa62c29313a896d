"""Export of clean JSON Lines against DuckDB's ``COPY … (FORMAT json)`` of the same rows.

Both write the same bytes, DuckDB from plain Parquet of the same rows, each in a fresh
process after what it reads has been read once and everything written before has reached
the disk. Ours also hashes what it writes, syncs it, and writes a manifest.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.child import Measured, run_child
from benchmarks.queries import ensure_plain
from benchmarks.setting import Setting
from benchmarks.stores import ensure_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_RUNS = 3
_BAR = 1.15


def _warm(folder: Path) -> None:
    os.sync()
    for path in [folder, *folder.rglob("*")]:
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(1 << 24):
                    pass


def _measure(setting: Setting, folder: Path) -> dict[str, list[Measured]]:
    kinds = {"ours": ("export_ours", setting.store), "plain": ("export_plain", setting.plain)}
    figures: dict[str, list[Measured]] = {kind: [] for kind in kinds}
    for _ in range(_RUNS):
        sizes = set()
        for kind, (module, given) in kinds.items():
            target = folder / f"{module}.jsonl"
            target.unlink(missing_ok=True)
            _warm(given)
            one = run_child(module, str(given), str(target))
            assert one.entries == setting.entries, one
            figures[kind].append(one)
            sizes.add(target.stat().st_size)
            print(f"  {kind}: {one.seconds:.2f} s, {one.cpu_seconds:.2f} s of processor, "
                  f"{one.peak_mib:.0f} MiB", flush=True)  # fmt: skip
        assert len(sizes) == 1, sizes
    return figures


def main() -> int:
    """Measure in turns, compare medians."""
    setting = Setting.from_command_line(__doc__)
    with open_store(ensure_store(setting)) as store:
        ensure_plain(setting, store)
    with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
        figures = _measure(setting, Path(folder))
    seconds = {kind: statistics.median(one.seconds for one in runs)
               for kind, runs in figures.items()}  # fmt: skip
    rows = [
        (
            kind,
            f"{seconds[kind]:.2f}",
            f"{statistics.median(one.cpu_seconds for one in runs):.2f}",
            f"{max(one.peak_mib for one in runs):.0f}",
        )
        for kind, runs in figures.items()
    ]
    table(("export", "median s", "processor s", "peak MiB"), rows)
    return 0 if Verdict("export", seconds["ours"] / seconds["plain"], _BAR).tell() else 1


if __name__ == "__main__":
    sys.exit(main())
