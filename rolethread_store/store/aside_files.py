"""What was set aside, written to a file for other programs to mend."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rolethread_store.formats import OutputExists, OutputUnwritable
from rolethread_store.query import QuarantinedRecord

__all__ = ["write_quarantine"]


def write_quarantine(
    records: Iterable[QuarantinedRecord], path: Path, *, as_json: bool, force: bool
) -> int:
    """Write records in their order and return how many; the file appears whole or not at all.

    Args:
        records: The records.
        path: The file to make; its folder must exist.
        as_json: Write a line of JSON for each, with its place and reason; else its bytes and
            a line feed.
        force: Replace a file that is there.

    Raises:
        OutputExists: the file is there and ``force`` is not set.
        OutputUnwritable: the disk refuses.
    """
    if path.is_dir():
        raise OutputExists(f"{path} is a folder", hint="name a file to write")
    if path.exists() and not force:
        raise OutputExists(f"{path} is already there", hint="use --force to replace it")
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with part.open("wb") as output:
            for record in records:
                output.write((_line(record) if as_json else record.raw) + b"\n")
                count += 1
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
    return count


def _line(record: QuarantinedRecord) -> bytes:
    shown = {
        "id": record.record_id,
        "dataset": record.dataset,
        "source": record.source,
        "record": record.record,
        "offset": record.offset,
        "reason": record.reason,
    }
    try:
        shown["raw"] = record.raw.decode()
    except UnicodeDecodeError:
        shown["raw_base64"] = base64.b64encode(record.raw).decode("ascii")
    return json.dumps(shown, ensure_ascii=False).encode()
