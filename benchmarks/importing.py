"""Import against DuckDB's plain copy of the same file, and the memory it takes.

Three kinds of run take turns, each in a fresh process after the source has been read once
and everything written before has reached the disk: our import, checked, sealed and
durable; DuckDB's ``COPY`` of a typed ``read_json`` to plain Parquet with its default
codec; the same with ours. The bar is against the faster of the two copies. The store of
the last run is kept for the other benchmarks.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.child import Measured, run_child
from benchmarks.setting import Setting
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_RUNS = 3
_BAR, _BAR_GIB = 1.15, 1.5
_KINDS = {
    "ours": ("import_ours", ()),
    "plain, default (snappy)": ("import_plain", ("",)),
    "plain, zstd level 1": ("import_plain", (", COMPRESSION zstd, COMPRESSION_LEVEL 1",)),
}


def _warm(source: Path) -> None:
    """Bring the source into the page cache, and let everything pending reach the disk."""
    os.sync()
    with source.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def _measure(setting: Setting, folder: Path) -> dict[str, list[Measured]]:
    figures: dict[str, list[Measured]] = {kind: [] for kind in _KINDS}
    for _ in range(_RUNS):
        for kind, (module, options) in _KINDS.items():
            target = folder / module
            shutil.rmtree(target, ignore_errors=True)
            target.unlink(missing_ok=True)
            _warm(setting.source)
            one = run_child(module, str(setting.source), str(target), *options)
            assert one.entries == setting.entries, one
            figures[kind].append(one)
            print(
                f"  {kind}: {one.seconds:.2f} s, {one.cpu_seconds:.2f} s of processor, "
                f"{one.peak_mib:.0f} MiB",
                flush=True,
            )
    return figures


def _keep(setting: Setting, made: Path) -> None:
    shutil.rmtree(setting.store, ignore_errors=True)
    setting.plain.unlink(missing_ok=True)
    made.rename(setting.store)


def main() -> int:
    """Measure in turns, compare medians."""
    setting = Setting.from_command_line(__doc__)
    # Made by a child, so that this process stays small and starts no engine.
    subprocess.run([sys.executable, "-m", "benchmarks.generate", *setting.arguments], check=True)
    with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
        figures = _measure(setting, Path(folder))
        _keep(setting, Path(folder) / "import_ours")
    seconds = {kind: statistics.median(one.seconds for one in runs)
               for kind, runs in figures.items()}  # fmt: skip
    cpu = {kind: statistics.median(one.cpu_seconds for one in runs)
           for kind, runs in figures.items()}  # fmt: skip
    ours = seconds["ours"]
    table(
        ("import", "median s", "processor s", "entries/s", "peak MiB", "ours is", "by processor"),
        [
            (
                kind,
                f"{value:.2f}",
                f"{cpu[kind]:.2f}",
                f"{setting.entries / value:,.0f}",
                f"{max(one.peak_mib for one in figures[kind]):.0f}",
                f"{ours / value:.2f}x",
                f"{cpu['ours'] / cpu[kind]:.2f}x",
            )
            for kind, value in seconds.items()
        ],
    )
    fastest = min(value for kind, value in seconds.items() if kind != "ours")
    peak = max(one.peak_mib for one in figures["ours"]) / 1024
    held = [
        Verdict("import-memory", peak, _BAR_GIB, "GiB").tell(),
        Verdict("import", ours / fastest, _BAR).tell(),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
