"""The command ``doctor``: is this machine, and the store's folder, fit for work?

It needs no passphrase and changes nothing in the store.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import ClassVar

import typer

from rolethread_store.cli import output
from rolethread_store.cli.exit_codes import exit_code_of
from rolethread_store.cli.opening import NoStoreThere, store_path
from rolethread_store.cli.options import JsonOption, given
from rolethread_store.cli.usage import example
from rolethread_store.clock import SystemClock
from rolethread_store.dataset.header import StoreHeader
from rolethread_store.engine import Session, SessionFolders, literal
from rolethread_store.errors import Denied, StoreError, Unavailable, Unsupported
from rolethread_store.storage import Layout, WriterLock

__all__ = [
    "Check",
    "DiskNearlyFull",
    "EncryptionUntrusted",
    "PythonTooOld",
    "StoreExposed",
    "app",
]

app = typer.Typer(rich_markup_mode=None)

_EXTRAS = {
    "s3": "s3fs",
    "sftp": "sshfs",
    "webdav": "webdav4",
    "pandas": "pandas",
    "polars": "polars",
    "keyring": "keyring",
}
_OLDEST_PYTHON = (3, 11)
# A checkpoint writes new segments before it drops the old ones.
_LEAST_FREE_BYTES = 500_000_000


class PythonTooOld(Unsupported):
    """This Python lacks what the program uses."""

    code: ClassVar[str] = "cli.python-too-old"


class EncryptionUntrusted(Unsupported):
    """An encrypted file that was written for a test was not sealed, or did not come back."""

    code: ClassVar[str] = "cli.encryption-untrusted"


class StoreExposed(Denied):
    """The store's folder has permissions that are too wide, or too narrow."""

    code: ClassVar[str] = "cli.store-exposed"


class DiskNearlyFull(Unavailable):
    """There is little room left where the store lies."""

    code: ClassVar[str] = "cli.disk-nearly-full"


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found.

    Attributes:
        name: What was looked at.
        detail: What was seen.
        error: Why it is not well, or ``None``.
    """

    name: str
    detail: str
    error: StoreError | None = None


@app.command(epilog=example("rolethread doctor", "rolethread doctor --json"))
def doctor(ctx: typer.Context, json: JsonOption = False) -> None:
    """Check this machine and the store's folder.

    It needs no passphrase. The exit code is that of the first thing that is not well.
    """
    checks = list(_checks(store_path(given(ctx))))
    wrong = [check for check in checks if check.error is not None]
    if json:
        output.write_json({"ok": not wrong, "checks": [_shape(check) for check in checks]})
    else:
        for check in checks:
            _tell(check)
    if wrong and wrong[0].error is not None:
        raise typer.Exit(exit_code_of(wrong[0].error))


def _shape(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "ok": check.error is None,
        "detail": check.detail if check.error is None else str(check.error),
        "hint": None if check.error is None else check.error.hint,
        "code": None if check.error is None else check.error.code,
    }


def _tell(check: Check) -> None:
    if check.error is None:
        output.write(f"ok    {check.name:<12} {check.detail}")
        return
    output.write(f"FAIL  {check.name:<12} {check.error}")
    if check.error.hint:
        output.write(f"{'':<18} {check.error.hint}")


def _checks(path: Path) -> Iterator[Check]:
    layout = Layout(path)
    looks: dict[str, Callable[[], str]] = {
        "python": _python,
        "duckdb": _duckdb,
        "encryption": _encryption,
        "extras": _extras,
        "store": lambda: _store(layout),
    }
    if layout.header.exists():
        looks |= {
            "permissions": lambda: _permissions(layout),
            "writer": lambda: _writer(layout),
        }
    looks["space"] = lambda: _space(path)
    for name, look in looks.items():
        try:
            yield Check(name, look())
        except StoreError as error:
            yield Check(name, "", error)


def _python() -> str:
    found = platform.python_version()
    if tuple(map(int, platform.python_version_tuple()[:2])) < _OLDEST_PYTHON:
        raise PythonTooOld(f"Python {found} is too old", hint="install Python 3.11 or later")
    return f"{found} on {platform.system()} {platform.machine()}"


def _duckdb() -> str:
    engine = importlib.metadata.version("duckdb")
    return f"{engine}, OpenSSL module {importlib.metadata.version('duckdb-extension-httpfs')}"


def _encryption() -> str:
    """Write a sealed file, look that it is sealed, and read it back.

    Raises:
        EncryptionUntrusted: the words can be read in the file, or did not come back.
    """
    marker = "a-lantern-in-the-fog"
    with tempfile.TemporaryDirectory(prefix="rolethread-doctor-") as name:
        folder = Path(name)
        target = folder / "test.parquet"
        session = Session(SessionFolders(readable=(folder,), spill=folder / "spill"))
        try:
            session.add_key("doctor", os.urandom(32))
            sealed = "ENCRYPTION_CONFIG {footer_key: 'doctor'}"
            place = literal(str(target))
            session.execute(
                f"COPY (SELECT {literal(marker)} AS words) TO {place} (FORMAT parquet, {sealed})"
            )
            came_back = session.value(
                f"SELECT words FROM read_parquet({place}, "
                "encryption_config = {footer_key: 'doctor'})"
            )
        finally:
            session.close()
        if came_back != marker or marker.encode() in target.read_bytes():
            raise EncryptionUntrusted(
                "encrypted Parquet does not work on this machine",
                hint="do not store anything; please report this",
            )
    return "a sealed file was written and read back"


def _extras() -> str:
    # Asks the disk, for what the command has left out of this process is installed all the same.
    found = [name for name, module in _EXTRAS.items() if PathFinder.find_spec(module)]
    return ", ".join(found) or "none (they add remotes and data frames: s3, sftp, webdav, …)"


def _store(layout: Layout) -> str:
    if not layout.header.exists():
        raise NoStoreThere(f"there is no store at {layout.root}", hint="rolethread init")
    header = StoreHeader.decode(layout.header.read_bytes())
    return f"{layout.root} (format {header.version}, id {header.store_id})"


def _permissions(layout: Layout) -> str:
    if not os.access(layout.root, os.R_OK | os.X_OK):
        raise StoreExposed(f"{layout.root} cannot be read by you")
    if os.name == "posix" and layout.root.stat().st_mode & 0o077:
        raise StoreExposed(
            f"{layout.root} can be entered by other users (its contents stay sealed)",
            hint=f"chmod 700 {layout.root}",
        )
    return "read and write" if os.access(layout.root, os.W_OK) else "read only"


def _writer(layout: Layout) -> str:
    """Say whether somebody is writing; being written to is no fault of the store."""
    if not os.access(layout.root, os.W_OK):
        return "the folder is read only"
    lock = WriterLock(layout, SystemClock())
    try:
        with lock:
            return "nobody is writing"
    except StoreError as error:
        return str(error)


def _space(path: Path) -> str:
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < _LEAST_FREE_BYTES:
        raise DiskNearlyFull(
            f"only {output.size(free)} are free at {place}", hint="make room before an import"
        )
    return f"{output.size(free)} free"
