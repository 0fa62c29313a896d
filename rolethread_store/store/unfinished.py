"""What the making of a store leaves when it is cut short, and its removal.

The header is written last, and no entry can be in a store without log and segments. So a
folder with key slots and the first manifest, and nothing else, never was a store.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rolethread_store.errors import Conflict
from rolethread_store.storage import Disk, Layout

__all__ = ["StoreThere", "clear_unfinished", "is_unfinished"]


class StoreThere(Conflict):
    """Another process made a store in this folder meanwhile."""

    code: ClassVar[str] = "store.made-meanwhile"


def is_unfinished(layout: Layout) -> bool:
    """Return whether a new store may be made in a folder that is there already."""
    if not layout.root.is_dir():
        return False
    for path in layout.root.iterdir():
        if path in (layout.lock, layout.lock_info):
            continue
        if path not in layout.folders or path.is_symlink() or not path.is_dir():
            return False
        if not all(_is_leftover(layout, item) for item in path.iterdir()):
            return False
    return True


def clear_unfinished(layout: Layout, disk: Disk) -> None:
    """Remove what was left; only for the holder of the writer lock.

    Raises:
        StoreThere: it is a store by now.
    """
    if not is_unfinished(layout):
        raise StoreThere(f"a store was made in {layout.root} just now", hint="open it")
    for folder in (layout.staging, layout.manifests, layout.keys):
        if folder.is_dir() and (names := disk.list(folder)):
            for name in names:
                disk.remove(folder / name)
            disk.sync_folder(folder)


def _is_leftover(layout: Layout, path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if path.parent == layout.keys:
        return layout.slot_of(path.name) is not None
    if path.parent == layout.manifests:
        return layout.generation_of(path.name) == 1
    return path.parent == layout.staging and path.suffix == ".part"
