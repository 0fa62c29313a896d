"""From the options that were typed to an open store."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import platformdirs
import typer

import rolethread_store
from rolethread_store.cli import output
from rolethread_store.cli.options import Given, given
from rolethread_store.cli.secrets import Unlocking, surrounding, typed
from rolethread_store.cli.usage import UsageProblem
from rolethread_store.crypto import SlotKind, WrongKeyringKey, read_slot_header
from rolethread_store.dataset import present_layout
from rolethread_store.errors import InvalidInput, NotFound, StoreError
from rolethread_store.storage import SystemKeyringMissing, SystemKeyringUnavailable

if TYPE_CHECKING:
    from rolethread_store.store import Dataset, Store

__all__ = ["DatasetUnnamed", "NoStoreThere", "dataset_of", "opened", "store_path"]


class DatasetUnnamed(InvalidInput):
    """The command is about one dataset, and it is open which."""

    code: ClassVar[str] = "cli.dataset-unnamed"


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


def _working_copy(options: Given) -> str | None:
    """Return the working copy to work in: as typed, or from the environment."""
    return options.working_copy or os.environ.get("ROLETHREAD_WORKING_COPY") or None


def dataset_of(store: Store, name: str | None) -> Dataset:
    """Return the dataset that was named; the only one of a store need not be.

    Raises:
        DatasetUnnamed: none was named, and the store has none or several.
    """
    if name is not None:
        return store.dataset(name)
    names = store.dataset_names()
    if len(names) != 1:
        raise DatasetUnnamed(
            "say which dataset: --dataset NAME",
            hint=f"datasets: {', '.join(names) or 'none yet'}",
        )
    output.say(f"dataset: {names[0]}")
    return store.dataset(names[0])


@contextmanager
def opened(ctx: typer.Context, *, memory_limit: str | None = None) -> Iterator[Store]:
    """Open the store that was asked for, and close it at the end.

    Args:
        ctx: Knows what was typed.
        memory_limit: What a query may take, in DuckDB's notation.

    Raises:
        NoStoreThere: there is none; found out before anybody types a passphrase.
        UsageProblem: the time to wait is none.
        StoreError: whatever opening or unlocking raises.
    """
    options = given(ctx)
    path = store_path(options)
    if not (path / "STORE").exists():
        raise NoStoreThere(
            f"there is no store at {path}",
            hint="make one with: rolethread init (--store says where)",
        )
    waiting = options.wait or 0.0
    if not 0 <= waiting < math.inf:
        raise UsageProblem("--wait takes a number of seconds, 0 or more")
    with _unlocked(path, options, memory_limit) as store:
        yield store


def _unlocked(path: Path, options: Given, memory_limit: str | None) -> Store:
    """Open with what was typed, else with the keyring, else with what is around."""
    secret = typed(options)
    if secret is None and _has_keyring_slot(path):
        try:
            return _open(path, Unlocking(keyring=True), options, memory_limit)
        except (SystemKeyringMissing, SystemKeyringUnavailable, WrongKeyringKey) as error:
            # Another machine, or no desktop: the store has other ways in.
            output.say(f"note: the system keyring was not used: {error}")
            if error.hint and isinstance(error, SystemKeyringMissing):
                output.say(f"hint: {error.hint}")
    return _open(path, secret or surrounding(), options, memory_limit)


def _open(path: Path, secret: Unlocking, options: Given, memory_limit: str | None) -> Store:
    return rolethread_store.open(
        path,
        secret.passphrase,
        recovery_code=secret.recovery_code,
        key_file=secret.key_file,
        keyring=secret.keyring,
        wait=options.wait or 0.0,
        memory_limit=memory_limit,
        working_copy=_working_copy(options),
    )


def _has_keyring_slot(path: Path) -> bool:
    """Say whether the store's owner asked for the keyring; reads the slots' headers alone."""
    keys = present_layout(path).keys
    for slot in keys.glob("*.slot"):
        try:
            if read_slot_header(slot.read_bytes()).kind is SlotKind.KEYRING:
                return True
        except (StoreError, OSError):
            continue  # Opening tells what is wrong with it, if it matters.
    return False
