"""A measured process: it prints one line of JSON, and its parent reads it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Measured", "report", "run_child"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a child measured.

    Attributes:
        seconds: Of the work, without starting Python.
        entries: What it worked on.
        cpu_seconds: Of processor time on all cores, starting Python included; other
            programs disturb it less than ``seconds``.
        peak_mib: Most memory it had resident.
    """

    seconds: float
    entries: int
    cpu_seconds: float
    peak_mib: float


def report(seconds: float, entries: int) -> None:
    """Print this process's figures for :func:`run_child`."""
    figures = Measured(seconds, entries, time.process_time(), _peak_mib())
    print(json.dumps(asdict(figures)))


def run_child(module: str, *arguments: str) -> Measured:
    """Run a module of the benchmarks as a child and return its figures."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _peak_mib() -> float:
    # Linux's ru_maxrss begins with what the parent had resident when it forked; VmHWM is
    # of the memory map that exec made, so of this program alone.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
