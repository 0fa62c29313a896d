"""Child of :mod:`benchmarks.opening`: open a store once and print milliseconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from unittest import mock

_BEGAN = time.perf_counter()

import rolethread_store  # noqa: E402 - loading it is one of the figures
from benchmarks.setting import PASSPHRASE  # noqa: E402
from rolethread_store.crypto import KdfParams, Secret, stretch  # noqa: E402

__all__ = ["main"]


def main() -> int:
    """Open the store at ``argv[1]`` and count its entries."""
    open_store = rolethread_store.open
    modules = time.perf_counter() - _BEGAN
    derivations: list[float] = []

    def timed_stretch(passphrase: str, params: KdfParams) -> Secret:
        started = time.perf_counter()
        try:
            return stretch(passphrase, params)
        finally:
            derivations.append(time.perf_counter() - started)

    with mock.patch("rolethread_store.crypto.keyslots.stretch", timed_stretch):
        started = time.perf_counter()
        store = open_store(Path(sys.argv[1]), PASSPHRASE)
        opened = time.perf_counter() - started
        store.sql("SELECT count(*) FROM entries").fetchall()
        counted = time.perf_counter() - started
    store.close()
    assert derivations, "the key derivation was not seen"
    kdf = sum(derivations)
    figures = {"modules": modules, "kdf": kdf, "open": opened - kdf, "counted": counted - kdf}
    print(json.dumps({name: value * 1e3 for name, value in figures.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
