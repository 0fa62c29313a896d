"""Time ``rolethread --help``, the least that every command pays."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_RUNS = 10
_BAR_SECONDS = 0.25


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> int:
    """Run both commands in turn and compare medians."""
    script = Path(sys.executable).with_name("rolethread")
    module = [sys.executable, "-m", "rolethread_store.cli"]
    ours = [str(script), "--help"] if script.exists() else [*module, "--help"]
    bare = [sys.executable, "-c", "pass"]
    for command in (ours, bare):
        _seconds(command)
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(_RUNS)]
    helped, passed = (statistics.median(column) for column in zip(*pairs, strict=True))
    table(
        ("command", "median ms"),
        [
            ("rolethread --help", f"{helped * 1e3:.0f}"),
            ("python -c pass", f"{passed * 1e3:.0f}"),
        ],
    )
    return 0 if Verdict("help", helped, _BAR_SECONDS, "s").tell() else 1


if __name__ == "__main__":
    sys.exit(main())
