"""Opening after the writer was killed in the middle of its edits."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.setting import Setting
from benchmarks.stores import lent_store, open_store
from benchmarks.verdict import Verdict, table

__all__ = ["main"]

_ROUNDS = 5
_BAR_SECONDS = 1.0
_WRITER = """
import sys
from pathlib import Path
from benchmarks.stores import open_store
store = open_store(Path(sys.argv[1]))
ids = [row[0] for row in store.sql("SELECT entry_id FROM entries LIMIT 5000").fetchall()]
for number in range(10**9):
    store.edit(ids[number % len(ids)], message=1, content=f"edit {number}")
    print(number, flush=True)
"""


def _killed(path: Path, edits: int) -> int:
    """Kill a writer after some edits and return the number of the last one it acknowledged."""
    command = [sys.executable, "-c", _WRITER, str(path)]
    last = -1
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            last = int(line)
            if last == edits:
                writer.kill()
    return last


def main() -> int:
    """Kill, then open and write: what recovery there is happens by itself there."""
    setting = Setting.from_command_line(__doc__)
    rows, taken = [], []
    with lent_store(setting) as path:
        for number in range(1, _ROUNDS + 1):
            last = _killed(path, 400 * number)
            started = time.perf_counter()
            with open_store(path) as store:
                newest = store.log(limit=1)[0]
                store.add_remote(f"remote {number}", f"memory://remote-{number}")
                taken.append(time.perf_counter() - started)
            rows.append((str(number), str(last), str(newest.seq), f"{taken[-1]:.2f}"))
    table(("round", "last acknowledged", "records found", "seconds to open and write"), rows)
    return 0 if Verdict("recovery-slowest", max(taken), _BAR_SECONDS, "s").tell() else 1


if __name__ == "__main__":
    sys.exit(main())
