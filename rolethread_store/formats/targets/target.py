"""What a target is: SQL that turns entries into its records, and the files around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Companions", "FileNote", "Rows", "Target", "many", "single"]


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file of records that was written, as the files beside it speak of it.

    Attributes:
        name: Its name, in the folder of the export.
        split: The split it holds, ``None`` when the export is not split.
        entries: Entries in it.
        records: Records in it.
        bytes: Its size.
        sha256: Digest of its bytes, in hex.
    """

    name: str
    split: str | None
    entries: int
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """SQL over the columns of entries.

    Attributes:
        steps: Columns to have before the others, each step over the one before: name to SQL.
        text: The entry's records as text with the last line's feed, for targets of text.
        records: How many records that text holds.
        reason: Why the target cannot carry the entry, ``NULL`` when it can.
        columns: The columns of targets that are tables, by name.
    """

    text: str = "NULL"
    records: str = "1"
    reason: str = "NULL"
    steps: tuple[Mapping[str, str], ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


Companions = Callable[[str, Sequence[FileNote]], Mapping[str, str]]


def _alone(_name: str, _files: Sequence[FileNote]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to export to.

    Attributes:
        name: Its name on the command line.
        title: What it is, in a few words.
        rows: Its SQL.
        schema: What a record looks like, for the manifest.
        ending: Of its files, with the dot.
        folder: Whether it is a folder of files rather than a file.
        folder_file: Gives the path of a split's file in the folder, from the export's name
            and the split.
        header: Bytes before the first record of every file.
        companions: Gives files to write beside the records, by name, from the export's name
            and the files.
        splits: The splits it knows, empty for any.
        loaded: Whether its trainer reads the lines with Hugging Face's ``load_dataset``, and
            they have fields that some records lack.
    """

    name: str
    title: str
    rows: Rows
    schema: Mapping[str, Any]
    ending: str = ".jsonl"
    folder: bool = False
    folder_file: Callable[[str, str | None], str] = lambda name, split: f"{split or name}.jsonl"
    header: bytes = b""
    companions: Companions = _alone
    splits: tuple[str, ...] = ()
    loaded: bool = False


def single(record: str, reason: str, *steps: Mapping[str, str]) -> Rows:
    """Return the rows of a target with one line of JSON for each entry.

    Args:
        record: SQL for the record.
        reason: SQL for why there is none.
        steps: Columns that both use.
    """
    return Rows(text=f"{record} || chr(10)", reason=reason, steps=steps)


def many(records: str, reason: str, *steps: Mapping[str, str]) -> Rows:
    """Return the rows of a target with any number of lines for each entry.

    Args:
        records: SQL for the list of records.
        reason: SQL for why there are none, beside the list being empty: the last resort.
        steps: Columns that both use.
    """
    return Rows(
        text="array_to_string(records, chr(10)) || chr(10)",
        records="len(records)",
        reason=reason,
        steps=(*steps, {"records": records}),
    )
