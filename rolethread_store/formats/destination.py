"""Which files an export makes, and where they go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from rolethread_store.errors import InvalidInput
from rolethread_store.formats.placing import (
    MANIFEST,
    FilePlaces,
    FolderPlace,
    Places,
    StreamPlace,
    manifest_path,
)
from rolethread_store.formats.splitting import Splits, SplitsUnclear
from rolethread_store.formats.targets import FileNote, Target

__all__ = ["Destination", "StreamUnfit", "destination_of"]


class StreamUnfit(InvalidInput):
    """What is to be written is not one stream."""

    code: ClassVar[str] = "formats.stream-unfit"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an export goes.

    Attributes:
        places: Makes the files and lets them appear.
        files: Name of each file of records with the split it holds.
        manifest: Name of the manifest, ``None`` for none.
        name: What the files around the records call the export.
        shown: What to call it in a message.
    """

    places: Places
    files: tuple[tuple[str, str | None], ...]
    manifest: str | None
    name: str
    shown: str

    def companions(self, target: Target, notes: Sequence[FileNote]) -> Mapping[str, str]:
        """Return the files beside the records; a stream has none."""
        return {} if isinstance(self.places, StreamPlace) else target.companions(self.name, notes)


def destination_of(
    output: Path | BinaryIO,
    target: Target,
    splits: Splits | None,
    *,
    name: str = "",
    force: bool = False,
    manifest: bool = True,
) -> Destination:
    """Say which files are made, after looking that none is in the way.

    Args:
        output: File or folder to make, or an open stream.
        target: What is written.
        splits: One file for each, ``None`` for one in all.
        name: The dataset's, for folders.
        force: Replace what is there.
        manifest: Whether there is one.

    Raises:
        StreamUnfit: a stream cannot take several files.
        SplitsUnclear: the target does not know a split of that name.
        OutputExists: something is in the way.
    """
    _check_splits(target, splits)
    names: tuple[str | None, ...] = (None,) if splits is None else splits.names
    if not isinstance(output, Path):
        if target.folder or splits is not None:
            raise StreamUnfit(
                f"{target.name} makes several files, which one stream cannot take"
                if target.folder
                else "several splits are several files, which one stream cannot take",
                hint="name a file or folder instead of -",
            )
        return Destination(StreamPlace(output), (("-", None),), None, name, "standard output")
    if target.folder:
        plain = re.sub(r"[^\w.-]+", "_", name).strip("._") or "dataset"
        files = tuple((target.folder_file(plain, split), split) for split in names)
        if len({file for file, _ in files}) < len(files):
            raise SplitsUnclear(f"{target.name} has one file for two of these splits")
        return Destination(
            FolderPlace(output, force=force), files, MANIFEST, name or plain, str(output)
        )
    files = tuple((_split_name(output, split), split) for split in names)
    notes = [FileNote(file, split, 0, 0, 0, "") for file, split in files]
    others = [*target.companions(output.stem, notes), *([manifest_path(output).name] * manifest)]
    places = FilePlaces(output.parent, [*(file for file, _ in files), *others], force=force)
    record = manifest_path(output).name if manifest else None
    return Destination(places, files, record, output.stem, str(output))


def _check_splits(target: Target, splits: Splits | None) -> None:
    for split in () if splits is None or not target.splits else splits.names:
        if split not in target.splits:
            raise SplitsUnclear(
                f"{target.name} knows no split {split!r}",
                hint=f"it reads: {', '.join(target.splits)}",
            )


def _split_name(path: Path, split: str | None) -> str:
    return path.name if split is None else f"{path.stem}-{split}{path.suffix}"
