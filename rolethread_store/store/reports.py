"""What the store tells of itself, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from rolethread_store.model import Entry

__all__ = [
    "DatasetInfo",
    "DatasetStanding",
    "ExportReport",
    "ImportReport",
    "LogItem",
    "QuarantineNote",
    "RemoteInfo",
    "RenamedDefinition",
    "StoreStatus",
    "StoredEntry",
    "VersionInfo",
    "WorkingCopyInfo",
]


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """One dataset, in numbers.

    Attributes:
        name: Its name.
        dataset_id: Its identity, which a new name does not change.
        entries: Entries in it now.
        quarantined: Records that its imports set aside.
        segments: Files that hold its rows.
        bytes: Size of these files.
        pending: Entries with changes that no checkpoint has folded yet.
        created_at: When it was made (UTC).
        working_copy: The working copy that these numbers are of.
        version: The version it comes from, ``None`` when from none.
        changes: Changes since that version, or all of them.
    """

    name: str
    dataset_id: UUID
    entries: int
    quarantined: int
    segments: int
    bytes: int
    pending: int
    created_at: datetime
    working_copy: str
    version: int | None
    changes: int


@dataclass(frozen=True, slots=True)
class DatasetStanding:
    """Where a dataset stands: its working copy, the version below it, the changes since."""

    dataset: str
    working_copy: str
    version: int | None
    changes: int


@dataclass(frozen=True, slots=True)
class RemoteInfo:
    """A named remote."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store, in numbers.

    Attributes:
        path: Its folder.
        store_id: Its identity.
        format: Version of its format.
        generation: Newest manifest.
        datasets: How many datasets.
        entries: Entries in all of them.
        quarantined: Records set aside in all of them.
        bytes: Size of all segments, those that only history needs included.
        pending: Entries with changes that no checkpoint has folded yet.
        log_files: Files of the change log.
        undoable: What undo would take out, ``None`` when nothing.
        redoable: What redo would put back, ``None`` when nothing.
        remotes: The remotes.
        standings: Working copy and version of each dataset.
    """

    path: Path
    store_id: UUID
    format: int
    generation: int
    datasets: int
    entries: int
    quarantined: int
    bytes: int
    pending: int
    log_files: int
    undoable: str | None
    redoable: str | None
    remotes: tuple[RemoteInfo, ...]
    standings: tuple[DatasetStanding, ...]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry with the name of its dataset."""

    dataset: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A published version.

    Attributes:
        number: From 1, over all working copies of the dataset.
        at: When it was published (UTC).
        message: What was said of it.
        working_copy: The working copy it was published from.
        dataset: The dataset.
        set_id: The record that published it.
    """

    number: int
    at: datetime
    message: str | None
    working_copy: str
    dataset: str
    set_id: UUID


@dataclass(frozen=True, slots=True)
class WorkingCopyInfo:
    """One working copy of a dataset.

    Attributes:
        name: ``main``, or the name it was forked under.
        copy_id: Its identity; the main one's is the dataset's.
        dataset: The dataset.
        version: The version it comes from, ``None`` when from none.
        changes: Changes since.
        source: The working copy it was forked from.
        forked_at: When (UTC).
    """

    name: str
    copy_id: UUID
    dataset: str
    version: int | None
    changes: int
    source: str | None
    forked_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogItem:
    """One record of the history, for people.

    Attributes:
        set_id: Its identity.
        seq: Its number, from 1.
        at: When (UTC).
        kind: ``change``, ``undo`` or ``redo``.
        summary: What was done.
        datasets: Names of the datasets it touched.
        working_copies: Names of the working copies other than the main ones it touched.
        undone: Whether it is out of effect now: undone or reverted.
        target: For undo and redo, the change meant.
        version: Number of the version it published.
        registry: Whether it touched definitions that all datasets share.
    """

    set_id: UUID
    seq: int
    at: datetime
    kind: str
    summary: str
    datasets: tuple[str, ...]
    working_copies: tuple[str, ...]
    undone: bool
    target: UUID | None
    version: int | None = None
    registry: bool = False


@dataclass(frozen=True, slots=True)
class QuarantineNote:
    """Where and why a record was set aside."""

    source: str
    record: int
    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class RenamedDefinition:
    """A definition that came with an import under a key that the store had another one for.

    Attributes:
        kind: ``character``, ``prompt``, …
        key: The key it came with; the store's own definition is as it was.
        new_key: The key it has now.
    """

    kind: str
    key: str
    new_key: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; ``records == kept + duplicates + quarantined`` always.

    Attributes:
        dataset: Where the entries went.
        sources: Names of the files read.
        records: Records found.
        kept: Records that became entries or definitions.
        duplicates: Records of files that this dataset had imported before.
        entries: Entries made; one record may hold several, or none but definitions.
        definitions: Definitions made: characters, prompts, …
        quarantined: Records set aside.
        formats: Entries by the shape they came in.
        quarantine: The first of the records set aside.
        renamed: Definitions that could not keep their key.
        dry_run: Whether nothing was written.
        seconds: How long it took.
        set_id: The change set, ``None`` when nothing was written.
    """

    dataset: str
    sources: tuple[str, ...]
    records: int
    kept: int
    duplicates: int
    entries: int
    definitions: int
    quarantined: int
    formats: dict[str, int]
    quarantine: tuple[QuarantineNote, ...]
    renamed: tuple[RenamedDefinition, ...]
    dry_run: bool
    seconds: float
    set_id: UUID | None


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote, all of it plain text that is not encrypted.

    Attributes:
        path: The file or folder, ``None`` for a stream.
        entries: Entries in it.
        records: Records made of them, usually one of each.
        bytes: Size of the files of records.
        format: The target.
        clean: Whether it holds only what a trainer reads.
        skipped: How many records the target could not carry, by reason.
        files: All files, the manifest included, by their path beside or in ``path``.
    """

    path: Path | None
    entries: int
    records: int
    bytes: int
    format: str
    clean: bool
    skipped: dict[str, int]
    files: tuple[str, ...]
