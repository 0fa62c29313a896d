"""RoleThread Store: a local-first, encrypted document store for conversational datasets.

A **store** is one directory; all of it but a small public header is sealed. A **dataset**
is an ordered collection of **entries**; an entry is one training example, its **messages**
are the turns. Rows live in encrypted Parquet **segments** that DuckDB queries directly.
Every change is a **change set**, one sealed frame in an append-only log; undo and redo
append too. A **checkpoint** folds the log into segments and never changes an answer. A
**remote** holds the same sealed bytes elsewhere.

::

    foreign file ─ formats ─► entry rows ─► segments ─┐
                                                      ├─ published in the sealed manifest
    edit, tag, delete ─ editing ─► change set ─► log ─┴─► journal ─► reader ─► SQL, search,
                                                             │                 page, export
                                                             └─► sync ─► remote ─► restore

The rooms, from the bottom: ``errors`` and ``clock``; ``model``; ``crypto``, ``storage`` and
``engine``; ``segments``, ``changelog`` and ``registry``; ``dataset``; ``query`` and
``editing``; ``formats`` and ``sync``; ``store``; ``cli``. Imports point down only.

    import rolethread_store

    with rolethread_store.open("my-store", passphrase="…") as store:
        tavern = store.dataset("tavern")
        tavern.import_file("drafts.jsonl")
        print(tavern.sql("SELECT count(*) FROM entries").fetchall())
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolethread_store.errors import StoreError
    from rolethread_store.store import Dataset, Store, check_local, detect, verify_roundtrip
    from rolethread_store.store import create_store as create
    from rolethread_store.store import open_store as open
    from rolethread_store.store import restore_store as restore
    from rolethread_store.store import salvage_store as salvage

__all__ = [
    "Dataset",
    "Store",
    "StoreError",
    "__version__",
    "check_local",
    "create",
    "detect",
    "open",
    "restore",
    "salvage",
    "verify_roundtrip",
]

__version__ = "0.1.0"

_PUBLIC = {
    "Dataset": ("rolethread_store.store", "Dataset"),
    "Store": ("rolethread_store.store", "Store"),
    "StoreError": ("rolethread_store.errors", "StoreError"),
    "check_local": ("rolethread_store.store", "check_local"),
    "create": ("rolethread_store.store", "create_store"),
    "detect": ("rolethread_store.store", "detect"),
    "open": ("rolethread_store.store", "open_store"),
    "restore": ("rolethread_store.store", "restore_store"),
    "salvage": ("rolethread_store.store", "salvage_store"),
    "verify_roundtrip": ("rolethread_store.store", "verify_roundtrip"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562): ``--help`` needs no engine."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value
