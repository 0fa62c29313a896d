"""Measure every bar, one benchmark after another, and print the verdicts together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.setting import Setting

__all__ = ["main"]

# Importing comes first: the others use the store that its last run leaves.
_NAMES = (
    "help_time",
    "importing",
    "exporting",
    "queries",
    "pending",
    "editing",
    "undoing",
    "opening",
    "tagging",
    "checkpointing",
    "recovering",
    "rekeying",
    "growth",
)
_MARKS = ("RATIO ", "VALUE ")


def _run(name: str, setting: Setting) -> tuple[list[str], int]:
    """Run one benchmark, passing its output on; return its verdicts and exit code."""
    arguments = [] if name == "help_time" else setting.arguments
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    root = Path(__file__).resolve().parents[1]
    verdicts = []
    print(f"\n== {name}", flush=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            if line.startswith(_MARKS):
                verdicts.append(line.rstrip())
    if not verdicts:
        verdicts.append(f"FAILED {name} ended with {running.returncode}")
    return verdicts, running.returncode


def main() -> int:
    """Run all; the exit code is 1 when a bar is missed or a benchmark fails."""
    setting = Setting.from_command_line(__doc__)
    outcomes = [_run(name, setting) for name in _NAMES]
    print(f"\n== verdicts at {setting.entries:,} entries")
    for verdicts, _ in outcomes:
        print("\n".join(verdicts))
    return 1 if any(code for _, code in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
