"""What users may import: a name enters or leaves here on purpose, or not at all."""

from __future__ import annotations

import rolethread_store

PUBLIC = [
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


def test_public_names_are_pinned() -> None:
    assert rolethread_store.__all__ == PUBLIC


def test_public_names_exist() -> None:
    assert [name for name in PUBLIC if not hasattr(rolethread_store, name)] == []


def test_an_unknown_name_is_refused() -> None:
    assert not hasattr(rolethread_store, "no_such_name")
