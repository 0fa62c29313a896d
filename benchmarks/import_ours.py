"""Child of :mod:`benchmarks.importing`: one import into a new store, in a fresh process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.child import report
from benchmarks.setting import DATASET
from benchmarks.stores import new_store
from rolethread_store.cli.main import leave_pandas_out

__all__ = ["main"]


def main() -> int:
    """Import ``argv[1]`` into a store at ``argv[2]``; the key derivation is not counted.

    Without pandas, as the command ``rolethread`` does it.
    """
    leave_pandas_out()
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    store = new_store(target)
    started = time.perf_counter()
    outcome = store.dataset(DATASET).import_file(source)
    store.close()
    report(time.perf_counter() - started, outcome.entries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
