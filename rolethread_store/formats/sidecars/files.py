"""Sidecars on disk: read whole, and written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rolethread_store.errors import Conflict, NotFound
from rolethread_store.formats.placing import OutputExists
from rolethread_store.formats.sidecars.reading import read_sidecar
from rolethread_store.formats.sidecars.sidecar import (
    Sidecar,
    SidecarTooNew,
    SidecarUnreadable,
)
from rolethread_store.formats.sinks import OutputUnwritable

__all__ = ["SidecarForeign", "SidecarMissing", "load_sidecar", "save_sidecar"]

# A million mapped turns take a tenth of it.
_LARGEST = 1 << 30


class SidecarMissing(NotFound):
    """There is no such file."""

    code: ClassVar[str] = "formats.sidecar-missing"


class SidecarForeign(Conflict):
    """The sidecar belongs to another dataset, or to another program."""

    code: ClassVar[str] = "formats.sidecar-foreign"


def load_sidecar(path: Path) -> Sidecar:
    """Read a sidecar from a file, which is only read.

    Raises:
        SidecarMissing: it is not there.
        SidecarUnreadable: it cannot be read, or is no sidecar.
        SidecarTooNew: its schema is newer than what is known here.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SidecarUnreadable(f"{path} is larger than a sidecar can be")
        data = path.read_bytes()
    except FileNotFoundError:
        raise SidecarMissing(f"{path} is not there") from None
    except OSError as error:
        raise SidecarUnreadable(f"{path} cannot be read: {error.strerror}") from None
    return read_sidecar(data)


def save_sidecar(path: Path, data: bytes, dataset_uuid: str, *, force: bool = False) -> None:
    """Write the bytes of a sidecar; a file of another dataset or program is never replaced.

    Args:
        path: The file to make; its folder must exist.
        data: What to write.
        dataset_uuid: The dataset it is of.
        force: Replace a sidecar of the same dataset.

    Raises:
        OutputExists: the file is there, and ``force`` is not set.
        SidecarForeign: what is there is not a sidecar of this dataset.
        OutputUnwritable: the disk refuses.
    """
    if path.is_dir():
        raise OutputExists(f"{path} is a folder", hint="name a file to write")
    if path.exists():
        if not force:
            raise OutputExists(f"{path} is already there", hint="use --force to replace it")
        _require_own(path, dataset_uuid)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as output:
            output.write(data)
            output.flush()
            os.fsync(output.fileno())
        part.replace(path)
    except OSError as error:
        raise OutputUnwritable(
            f"{path} cannot be written: {error.strerror}",
            hint="check that the folder exists, may be written to, and has room",
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _require_own(path: Path, dataset_uuid: str) -> None:
    hint = "nothing was written; name another file, or move this one away"
    try:
        there = load_sidecar(path).identity.dataset_uuid
    except (SidecarUnreadable, SidecarTooNew) as error:
        raise SidecarForeign(f"{path} holds something else: {error}", hint=hint) from None
    if there != dataset_uuid:
        raise SidecarForeign(f"{path} is the sidecar of dataset {there}", hint=hint)
