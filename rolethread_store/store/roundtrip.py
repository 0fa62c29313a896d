"""Proving that a file comes out of a store as it went in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Unpack, cast

from rolethread_store.crypto import floor_params
from rolethread_store.formats import (
    Difference,
    Expected,
    NotKept,
    SourceComparison,
    SourceFile,
    find_sources,
)
from rolethread_store.model import ProgressListener, unheard
from rolethread_store.store.bringing import ImportOptions, import_order
from rolethread_store.store.exacting import framings
from rolethread_store.store.store import Store, create_store

__all__ = ["RoundTrip", "verify_roundtrip"]


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What became of a file that went into a store and came out again.

    Attributes:
        source: The file.
        records: Records in it.
        kept: Those that became entries or definitions.
        quarantined: Those that were set aside, whose bytes quarantine holds.
        definitions: Records that became definitions alone, which no export writes.
        bytes: Bytes that came out as the file has them.
        exact: Whether that is all of the file, but for records set aside and definitions.
        difference: The first difference, ``None`` without one.
        reason: Why nothing could be compared, ``None`` if it could.
    """

    source: str
    records: int
    kept: int
    quarantined: int
    definitions: int
    bytes: int
    exact: bool
    difference: Difference | None
    reason: str | None


def verify_roundtrip(
    *paths: str | Path, progress: ProgressListener = unheard, **options: Unpack[ImportOptions]
) -> list[RoundTrip]:
    """Import files into a store made for this alone, export them exactly, and compare.

    The store is encrypted under a passphrase that nobody knows, in the system's folder for
    temporary files, and is gone afterwards; what is compared is never written.

    Args:
        paths: Files, patterns or URLs.
        progress: Hears of bytes read.
        options: How the files are to be read; see :class:`ImportOptions`.

    Returns:
        One for each file, in order.

    Raises:
        NotFound: a file is not there.
        InvalidInput: a file cannot be read.
    """
    reading = import_order(options).reading
    with TemporaryDirectory(prefix="rolethread-") as folder:
        nobody = secrets.token_urlsafe(32)
        with create_store(Path(folder) / "store", passphrase=nobody, kdf=floor_params()) as store:
            return [
                _there_and_back(store, number, source, options, progress)
                for number, source in enumerate(find_sources(paths, reading))
            ]


def _there_and_back(
    store: Store,
    number: int,
    source: SourceFile,
    options: ImportOptions,
    progress: ProgressListener,
) -> RoundTrip:
    dataset = store.dataset(f"file {number}")
    order: ImportOptions = {**options, "exact": True}
    report = dataset.import_files([source], progress=progress, **order)
    numbers = [
        int(number)
        for (number,) in dataset.sql("SELECT DISTINCT origin.record FROM entries").fetchall()
    ]
    whole = len(numbers) == report.records
    known = framings(store._parts.journal.fold_named(dataset.name))
    between = next((one.between for one in known.values() if one is not None), "")
    comparison = SourceComparison(Expected(source, None if whole else numbers, between))
    reason = None
    try:
        dataset.export_exact(cast("BinaryIO", comparison))
        comparison.end()
    except NotKept as error:
        reason = str(error)
    return RoundTrip(
        source=source.name,
        records=report.records,
        kept=report.kept,
        quarantined=report.quarantined,
        definitions=report.kept - len(numbers),
        bytes=comparison.same,
        exact=reason is None and comparison.difference is None,
        difference=comparison.difference,
        reason=reason,
    )
