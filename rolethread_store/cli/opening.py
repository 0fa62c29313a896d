"""From the options that were typed to an open store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import platformdirs
import typer

import rolethread_store
from rolethread_store.cli.options import Given, given
from rolethread_store.cli.secrets import unlocking
from rolethread_store.errors import NotFound

if TYPE_CHECKING:
    from rolethread_store.store import Store

__all__ = ["NoStoreThere", "opened", "store_path"]


class NoStoreThere(NotFound):
    """The folder holds no store."""

    code: ClassVar[str] = "cli.no-store"


def store_path(options: Given) -> Path:
    """Return the store's folder: as typed, from the environment, or the user's default."""
    if options.store is not None:
        return options.store
    if named := os.environ.get("ROLETHREAD_STORE"):
        return Path(named)
    return platformdirs.user_data_path("rolethread", appauthor=False) / "store"


@contextmanager
def opened(ctx: typer.Context, *, memory_limit: str | None = None) -> Iterator[Store]:
    """Open the store that was asked for, and close it at the end.

    Args:
        ctx: Knows what was typed.
        memory_limit: What a query may take, in DuckDB's notation.

    Raises:
        NoStoreThere: there is none; found out before anybody types a passphrase.
        StoreError: whatever opening or unlocking raises.
    """
    options = given(ctx)
    path = store_path(options)
    if not (path / "STORE").exists():
        raise NoStoreThere(
            f"there is no store at {path}",
            hint="make one with: rolethread init (--store says where)",
        )
    secret = unlocking(options)
    with rolethread_store.open(
        path,
        secret.passphrase,
        recovery_code=secret.recovery_code,
        wait=options.wait or 0.0,
        memory_limit=memory_limit,
    ) as store:
        yield store
